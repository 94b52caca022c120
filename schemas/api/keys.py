"""Keys to the API: who has one."""

from pydantic import BaseModel, ConfigDict, Field

from schemas.right import Right
from schemas.role import Role


class Key(BaseModel):
    """A key without its secret; `state` is live, expired or revoked, `prefix` is how it begins."""

    name: str = Field(examples=["crm-export"])
    role: Role = Field(examples=["author"])
    scopes: list[str] = Field(description="The only rights that it has of its role's; none: all.", examples=[[]])
    state: str = Field(examples=["live"])
    prefix: str = Field(examples=["pc_0123456789"])
    created_at: str
    created_by: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class NewKey(BaseModel):
    """Whose key it is to be, and what it may do: never more than the key that makes it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="Whose key it is; the audit shows it.", examples=["crm-export"])
    role: Role = Field(examples=["author"])
    scopes: list[Right] = Field(
        default_factory=list,
        max_length=100,
        description="No other rights of the role than these; none: all that it has.",
        examples=[["lists.add", "campaigns.submit"]],
    )
    expires: str | None = Field(
        None, description="For how long: 12h, 90d, 4w; without it, until revoked.", examples=["90d"]
    )
    dry_run: bool = Field(False, description="Say what would be made, and make nothing.")


class Created(Key):
    """A new key. `key` is shown in this answer alone, and is kept nowhere.

    A replay by `Idempotency-Key` has null in its place, and a dry run has, too; `sentence` says so.
    """

    key: str | None = Field(
        repr=False, examples=["pc_0123456789_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]
    )
    sentence: str = Field(examples=["Keep the key in a safe place: it is not shown again."])
    dry_run: bool
