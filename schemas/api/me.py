"""Who asks, and what they may do."""

from pydantic import BaseModel, Field

from schemas.right import Right
from schemas.role import Role


class Me(BaseModel):
    """The key of this request; the audit knows it as `actor`."""

    name: str = Field(examples=["crm-export"])
    actor: str = Field(examples=["key:crm-export"])
    role: Role = Field(examples=["author"])
    rights: list[Right] = Field(examples=[["read", "campaigns.plan"]])
    expires_at: str | None = Field(examples=["2027-03-01T08:00:00.000Z"])
