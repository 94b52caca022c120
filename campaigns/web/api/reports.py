"""A campaign's report, at any time: as JSON, as a page, and row by row as a file."""

from dataclasses import asdict
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Response

from campaigns.report import remainder as remaining
from campaigns.web.api.campaigns import Ref
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.files import CSV, HTML, MEDIA, file
from campaigns.web.api.promise import ACCEPTED, Prefer, answer, of_campaign
from schemas.api.envelope import Answer
from schemas.api.reports import Kind, Left
from schemas.job import JobKind
from schemas.right import Right
from schemas.summary import Summary

Wanted = Annotated[Kind, Path(description="What the file is.")]

router = APIRouter(prefix="/campaigns/{ref}", tags=["reports"])


def _late(*media: str) -> dict[str, Any]:
    """Return what a route's decorator takes to document a file that may be a job's."""
    found = file(*media)
    return found | {"responses": found["responses"] | ACCEPTED}


@router.get("/report", response_model=Answer[Summary], responses=ACCEPTED, **may(Right.READ))
async def report(desk: Here, ref: Ref, prefer: Prefer = "") -> Response:
    """Return the report's numbers: totals that add up, reasons, pages, pace, replies, and what happened."""
    return await _answer(desk, ref, JobKind.REPORT, prefer)


@router.get("/report.html", **_late(HTML), **may(Right.READ))
async def page(desk: Here, ref: Ref, prefer: Prefer = "") -> Response:
    """Return the report as one page with its charts, which needs nothing else."""
    return await _answer(desk, ref, JobKind.PAGE, prefer)


@router.get("/results.{kind}", **_late(*MEDIA.values()), **may(Right.READ))
async def results(desk: Here, ref: Ref, kind: Wanted, prefer: Prefer = "") -> Response:
    """Return one row a row of the list, with what became of it; CSV and XLSX hold no formula."""
    return await _answer(desk, ref, JobKind.RESULTS, prefer, kind=kind.value)


@router.get("/skipped.csv", **_late(CSV), **may(Right.PLAN))
async def skipped(desk: Here, ref: Ref, prefer: Prefer = "") -> Response:
    """Return who would not get the message by its plan: line, recipient id, reason and what it means."""
    return await _answer(desk, ref, JobKind.SKIPPED, prefer)


@router.get("/remainder", **may(Right.REMAINDER))
async def left(desk: Here, ref: Ref) -> Answer[Left]:
    """Say how many people were not reached, and how many of them cannot be sent to as they are."""
    return said(await desk.heavily(lambda: _left(desk, ref)))


@router.get("/remainder.csv", **_late(CSV), **may(Right.REMAINDER))
async def remainder(desk: Here, ref: Ref, prefer: Prefer = "") -> Response:
    """Return everyone who was not reached, in the columns of the list, as the next one; cells stay as they were."""
    return await _answer(desk, ref, JobKind.REMAINDER, prefer)


def _left(desk: Desk, ref: str) -> Left:
    found = desk.campaign(ref)
    with desk.runtime.reading() as conn:
        return Left(**asdict(remaining(conn, desk.runtime.storage, found.id or 0, None)))


async def _answer(desk: Desk, ref: str, job: JobKind, prefer: str, **arguments: str) -> Response:
    work = await run_sync(lambda: of_campaign(desk, job, ref, **arguments))
    return await answer(desk, work, prefer)
