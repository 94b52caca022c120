"""The sending account: one Instagram professional account or one Facebook Page, as one provider reaches it."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

from schemas.channel import Channel, ProviderName

__all__ = ["Channel", "Page", "ProviderName", "Route"]


class Route(BaseModel):
    """How a page is reached for one campaign: the stored page with that campaign's own settings laid over it.

    `rate` is in messages per second, None for the default of 36/s; `key_rate_per_minute` in messages per minute.
    `token` is a reference (`@{secret:NAME}`), never the secret itself. `pull` says that the account's conversations are
    read every minute while a campaign of the page is open, because no webhook tells of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str
    token: str
    rate: float | None = None
    key_rate_per_minute: float | None = None
    on_try_later: str = "hold"
    trust_idempotency: bool = False
    pull: bool = False
    login: str = "facebook"
    auth: str = "x-api-key"


class Page(SQLModel, table=True):
    """A stored page. `sender_id` is the id of the first page with the same channel and account: two names, one sender.

    A parked page sends nothing until it is resumed; `parked_sentence` says why and what to do. Times are epoch
    milliseconds.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    channel: Channel = Field(sa_type=String)
    provider: ProviderName = Field(sa_type=String)
    account_id: str = Field(index=True)
    sender_id: int = Field(index=True)
    route: str
    """A `Route` as JSON."""
    parked_at: int | None = Field(default=None, sa_type=BigInteger)
    parked_code: str | None = None
    parked_sentence: str | None = None
    probe_at: int | None = Field(default=None, sa_type=BigInteger)
    """When set and due, one message may be tried although the page is parked."""
    created_at: int = Field(sa_type=BigInteger)
    refused_token: str | None = None
    """While parked: the fingerprint of the token that the page was parked with, None where it had none."""
