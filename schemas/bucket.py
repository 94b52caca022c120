"""A bucket of pace: what Redis forgets in a flush, kept as a row so that it can be seeded again."""

from dataclasses import dataclass

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


@dataclass(frozen=True, slots=True)
class Pace:
    """One bucket of a send: `rate` in messages per second, None where it only pauses and never limits.

    The rate is the cap; what is allowed at a moment may be less. `label` names it for people ("page acme", "API key",
    "campaign ceiling").
    """

    key: str
    label: str
    rate: float | None


@dataclass(frozen=True, slots=True)
class Learned:
    """What refusals have taught a bucket: `rate` messages per second at `cut_at` (epoch ms), None where its `cap`."""

    cap: float
    rate: float | None
    cut_at: int


class Bucket(SQLModel, table=True):
    """`key` is the bucket's name in Redis too. Times are epoch milliseconds, rates messages per second.

    `level` counts the breaker's openings in a row (30 s, doubling to 15 min). `sentence` says why the bucket is paused
    or slowed. `cap`, `rate` and `cut_at` are what it has learned (`Learned`), None until it was first paused; until
    `eased_until` it goes at half its cap. `campaigns.buckets.allowed` makes one rate of them.
    """

    key: str = Field(primary_key=True)
    paused_until: int = Field(default=0, sa_type=BigInteger)
    code: str = ""
    sentence: str = ""
    level: int = 0
    updated_at: int = Field(default=0, sa_type=BigInteger)
    cap: float | None = None
    rate: float | None = None
    cut_at: int | None = Field(default=None, sa_type=BigInteger)
    eased_until: int | None = Field(default=None, sa_type=BigInteger)
