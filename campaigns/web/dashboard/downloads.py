"""Files for browsers: a small campaign's are made at once, a large one's by a job before.

    GET /downloads/campaigns/{ref}/{name}     results.csv, results.parquet, results.xlsx, report.html, summary.json,
                                              remainder.csv
    GET /downloads/lists/{list_id}/rejects.csv
    GET /downloads/jobs/{job}                 the file of a job of the same key

They stand behind the guard like the screens, so there is a session; API routes do not take its cookie.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import BinaryIO

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from nicegui import app

from campaigns import jobs
from campaigns.errors import NotFoundError, PagecastError, StateError
from campaigns.web.api import promise
from campaigns.web.api.files import CSV, HTML, MEDIA, streamed
from campaigns.web.api.promise import Work
from campaigns.web.dashboard.session import Session
from campaigns.web.shield import is_same_origin
from schemas.api.reports import Kind
from schemas.job import Job, JobKind
from schemas.right import Right

_TYPES = {"csv": CSV, "html": HTML, "json": "application/json"} | {str(kind): MEDIA[kind] for kind in Kind}


class Export:
    """One kind of file: its name, and the work that makes it."""

    def __init__(self, name: str, job: JobKind, right: Right = Right.READ, **more: str) -> None:
        self.name = name
        self.job = job
        self.right = right
        self.more = more

    def arguments(self, ref: str) -> dict[str, str]:
        """Return what the work is about."""
        return {"campaign": ref, **self.more}


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
    return await _answered(request, lambda session: _of_campaign(session, ref, name))


@app.get("/downloads/lists/{list_id}/rejects.csv")
async def rejects(request: Request, list_id: str) -> Response:
    """Return the lines of a list that cannot be used."""
    return await _answered(request, lambda session: _of_list(session, list_id))


@app.get("/downloads/jobs/{job}")
async def of_job(request: Request, job: str) -> Response:
    """Return the file that a job has made."""
    return await _answered(request, lambda session: run_sync(_of_job, session, job))


def of(job: Job) -> Export | None:
    """Return what a job makes, None for one that makes no file of a report."""
    arguments = json.loads(job.arguments)
    ref = str(arguments.get("campaign", ""))
    return next((each for each in EXPORTS.values() if each.job == job.kind and each.arguments(ref) == arguments), None)


async def _answered(request: Request, work: Callable[[Session], Awaitable[Response]]) -> Response:
    session: Session = request.scope["state"]["session"]
    if not is_same_origin(request.headers, session.runtime.settings.url):
        return PlainTextResponse("Another site asked for this. Open the dashboard's own address.", 403)
    try:
        return await work(session)
    except PagecastError as error:
        return PlainTextResponse(str(error), 404 if isinstance(error, NotFoundError) else 409)


async def _of_campaign(session: Session, ref: str, name: str) -> Response:
    wanted = EXPORTS.get(name)
    if wanted is None:
        raise NotFoundError(f"There is no file {name}. There are {', '.join(EXPORTS)}.")
    work = await run_sync(_work, session, wanted, ref)
    return await _made(session, work, f"{ref}-{name}")


def _work(session: Session, wanted: Export, ref: str) -> Work:
    session.need(wanted.right)
    work = promise.of_campaign(session.desk, wanted.job, ref, **wanted.more)
    if not work.small:
        raise StateError("This campaign is too large to wait for its files. Ask for them on its screen.")
    return work


async def _of_list(session: Session, list_id: str) -> Response:
    await run_sync(session.need, Right.READ)
    return await _made(session, Work(JobKind.REJECTS, {"list": list_id}, small=True), "rejects.csv")


async def _made(session: Session, work: Work, name: str) -> Response:
    desk = session.desk
    done, file = await desk.heavily(lambda: promise.made(desk, work))
    return _sent(file or BytesIO(done.document.encode()), name)


def _of_job(session: Session, ref: str) -> Response:
    session.need(Right.READ)
    with session.runtime.reading() as conn:
        job = jobs.seen_by(conn, ref, session.key)
    wanted = of(job)
    if wanted is None or job.finished_at is None or (job.file is None and job.result is None):
        raise StateError("This job has no file yet. Its campaign's screen says how far it is.")
    session.need(wanted.right)
    return promise.file_of(session.desk, job) if job.file else _sent(BytesIO((job.result or "").encode()), wanted.name)


def _sent(file: BinaryIO, name: str) -> Response:
    return streamed(file, _TYPES[name.rpartition(".")[2]], name)
