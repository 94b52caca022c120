"""What happened to a campaign or page, one sentence a row: the report's timeline and the audit of verbs."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Event(SQLModel, table=True):
    """`kind` is a dotted name (`campaign.paused`, `page.parked`); `actor` is who did it (`cli:ann@host`, `worker`)."""

    id: int | None = Field(default=None, primary_key=True)
    at: int = Field(sa_type=BigInteger, index=True)
    campaign_id: int | None = Field(default=None, index=True)
    page_id: int | None = None
    kind: str
    actor: str
    sentence: str
