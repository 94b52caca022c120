"""The random key under which erased people are still recognised."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class ErasureKey(SQLModel, table=True):
    """One row at most, made with the first erasure: `key` is 32 random bytes in hex, `made_at` epoch milliseconds."""

    __tablename__ = "erasure_key"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: str
    made_at: int = Field(sa_type=BigInteger)
