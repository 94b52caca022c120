"""Long work that goes on at the server; `Client.do` waits for it by itself."""

from typing import Any

from pydantic import BaseModel

from campaigns.client.call import Call, at, get
from schemas.api.envelope import Fault

_API = "/api/v1/"


class Job(BaseModel):
    """`result` is what a direct answer would have as its `data`; a file is at `result_url`."""

    id: str
    state: str
    result: Any = None
    result_url: str | None = None
    error: Fault | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more is done about it."""
        return self.state in {"done", "failed"}


def job(job_id: str) -> Call[Job]:
    """Say how far a job is, and what came of it."""
    return get(at("jobs", job_id), Job)


def file(result_url: str) -> Call[bytes]:
    """Return the file that a job made; of the address nothing counts but the path, so that the key stays here."""
    return get("/" + result_url.rpartition(_API)[2].lstrip("/"), bytes)
