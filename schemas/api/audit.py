"""What happened, and who did it."""

from pydantic import BaseModel, Field


class Happening(BaseModel):
    """One event; `actor` is `key:NAME`, `cli:USER@HOST`, or the process that did it by itself."""

    at: str = Field(examples=["2026-12-01T08:00:00.000Z"])
    kind: str = Field(examples=["campaign.launched"])
    actor: str = Field(examples=["key:crm-export"])
    sentence: str
    campaign: str | None = Field(examples=["k7m2x9qa"])
    page: str | None = Field(examples=["acme"])
