"""A person as one of our accounts knows them: since when, and until when, they may be written to, with the evidence."""

from enum import StrEnum

from sqlalchemy import BigInteger, Index, String
from sqlmodel import Field, SQLModel


class ContactSource(StrEnum):
    """Who says so."""

    WEBHOOK = "webhook"
    PULL = "pull"
    """Read from the conversations of the account."""
    IMPORT = "import"


class Contact(SQLModel, table=True):
    """The newest event that opened the person's window; times are epoch milliseconds.

    `closes_at` is `opened_at` and the window's `length_ms`. `kind` is an `InboundKind`, `evidence` the platform's id of
    the event. `channel` and `account_id` name our account, whether or not a page is stored for it.
    """

    __table_args__ = (Index("ix_contact_open", "channel", "account_id", "closes_at"),)

    channel: str = Field(primary_key=True)
    account_id: str = Field(primary_key=True)
    recipient_id: str = Field(primary_key=True)
    opened_at: int = Field(sa_type=BigInteger)
    length_ms: int = Field(sa_type=BigInteger)
    closes_at: int = Field(sa_type=BigInteger)
    kind: str
    evidence: str = ""
    source: ContactSource = Field(sa_type=String)
    updated_at: int = Field(sa_type=BigInteger)
