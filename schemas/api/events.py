"""What came in by webhook."""

from pydantic import BaseModel, ConfigDict

from schemas.inbound_kind import InboundKind


class Came(BaseModel):
    """An event as its platform told it; what has no field of its own follows under the platform's names."""

    model_config = ConfigDict(extra="allow")

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
