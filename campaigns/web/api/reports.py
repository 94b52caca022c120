"""A campaign's report, at any time: as JSON, as a page, and row by row as a file."""

from pathlib import Path
from typing import BinaryIO

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from campaigns import report as reports
from campaigns.lifecycle.launch import launched_plan
from campaigns.runtime import now_of
from campaigns.web.api.campaigns import Ref
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.files import CSV, HTML, MEDIA, file, opened, streamed
from schemas.api.envelope import Answer
from schemas.api.reports import Kind
from schemas.right import Right
from schemas.summary import Summary

router = APIRouter(prefix="/campaigns/{ref}", tags=["reports"])


@router.get("/report", **may(Right.READ))
async def report(desk: Here, ref: Ref) -> Answer[Summary]:
    """Return the report's numbers: totals that add up, reasons, pages, pace, replies, and what happened."""
    return said(await desk.heavily(lambda: _summary(desk, ref)))


@router.get("/report.html", **file(HTML), **may(Right.READ))
async def page(desk: Here, ref: Ref) -> StreamingResponse:
    """Return the report as one page with its charts, which needs nothing else."""
    found = await desk.heavily(lambda: _written(desk, ref, "report.html"))
    return streamed(found, HTML, "report.html")


@router.get("/results.{kind}", **file(*MEDIA.values()), **may(Right.READ))
async def results(desk: Here, ref: Ref, kind: Kind) -> StreamingResponse:
    """Return one row a row of the list, with what became of it; CSV and XLSX hold no formula."""
    name = f"results.{kind}"
    found = await desk.heavily(lambda: _written(desk, ref, name, xlsx=kind is Kind.XLSX))
    return streamed(found, MEDIA[kind], name)


@router.get("/remainder.csv", **file(CSV), **may(Right.REMAINDER))
async def remainder(desk: Here, ref: Ref) -> StreamingResponse:
    """Return everyone who was not reached, in the columns of the list, as the next one; cells stay as they were."""
    return streamed(await desk.heavily(lambda: _left(desk, ref)), CSV, "remainder.csv")


def _summary(desk: Desk, ref: str) -> Summary:
    with _written(desk, ref, "summary.json") as file:
        return Summary.model_validate_json(file.read())


def _written(desk: Desk, ref: str, name: str, *, xlsx: bool = False) -> BinaryIO:
    found = desk.campaign(ref)
    planned = launched_plan(desk.runtime, found)

    def write(folder: Path) -> Path:
        with desk.runtime.reading() as conn:
            facts = (desk.runtime.storage, found.id or 0, folder, now_of(conn))
            reports.write(conn, *facts, plan=planned, xlsx=xlsx)
        return folder / name

    return opened(write)


def _left(desk: Desk, ref: str) -> BinaryIO:
    found = desk.campaign(ref)

    def write(folder: Path) -> Path:
        with desk.runtime.reading() as conn:
            reports.remainder(conn, desk.runtime.storage, found.id or 0, folder / "remainder.csv")
        return folder / "remainder.csv"

    return opened(write)
