"""A row of the ledger as people read it."""

from pydantic import BaseModel, Field

from schemas.delivery_state import DeliveryState


class Row(BaseModel):
    """What became of one person. Times are ISO 8601 in UTC; `message_ids` has one id a part."""

    id: int = Field(0, exclude=True)
    line: int = Field(examples=[2])
    page: str = Field(examples=["acme"])
    recipient_id: str = Field(examples=["17840000000000001"])
    state: DeliveryState
    reason: str | None
    provider_code: str | None
    message_ids: list[str]
    request_id: str | None
    attempts: int
    window_closes_at: str | None
    sent_at: str | None
    accepted_at: str | None
    delivered_at: str | None
    read_at: str | None
    replied_at: str | None
    reply: str | None
    variant: str | None
    revision: int | None
    """Of the message that was sent; null where none was."""
