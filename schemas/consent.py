"""The history of consent: a row for each time somebody opted out or in, and how it is known."""

from enum import StrEnum

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel


class ConsentKind(StrEnum):
    """What a consent event says."""

    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"


class Consent(SQLModel, table=True):
    """What holds is in `suppression`; this is why. `at` is epoch milliseconds by whoever saw it.

    `sender_id` 0 means every account. `source` is `word`, `signal`, `provider`, `cli`, `import` or `erased`; `evidence`
    the word, the platform's code or a note. Rows are never changed; an erased person's carry a hash for the id.
    """

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    """What makes it the same event, so that hearing of it twice writes it once."""
    at: int = Field(sa_type=BigInteger)
    recipient_id: str = Field(index=True)
    sender_id: int = 0
    channel: str = ""
    kind: ConsentKind = Field(sa_type=String)
    source: str
    evidence: str = ""
    actor: str = ""
