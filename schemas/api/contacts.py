"""People who wrote to our accounts, and the windows that they opened."""

from pydantic import BaseModel, Field


class Known(BaseModel):
    """A person and the window of theirs that closes last; `evidence` is the platform's id of what opened it."""

    recipient_id: str = Field(examples=["17840000000000001"])
    page: str = Field(examples=["acme"])
    last_inbound_at: str
    window_closes_at: str
    kind: str = Field(examples=["message"])
    evidence: str
    source: str = Field(examples=["webhook"])
