"""Jobs: how far long work is, and what came of it. A job is seen by the key that asked for it, and by admins."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse

from campaigns import jobs as table
from campaigns.errors import StateError
from campaigns.web.api.cursor import LARGEST, Cursor, Limit, page_of, place
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.files import HTML, MEDIA, file
from campaigns.web.api.promise import file_of
from campaigns.web.api.view import seen
from schemas.api.envelope import Answer, Paged
from schemas.api.jobs import Job as Shown
from schemas.job import Job, JobState
from schemas.right import Right

router = APIRouter(prefix="/jobs", tags=["jobs"])

Id = Annotated[str, Path(description="The job's id.", examples=["job_5f0c1d9e8b7a4c32a1b2c3d4"])]


@router.get("", **may(Right.READ))
def jobs(desk: Here, limit: Limit = 50, cursor: Cursor = None) -> Paged[Shown]:
    """List your jobs, the newest first, without their results; admins see everybody's."""
    (before,) = place(cursor, (LARGEST,))
    with desk.runtime.reading() as conn:
        found = table.listed(conn, None if table.sees_all(desk.key) else desk.key.id, before, limit + 1)
    return page_of(found, limit, lambda job: (job.id or 0,), lambda job: seen(desk, job, whole=False))


@router.get("/{job_id}", **may(Right.READ))
def job(desk: Here, job_id: Id) -> Answer[Shown]:
    """Say how far a job is, and once it has ended what came of it."""
    return said(seen(desk, _found(desk, job_id)))


@router.get("/{job_id}/file", **file(*MEDIA.values(), HTML), **may(Right.READ))
def result(desk: Here, job_id: Id) -> StreamingResponse:
    """Return the file that a job has made."""
    found = _found(desk, job_id)
    if found.file is None:
        ended = found.state in {JobState.DONE, JobState.FAILED}
        raise StateError(f"Job {job_id} {'has no file' if ended else 'is not done yet'}. GET /jobs/{job_id} says more.")
    return file_of(desk, found)


def _found(desk: Desk, job_id: str) -> Job:
    with desk.runtime.reading() as conn:
        return table.seen_by(conn, job_id, desk.key)
