"""A campaign: one message, one list, one schedule."""

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

from schemas.campaign_state import CampaignState

__all__ = ["Campaign", "CampaignState"]

_ZERO = {"server_default": "0"}


class Campaign(SQLModel, table=True):
    """Times are epoch milliseconds. `spec`, `message` are JSON; neither ever holds a secret.

    `fingerprint` is the hash of message, list content and accounts by which `run` knows its campaign again.
    `first_id` and `last_id` bound the campaign's rows in the ledger.
    """

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(unique=True)
    name: str = Field(index=True)
    """As people see it: the file's name, with " #2" where an earlier run had the same."""
    title: str = Field(index=True)
    """The name in the campaign file."""
    fingerprint: str
    state: CampaignState = Field(default=CampaignState.DRAFT, sa_type=String)
    sentence: str = ""
    spec: str
    message: str
    list_id: str = Field(foreign_key="recipient_list.id")
    rate: float | None = None
    margin_ms: int = Field(default=300_000, sa_type=BigInteger)
    total: int = 0
    first_id: int | None = Field(default=None, sa_type=BigInteger)
    last_id: int | None = Field(default=None, sa_type=BigInteger)
    start_at: int | None = Field(default=None, sa_type=BigInteger)
    not_after: int | None = Field(default=None, sa_type=BigInteger)
    keep_open_until: int | None = Field(default=None, sa_type=BigInteger)
    """Until then people whose window was closed get the message when they write."""
    created_at: int = Field(sa_type=BigInteger)
    launched_at: int | None = Field(default=None, sa_type=BigInteger)
    started_at: int | None = Field(default=None, sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)
    weight: float = Field(default=1.0, sa_column_kwargs={"server_default": "1"})
    """Its share of a page that other campaigns use too."""
    canary: int | None = None
    """How many go out before it pauses by itself; None where it does not, or has."""
    canary_left: int | None = None
    """How many of these may still be claimed."""
    open_until: int | None = Field(default=None, sa_type=BigInteger)
    hold_until: int | None = Field(default=None, sa_type=BigInteger)
    """Where it has hours: when it holds next, or when it goes on."""
    changes: int = Field(default=0, sa_column_kwargs=_ZERO)
    """Rises with every change of its pace or hours while it runs, for those who send."""
    revision: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """Rises with every correction of the message."""
