"""A link that lets somebody into the dashboard, once."""

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

from schemas.api_key import Role


class LoginLink(SQLModel, table=True):
    """Times are epoch milliseconds. `digest` is the hash of the link's word, which nobody keeps."""

    __tablename__ = "login_link"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    role: Role = Field(sa_type=String)
    """Of the key that its use makes."""
    created_at: int = Field(sa_type=BigInteger)
    created_by: str
    expires_at: int = Field(sa_type=BigInteger)
    used_at: int | None = Field(default=None, sa_type=BigInteger)
