"""A job as its asker sees it."""

import json

from campaigns import jobs
from campaigns.moments import clock, dated, iso, iso_or_none
from campaigns.runtime import now_of
from campaigns.web.api.desk import Desk
from schemas.api.envelope import Fault
from schemas.api.jobs import Job as Shown
from schemas.job import Job, JobState

_HERE = "/api/v1/jobs"


def address(job: Job) -> str:
    """Return where a job is looked at."""
    return f"{_HERE}/{job.ref}"


def seen(desk: Desk, job: Job, *, whole: bool = True) -> Shown:
    """Return a job with what came of it; the document only where it is asked for as a `whole`."""
    fault = Fault.model_validate_json(job.error) if job.error else None
    return Shown(
        id=job.ref,
        kind=job.kind,
        state=job.state,
        sentence=fault.message if fault else _sentence(desk, job),
        actor=job.actor,
        created_at=iso(job.created_at),
        started_at=iso_or_none(job.started_at),
        finished_at=iso_or_none(job.finished_at),
        result=json.loads(job.result) if whole and job.result else None,
        result_url=f"{address(job)}/file" if job.file else None,
        error=fault,
    )


def _sentence(desk: Desk, job: Job) -> str:
    if job.finished_at is not None:
        return f"Done. What came of it stays until {dated(job.finished_at + jobs.WEEK_MS)}."
    if desk.runtime.takes_jobs is False:
        return "No process takes jobs: start `pagecast up`."
    with desk.runtime.reading() as conn:
        now, ahead = now_of(conn), jobs.before(conn, job)
    if job.state is JobState.WORKING:
        again = f", for the {job.tries}. time: the process that did it before ended" if job.tries > 1 else ""
        return f"Under way since {clock(job.started_at or now, now)}{again}."
    if not ahead:
        return "Waiting: it is the next."
    return f"Waiting: {ahead} {'other is' if ahead == 1 else 'others are'} before it."
