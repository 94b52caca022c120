"""A key of the HTTP API: who may come in, and as what."""

from sqlalchemy import BigInteger, String, text
from sqlmodel import Field, SQLModel

from schemas.role import Role

__all__ = ["ApiKey", "Role"]


class ApiKey(SQLModel, table=True):
    """Times are epoch milliseconds. `digest` is the hash of the secret, which nobody keeps; `prefix` finds the row.

    `scopes` are the rights that it has of its role's, with a space between them; empty means all of them.

    A name may be given again once its key is revoked.
    """

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    role: Role = Field(sa_type=String)
    scopes: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    prefix: str = Field(unique=True)
    digest: str
    created_at: int = Field(sa_type=BigInteger)
    created_by: str
    expires_at: int | None = Field(default=None, sa_type=BigInteger)
    last_used_at: int | None = Field(default=None, sa_type=BigInteger)
    """To the minute."""
    revoked_at: int | None = Field(default=None, sa_type=BigInteger)
