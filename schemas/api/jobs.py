"""Long work: what was promised, how far it is, and what came of it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.api.envelope import Fault
from schemas.api.lists import Checked
from schemas.job_state import JobKind, JobState


class Job(BaseModel):
    """Ask for it again until it is `done` or `failed`.

    `result` is what the direct answer would have had as its `data`; where that is a file, `result_url` is its address
    instead. `error` is what the direct answer would have had as its `error`.
    """

    id: str = Field(examples=["job_5f0c1d9e8b7a4c32a1b2c3d4"])
    kind: JobKind
    state: JobState
    sentence: str = Field(examples=["Waiting: 2 others are before it."])
    actor: str = Field(examples=["key:crm-export"])
    created_at: str = Field(examples=["2026-12-01T08:00:00.000Z"])
    started_at: str | None
    finished_at: str | None
    result: Any = None
    result_url: str | None = Field(None, examples=["/api/v1/jobs/job_5f0c1d9e8b7a4c32a1b2c3d4/file"])
    error: Fault | None = None


class Fetch(BaseModel):
    """A list that is fetched from where it lies, instead of being sent."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        max_length=4_000,
        description="An https address on the open internet; it is forgotten once the list is there.",
        examples=["https://files.example.com/people.csv"],
    )


class Begin(BaseModel):
    """A file that is to come in pieces."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("list", max_length=300, description="What you call the file.", examples=["people.csv"])
    size: int = Field(ge=1, description="Bytes of all of it.", examples=[5_368_709_120])
    sha256: str = Field(
        pattern="^[0-9a-f]{64}$",
        description="Of all of it, in hexadecimal, as `sha256sum` prints it.",
        examples=["0" * 64],
    )


class Pieces(BaseModel):
    """A file of which the first `offset` of `size` bytes are there; the next piece begins at `offset`.

    `list` is what the file was read as, where the same one was here before: then nothing needs to be sent.
    """

    id: str = Field(examples=["upl_0123456789abcdef0123456789abcdef"])
    offset: int
    size: int
    list: Checked | None = None
