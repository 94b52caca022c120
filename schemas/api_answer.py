"""What was answered to a request that may come again."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class ApiAnswer(SQLModel, table=True):
    """One `Idempotency-Key` of one API key, kept for a day. `digest` is the hash of the request.

    `status` is None while the request is being worked on; `body` is the answer's JSON, which holds no secret. Times are
    epoch milliseconds.
    """

    __tablename__ = "api_answer"

    key_id: int = Field(primary_key=True, foreign_key="api_key.id")
    word: str = Field(primary_key=True)
    digest: str
    status: int | None = None
    body: str = ""
    at: int = Field(sa_type=BigInteger, index=True)
