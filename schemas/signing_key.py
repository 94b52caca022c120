"""The random key that signs the dashboard's sessions where several machines share a database."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class SigningKey(SQLModel, table=True):
    """One row at most, made with the first login: `key` is 32 random bytes in hex, `made_at` epoch milliseconds."""

    __tablename__ = "signing_key"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: str
    made_at: int = Field(sa_type=BigInteger)
