"""Long work that goes on at the server; `Client.do` waits for it by itself."""

from campaigns.client.call import Call, Listing, at, get, listing
from schemas.api.jobs import Job

_JOBS = "jobs"


def listed(*, limit: int = 100) -> Listing[Job]:
    """List the jobs of this key, the newest first, without their results."""
    return listing(at(_JOBS), list[Job], limit=limit)


def job(job_id: str) -> Call[Job]:
    """Say how far a job is, and what came of it."""
    return get(at(_JOBS, job_id), Job)


def file(job_id: str) -> Call[bytes]:
    """Return the file that a job has made."""
    return get(at(_JOBS, job_id, "file"), bytes)
