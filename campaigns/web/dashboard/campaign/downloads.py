"""Files of a report for browsers: a small campaign's are made at once, a large one's by a job before.

    GET /downloads/campaigns/{ref}/{name}     results.csv, results.parquet, results.xlsx, report.html, summary.json,
                                              remainder.csv
    GET /downloads/jobs/{job}                 the file of a job of the same key

They stand behind the guard like the screens, so there is a session; API routes do not take its cookie.
"""

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from nicegui import app

from campaigns import errands, jobs
from campaigns.errands import Bench
from campaigns.errors import NotFoundError, PagecastError, StateError
from campaigns.lifecycle import find
from campaigns.web.api.files import CSV, HTML, MEDIA, streamed
from campaigns.web.dashboard.session import Session
from campaigns.web.shield import is_same_origin
from schemas.api.reports import Kind
from schemas.job import Job, JobKind
from schemas.right import Right
from schemas.role import Role

FEW = 20_000
"""Rows of a list whose files are made while somebody waits."""
_TYPES = {"csv": CSV, "html": HTML, "json": "application/json"} | {str(kind): MEDIA[kind] for kind in Kind}
_AT_ONCE = BoundedSemaphore(2)
"""Each takes a core."""


class Export:
    """One kind of file: its name, and the work that makes it."""

    def __init__(self, name: str, job: JobKind, right: Right = Right.READ, **arguments: str) -> None:
        self.name = name
        self.job = job
        self.right = right
        self._arguments = arguments

    def arguments(self, ref: str) -> dict[str, str]:
        """Return what the work is about."""
        return {"campaign": ref, **self._arguments}


EXPORTS: Mapping[str, Export] = {
    each.name: each
    for each in (
        Export("results.csv", JobKind.RESULTS, kind="csv"),
        Export("results.xlsx", JobKind.RESULTS, kind="xlsx"),
        Export("results.parquet", JobKind.RESULTS, kind="parquet"),
        Export("summary.json", JobKind.REPORT),
        Export("report.html", JobKind.PAGE),
        Export("remainder.csv", JobKind.REMAINDER, Right.REMAINDER),
    )
}


@app.get("/downloads/campaigns/{ref}/{name}")
async def direct(request: Request, ref: str, name: str) -> Response:
    """Make a file and return it; for a large campaign, say that a job makes it."""
    return await _answered(request, lambda session: _made(session, ref, name))


@app.get("/downloads/jobs/{job}")
async def of_job(request: Request, job: str) -> Response:
    """Return the file that a job has made."""
    return await _answered(request, lambda session: _of_job(session, job))


async def _answered(request: Request, work: Callable[[Session], Response]) -> Response:
    session: Session = request.scope["state"]["session"]
    if not is_same_origin(request.headers, session.runtime.settings.url):
        return PlainTextResponse("Another site asked for this. Open the dashboard's own address.", 403)
    try:
        return await run_sync(work, session)
    except PagecastError as error:
        return PlainTextResponse(str(error), 404 if isinstance(error, NotFoundError) else 409)


def _made(session: Session, ref: str, name: str) -> Response:
    wanted = EXPORTS.get(name)
    if wanted is None:
        raise NotFoundError(f"There is no file {name}. There are {', '.join(EXPORTS)}.")
    session.need(wanted.right)
    with session.runtime.reading() as conn:
        if find.rows(conn, find.exactly(conn, ref)) > FEW:
            raise StateError("This campaign is too large to wait for its files. Ask for them on its screen.")
    with _AT_ONCE, TemporaryDirectory(prefix="pagecast-") as folder:
        bench = Bench(session.runtime, session.environment, Path(folder), session.actor)
        made = errands.do(bench, wanted.job, wanted.arguments(ref))
        # Its name is gone at once, so that nothing stays however the answer ends.
        file: Any = (Path(folder) / made.file).open("rb") if made.file else BytesIO(made.document.encode())
    return streamed(file, _TYPES[name.rpartition(".")[2]], f"{ref}-{name}")


def _of_job(session: Session, ref: str) -> Response:
    session.need(Right.READ)
    with session.runtime.reading() as conn:
        job = jobs.find(conn, ref)
    if job.key_id != session.key.id and session.key.role is not Role.ADMIN:
        raise NotFoundError(f"There is no job {ref} of yours. Jobs are seen by who asked for them, and by admins.")
    wanted = of(job)
    if wanted is None or job.finished_at is None or (job.file is None and job.result is None):
        raise StateError("This job has no file yet. Its campaign's screen says how far it is.")
    session.need(wanted.right)
    file: Any = BytesIO((job.result or "").encode()) if job.file is None else _opened(session, job)
    return streamed(file, _TYPES[wanted.name.rpartition(".")[2]], wanted.name)


def of(job: Job) -> Export | None:
    """Return what a job makes, None for one that makes no file of a report."""
    arguments = json.loads(job.arguments)
    ref = str(arguments.get("campaign", ""))
    return next((each for each in EXPORTS.values() if each.job == job.kind and each.arguments(ref) == arguments), None)


def _opened(session: Session, job: Job) -> Any:
    try:
        return (jobs.folder(session.runtime.storage, job.ref) / (job.file or "none")).open("rb")
    except FileNotFoundError:
        raise NotFoundError(f"The file of job {job.ref} is gone. Ask for the same once more.") from None
