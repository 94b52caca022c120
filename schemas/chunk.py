"""A chunk: up to a thousand people of one page and campaign, the unit that one job runs."""

from enum import StrEnum

from sqlalchemy import BigInteger, Index, String
from sqlmodel import Field, SQLModel


class ChunkState(StrEnum):
    """`draining`: nothing left to claim, answers still out. `stopped` after three crashes: it needs a person."""

    READY = "ready"
    RUNNING = "running"
    DRAINING = "draining"
    DONE = "done"
    STOPPED = "stopped"


class Chunk(SQLModel, table=True):
    """Times are epoch milliseconds by the database's clock.

    `fence` rises with every acquisition; a writer with an old one may claim nothing. `due_at` is the earliest `due_at`
    of its pending rows and has nothing to do with a throttle's pause.
    """

    __table_args__ = (Index("ix_chunk_lane", "campaign_id", "page_id", "state", "seq"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int
    page_id: int
    seq: int
    size: int
    deadline: int | None = Field(default=None, sa_type=BigInteger)
    state: ChunkState = Field(default=ChunkState.READY, sa_type=String)
    owner: str | None = None
    fence: int = 0
    lease_until: int | None = Field(default=None, sa_type=BigInteger)
    rung_at: int | None = Field(default=None, sa_type=BigInteger)
    due_at: int | None = Field(default=None, sa_type=BigInteger)
    crashes: int = 0
    sentence: str | None = None


class Tally(SQLModel, table=True):
    """How many rows of a chunk stand in a state for a reason, kept in the same transaction as the rows.

    Rows that belong to no chunk (skipped at plan time, rejected, duplicate) are counted under chunk 0; `reason` is ''
    where there is none.
    """

    campaign_id: int = Field(primary_key=True)
    page_id: int = Field(primary_key=True)
    chunk_id: int = Field(primary_key=True)
    state: str = Field(primary_key=True)
    reason: str = Field(primary_key=True, default="")
    n: int
