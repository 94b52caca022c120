"""Long work: what is small is done at once, in a thread of this process; what is large is a job, and 202.

The dashboard's is done here too, so that both stand in one line for the threads.

`Prefer` (RFC 7240) has the last word: `respond-async` makes a job of anything, `wait=N` waits for one.
"""

import asyncio
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Annotated, Any, BinaryIO

from anyio.to_thread import run_sync
from fastapi import Header, Response
from fastapi.responses import StreamingResponse

from campaigns import errands, jobs
from campaigns.errands import Bench, Made
from campaigns.errors import NotFoundError
from campaigns.jobs import Asked
from campaigns.lifecycle import find
from campaigns.runtime import now_of
from campaigns.web.api.desk import Desk
from campaigns.web.api.envelope import failed, said
from campaigns.web.api.envelope import meta as about_the_answer
from campaigns.web.api.files import HTML, MEDIA, streamed
from campaigns.web.api.view import address, seen
from schemas.api.envelope import Answer, Fault
from schemas.api.jobs import Job as Shown
from schemas.job import Job, JobKind, JobState

SMALL_ROWS = 20_000
"""A campaign, or a list that was read, of more rows is worked on by a job."""
SMALL_BYTES = 4 * 1024**2
"""A longer list is read by a job."""
SMALL_PACKED = 256 * 1024
"""The same of a list that may be packed: a workbook or Parquet file holds a hundred times its length."""
LONGEST_WAIT = 60.0
"""Seconds that `wait` may ask for."""
_LOOKS = (0.05, 0.1, 0.2, 0.5)
"""Seconds between looks at a job that is waited for; the last one counts on."""
_MEDIA = {"html": HTML} | {str(kind): media for kind, media in MEDIA.items()}
_PACKED = (b"PK", b"PAR1")
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,6})\"?")

ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": Answer[Shown],
        "description": "It takes longer: this is the job that does it, and `Location` where to look for its end.",
        "headers": {
            "Location": {"description": "The job's address.", "schema": {"type": "string"}},
            "Retry-After": {"description": "Seconds until a look is worth it.", "schema": {"type": "string"}},
        },
    }
}
"""What a route may answer that does long work."""

Prefer = Annotated[
    str,
    Header(
        description="`respond-async` makes a job of it; `wait=N` waits for a job up to N seconds, at most 60.",
        examples=["respond-async"],
    ),
]


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done, whether that is `small`, and the status of the answer once it is done."""

    kind: JobKind
    arguments: Mapping[str, Any]
    small: bool
    status: int = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request prefers; `wait` in seconds."""

    later: bool
    wait: float

    @classmethod
    def of(cls, prefer: str) -> "Wish":
        """Read a `Prefer` header; what is not known in it counts for nothing, as the standard has it."""
        words = [word.strip().lower() for word in prefer.split(",")]
        waits = [int(found[1]) for word in words if (found := _WAIT.fullmatch(word))]
        return cls("respond-async" in words, min(float(waits[0]), LONGEST_WAIT) if waits else 0.0)

    @property
    def applied(self) -> dict[str, str]:
        """The header that says what of it was heeded."""
        words = ["respond-async"] * self.later + [f"wait={self.wait:g}"] * (self.wait > 0)
        return {"Preference-Applied": ", ".join(words)} if words else {}


def is_small(size: int, begins: bytes) -> bool:
    """Whether a list of so many bytes, which begins so, is read at once."""
    return size <= (SMALL_PACKED if begins.startswith(_PACKED) else SMALL_BYTES)


def of_campaign(desk: Desk, kind: JobKind, ref: str, /, **arguments: Any) -> Work:
    """Return work on a campaign, small or not by its rows; raises NotFoundError."""
    found = desk.campaign(ref)
    with desk.runtime.reading() as conn:
        rows = find.rows(conn, found)
    return Work(kind, {"campaign": found.ref, **arguments}, small=rows <= SMALL_ROWS)


def made(desk: Desk, work: Work) -> tuple[Made, BinaryIO | None]:
    """Do it here; its file comes open and without a name, so that nothing stays however the answer ends."""
    with TemporaryDirectory(prefix="pagecast-") as folder:
        bench = Bench(desk.runtime, desk.environment, Path(folder), desk.actor)
        done = errands.do(bench, work.kind, work.arguments)
        return done, (Path(folder) / done.file).open("rb") if done.file else None


def asked(desk: Desk, work: Work) -> Job:
    """Make a job of it, in the name of the desk's key; raises StateError for a key that has too many."""
    wanted = Asked(work.kind, work.arguments, desk.key.id or 0, desk.actor)
    with desk.runtime.writing() as conn:
        return jobs.ask(conn, wanted, now_of(conn))


async def awaited(
    desk: Desk, job: Job, seconds: float = math.inf, tell: Callable[[Job], object] = lambda _: None
) -> Job:
    """Look at a job until it has ended, or for so long; `tell` is given it as often as it has not."""
    deadline, looks = time.monotonic() + seconds, list(_LOOKS)
    while job.finished_at is None and (left := deadline - time.monotonic()) > 0:
        tell(job)
        await asyncio.sleep(min(left, looks.pop(0) if len(looks) > 1 else looks[0]))
        job = await run_sync(_again, desk, job)
    return job


async def answer(desk: Desk, work: Work, prefer: str) -> Response:
    """Do it, or promise it; raises PagecastError for what is done here and cannot be."""
    wish = Wish.of(prefer)
    if work.small and not wish.later:
        return _answered(work, *await desk.heavily(lambda: made(desk, work)))
    job = await run_sync(asked, desk, work)
    job = await awaited(desk, job, wish.wait)
    if wish.wait and job.finished_at is not None:
        return await run_sync(lambda: _as_if_direct(desk, job, work.status, wish.applied))
    shown = await run_sync(lambda: seen(desk, job))
    headers = {"Location": address(job), "Retry-After": "1", **wish.applied}
    return Response(said(shown).model_dump_json(), 202, headers, "application/json")


def file_of(desk: Desk, job: Job) -> StreamingResponse:
    """Return the file of a job as an answer; raises NotFoundError where it is gone."""
    try:
        return _file((jobs.folder(desk.runtime.storage, job.ref) / (job.file or "none")).open("rb"), job.file or "")
    except FileNotFoundError:
        raise NotFoundError(f"The file of job {job.ref} is gone. Ask for the same once more.") from None


def _answered(work: Work, done: Made, file: BinaryIO | None) -> Response:
    return _file(file, done.file) if file else _document(done.document, work.status, {})


def _again(desk: Desk, job: Job) -> Job:
    with desk.runtime.reading() as conn:
        return jobs.find(conn, job.ref)


def _as_if_direct(desk: Desk, job: Job, status: int, headers: dict[str, str]) -> Response:
    if job.state is JobState.FAILED:
        fault = Fault.model_validate_json(job.error or "")
        return failed(fault.status, fault.code, fault.message, details=fault.details, headers=headers)
    if job.file:
        found = file_of(desk, job)
        found.headers.update(headers)
        return found
    return _document(job.result or "null", status, headers)


def _file(file: BinaryIO, name: str) -> StreamingResponse:
    return streamed(file, _MEDIA[PurePath(name).suffix.removeprefix(".")], name)


def _document(data: str, status: int, headers: dict[str, str]) -> Response:
    """Return JSON that was made already as an answer."""
    content = f'{{"data":{data},"meta":{about_the_answer().model_dump_json()}}}'
    return Response(content, status, headers, "application/json")
