"""Long work of the wizard: done in a thread where the list is short, by a job where it is long."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore
from typing import Any

from anyio.to_thread import run_sync

from campaigns import errands, jobs
from campaigns.errands import Bench
from campaigns.errors import InputError
from campaigns.jobs import Asked
from campaigns.runtime import now_of
from campaigns.web.dashboard.session import Session
from schemas.api.envelope import Fault
from schemas.job import Job, JobKind, JobState

SMALL_ROWS = 20_000
"""A list of more rows is worked on by a job, as behind the HTTP API."""
SMALL_BYTES = 4 * 1024**2
SMALL_PACKED = 256 * 1024
_PACKED = (b"PK", b"PAR1")
_LOOKS = (0.1, 0.2, 0.5)

Say = Callable[[str], object]
_HEAVY = Semaphore(2)
"""Each takes a core, and much memory."""


def is_small(size: int, begins: bytes) -> bool:
    """Whether a list of so many bytes, which begins so, is read at once."""
    return size <= (SMALL_PACKED if begins.startswith(_PACKED) else SMALL_BYTES)


async def document(session: Session, kind: JobKind, arguments: Mapping[str, Any], *, small: bool, say: Say) -> str:
    """Do an errand and return its document (JSON); `say` is told how far it is. Raises PagecastError.

    Without a process that takes jobs it is done here, however long it takes.
    """
    if small or session.runtime.takes_jobs is False:
        return await run_sync(lambda: _directly(session, kind, arguments))
    job = await run_sync(lambda: _asked(session, kind, arguments))
    looks = iter(_LOOKS)
    pause = _LOOKS[0]
    while job.finished_at is None:
        say("Waiting for other work to end first…" if job.state is JobState.QUEUED else "Working on it…")
        pause = next(looks, pause)
        await asyncio.sleep(pause)
        job = await run_sync(_again, session, job.ref)
    if job.state is JobState.FAILED:
        raise InputError(Fault.model_validate_json(job.error or "").message)
    return job.result or "null"


def _directly(session: Session, kind: JobKind, arguments: Mapping[str, Any]) -> str:
    with _HEAVY, TemporaryDirectory(prefix="pagecast-") as folder:
        bench = Bench(session.runtime, session.environment, Path(folder), session.actor)
        return errands.do(bench, kind, arguments).document


def _asked(session: Session, kind: JobKind, arguments: Mapping[str, Any]) -> Job:
    with session.runtime.writing() as conn:
        return jobs.ask(conn, Asked(kind, arguments, session.key.id or 0, session.actor), now_of(conn))


def _again(session: Session, ref: str) -> Job:
    with session.runtime.reading() as conn:
        return jobs.find(conn, ref)
