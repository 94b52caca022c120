"""Keys to the API: who has one."""

from pydantic import BaseModel, Field

from schemas.api_key import Role


class Key(BaseModel):
    """A key without its secret; `state` is live, expired or revoked, `prefix` is how it begins."""

    name: str = Field(examples=["crm-export"])
    role: Role
    state: str = Field(examples=["live"])
    prefix: str = Field(examples=["pc_0123456789"])
    created_at: str
    created_by: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
