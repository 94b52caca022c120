"""What comes back from people and platforms: one event, understood, and the row that keeps it."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Index, String
from sqlmodel import Field, SQLModel

from schemas.inbound_kind import InboundKind

__all__ = ["Inbound", "InboundEvent", "InboundKind", "SentMessage"]


@dataclass(frozen=True, slots=True)
class Inbound:
    """One event, as a provider reads it out of a body; texts are '' and numbers None where the event has none.

    `channel` is the platform's word (`instagram`, `messenger`, `whatsapp`, …), `account_id` our account, `person` the
    other one, whoever of them sent. `at` is epoch milliseconds by the platform's clock, 0 where it says none. `mid` is
    the message it is about, `mids` those of a receipt, `watermark` (epoch ms) the moment up to which a receipt speaks.
    `status` and `code` are the provider's own words, `name` is the kind as the platform names it. `ad` says that an ad
    brought the person here.
    """

    kind: InboundKind
    channel: str
    account_id: str
    person: str
    at: int
    mid: str = ""
    text: str = ""
    payload: str = ""
    metadata: str = ""
    app_id: str = ""
    reply_to: str = ""
    mids: tuple[str, ...] = ()
    watermark: int | None = None
    status: str = ""
    code: str = ""
    ad: bool = False
    name: str = ""
    event_id: str = ""


class InboundEvent(SQLModel, table=True):
    """An event that was applied, once: `key` is the hash of what makes it the same event.

    Times are epoch milliseconds. `facts` is JSON: what of an `Inbound` has no column of its own. `sender_id` is None
    for an account that no page is for. `delivery_id` and `campaign_id` say which message it is about or answers. Until
    `match_until` it may still find its message: an echo can be faster than the answer to the call.
    """

    __tablename__ = "inbound_event"
    __table_args__ = (
        Index("ix_inbound_event_person", "person", "at"),
        Index("ix_inbound_event_campaign", "campaign_id", "kind"),
        Index("ix_inbound_event_match", "match_until"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    received_at: int = Field(sa_type=BigInteger, index=True)
    at: int = Field(sa_type=BigInteger)
    provider: str
    channel: str
    account_id: str
    person: str
    kind: InboundKind = Field(sa_type=String)
    mid: str = ""
    text: str = ""
    payload: str = ""
    facts: str = "{}"
    sender_id: int | None = None
    campaign_id: int | None = None
    delivery_id: int | None = Field(default=None, sa_type=BigInteger)
    match_until: int | None = Field(default=None, sa_type=BigInteger)


class SentMessage(SQLModel, table=True):
    """Which row a message id of the platform belongs to; one for each part."""

    __tablename__ = "sent_message"
    __table_args__ = ({"sqlite_with_rowid": False},)

    mid: str = Field(primary_key=True)
    delivery_id: int = Field(sa_type=BigInteger)
