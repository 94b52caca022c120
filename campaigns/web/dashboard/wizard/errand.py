"""Long work of the wizard: done in a thread where the list is short, by a job where it is long."""

from collections.abc import Callable, Mapping
from typing import Any

from anyio.to_thread import run_sync

from campaigns import faults
from campaigns.web.api import promise
from campaigns.web.api.promise import Work
from campaigns.web.dashboard.session import Session
from schemas.api.envelope import Fault
from schemas.job import Job, JobKind, JobState

Say = Callable[[str], object]


async def document(session: Session, kind: JobKind, arguments: Mapping[str, Any], *, small: bool, say: Say) -> str:
    """Do an errand and return its document (JSON); `say` is told how far it is. Raises PagecastError.

    Without a process that takes jobs it is done here, however long it takes.
    """
    desk, work = session.desk, Work(kind, arguments, small)
    if small or session.runtime.takes_jobs is False:
        done, _ = await desk.heavily(lambda: promise.made(desk, work))
        return done.document
    job = await run_sync(promise.asked, desk, work)
    job = await promise.awaited(desk, job, tell=lambda job: say(_progress(job)))
    if job.state is JobState.FAILED:
        raise faults.raised(Fault.model_validate_json(job.error or ""))
    return job.result or "null"


def _progress(job: Job) -> str:
    return "Waiting for other work to end first…" if job.state is JobState.QUEUED else "Working on it…"
