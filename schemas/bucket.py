"""A bucket of pace: what Redis forgets in a flush, kept as a row so that it can be seeded again."""

from dataclasses import dataclass

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


@dataclass(frozen=True, slots=True)
class Pace:
    """One bucket of a send: `rate` in messages per second, None where it only pauses and never limits.

    `label` names it for people ("page acme", "API key", "campaign ceiling").
    """

    key: str
    label: str
    rate: float | None


class Bucket(SQLModel, table=True):
    """`key` is the bucket's name in Redis too. Times are epoch milliseconds.

    `level` counts the breaker's openings in a row (30 s, doubling to 15 min). `sentence` says why the bucket is paused.
    """

    key: str = Field(primary_key=True)
    paused_until: int = Field(default=0, sa_type=BigInteger)
    code: str = ""
    sentence: str = ""
    level: int = 0
    updated_at: int = Field(default=0, sa_type=BigInteger)
