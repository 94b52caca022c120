"""A campaign that somebody is still writing: as much of its file as there is, and how far they are."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Sketch(SQLModel, table=True):
    """Times are epoch milliseconds.

    `content` is a part of a `CampaignFile` as JSON; its `list` is an upload's id or `@contacts`. `step` counts from 0.
    `version` rises with every save, so that two who write at once notice. `campaign` is the ref of the draft that it
    became, once somebody has looked at its plan.
    """

    ref: str = Field(primary_key=True)
    content: str
    step: int = 0
    version: int = 1
    campaign: str | None = None
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)
    updated_by: str
