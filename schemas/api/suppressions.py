"""People who must not be messaged."""

from pydantic import BaseModel, ConfigDict, Field


class Suppressed(BaseModel):
    """One suppression: of the account of `page`, or of every account where that is null."""

    recipient_id: str = Field(examples=["17840000000000001"])
    page: str | None = Field(examples=["acme"])
    source: str = Field(examples=["cli"])
    note: str
    at: str


class Wish(BaseModel):
    """One time that a person opted out or in, and how it is known; `page` is null where it holds for every account."""

    at: str
    kind: str = Field(examples=["opted_out"])
    page: str | None = Field(examples=["acme"])
    channel: str | None
    source: str = Field(examples=["word"])
    evidence: str
    actor: str


class Suppress(BaseModel):
    """Who is never to be messaged, and by which page's account; without one, by none."""

    model_config = ConfigDict(extra="forbid")

    recipient_id: str = Field(examples=["17840000000000001"])
    page: str | None = Field(None, examples=["acme"])
    note: str = Field("", max_length=1_000, description="Why, for people.", examples=["a letter"])
    dry_run: bool = Field(False, description="Say what would happen, and change nothing.")


class Added(BaseModel):
    """Whether it is new."""

    recipient_id: str
    page: str | None
    added: bool
    dry_run: bool


class Lifted(BaseModel):
    """Who may be messaged again."""

    recipient_id: str
    removed: bool
    dry_run: bool
