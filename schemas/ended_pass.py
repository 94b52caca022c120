"""Sessions of the dashboard that somebody logged out of before their time."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class EndedPass(SQLModel, table=True):
    """`nonce` is the pass's; after `until` (epoch milliseconds) it would be over anyway, and the row goes."""

    __tablename__ = "ended_pass"

    nonce: str = Field(primary_key=True)
    until: int = Field(sa_type=BigInteger)
