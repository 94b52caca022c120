"""People who must not be messaged."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Suppression(SQLModel, table=True):
    """`sender_id` 0 means every account. `source` says where it came from: cli, import, provider, webhook."""

    recipient_id: str = Field(primary_key=True)
    sender_id: int = Field(primary_key=True, default=0)
    source: str
    note: str = ""
    at: int = Field(sa_type=BigInteger)
