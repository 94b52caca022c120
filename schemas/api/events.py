"""What came in by webhook."""

from pydantic import BaseModel, ConfigDict, Field

from schemas.inbound_kind import InboundKind


class Came(BaseModel):
    """An event as its platform told it; what has no field of its own follows under the platform's names."""

    model_config = ConfigDict(extra="allow")

    id: int = Field(examples=[7])
    at: str
    received_at: str
    kind: InboundKind
    provider: str
    channel: str
    account_id: str
    page: str | None
    person: str
    mid: str
    text: str
    payload: str
    campaign: str | None
    line: int | None


class Counts(BaseModel):
    """How many events of each kind came in, and how many webhook bodies wait to be read."""

    events: dict[str, int] = Field(examples=[{"message": 120, "opted_out": 3}])
    waiting: int = Field(examples=[0])
