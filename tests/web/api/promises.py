"""Long work as it is asked for: a request that is answered with a job."""

from campaigns import jobs
from campaigns.runtime import now_of

LATER = {"Prefer": "respond-async"}


def promised(caller, method, path, **rest):
    """Return the job that a request is answered with."""
    answer = caller(method, path, headers=rest.pop("headers", LATER), **rest)
    assert answer.status_code == 202, answer.text
    job = answer.json()["data"]
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    return job


def taken(runtime):
    """Take the next job, as the process does that works on them; None where nothing waits."""
    with runtime.writing() as conn:
        return jobs.take(conn, "test", now_of(conn))
