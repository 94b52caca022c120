"""How far the conversations of an account have been read, where nobody tells us of them."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class PullState(SQLModel, table=True):
    """One account's bookmark; times are epoch milliseconds, 0 for never.

    What was said up to `until` is known. While `cursor` is not empty a pass is under way that broke off there: it goes
    down to `floor`, and what was said up to `reaching` is known when it ends. `due_at` is when the next automatic pass
    may begin.
    """

    __tablename__ = "pull_state"

    sender_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    until: int = Field(default=0, sa_type=BigInteger)
    floor: int = Field(default=0, sa_type=BigInteger)
    reaching: int = Field(default=0, sa_type=BigInteger)
    cursor: str = ""
    due_at: int = Field(default=0, sa_type=BigInteger)
