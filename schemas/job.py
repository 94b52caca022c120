"""Long work that somebody asked for: what, for whom, how far it is, and what came of it."""

from sqlalchemy import BigInteger, Index, String
from sqlmodel import Field, SQLModel

from schemas.job_state import JobKind, JobState

__all__ = ["Job", "JobKind", "JobState"]


class Job(SQLModel, table=True):
    """One piece of work. Times are epoch milliseconds.

    Whoever works on it is its `owner` until `lease_until`, and renews that; nobody takes a queued one before
    `lease_until`. `arguments` are JSON; those of a list are gone once it has ended: an address in them may be a secret.
    `result` is the JSON document that a direct answer would have as its `data`; `file` is a name in the job's folder
    of the storage. `error` is the JSON of a `Fault`.
    """

    __table_args__ = (Index("ix_job_state", "state", "lease_until"), Index("ix_job_key", "key_id"))

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(unique=True)
    kind: JobKind = Field(sa_type=String)
    arguments: str
    key_id: int = Field(foreign_key="api_key.id")
    actor: str
    state: JobState = Field(sa_type=String)
    owner: str = ""
    lease_until: int = Field(default=0, sa_type=BigInteger)
    tries: int = 0
    created_at: int = Field(sa_type=BigInteger)
    started_at: int | None = Field(default=None, sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)
    result: str | None = None
    file: str | None = None
    error: str | None = None
