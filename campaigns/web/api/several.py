"""Several campaigns as one report: those that are named, or all that began in a span of time."""

from pathlib import Path as File
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from campaigns.errors import UsageError
from campaigns.lifecycle import find
from campaigns.report.several import Span, began, several, span
from campaigns.report.stacked import stack
from campaigns.runtime import now_of
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.files import CSV, MEDIA, file, streamed
from schemas.api.envelope import Answer
from schemas.api.exports import ExportKind
from schemas.api.reports import Kind
from schemas.campaign import Campaign
from schemas.right import Right
from schemas.several import Several

Wanted = Annotated[ExportKind, Path(description="What the file is.")]

router = APIRouter(prefix="/reports", tags=["reports"])

_MEDIA = {ExportKind.CSV: CSV, ExportKind.PARQUET: MEDIA[Kind.PARQUET]}

Named = Annotated[
    list[str] | None,
    Query(alias="campaign", max_length=100, description="A campaign's id; repeat it.", examples=["k7m2x9qa"]),
]
Since = Annotated[
    str | None, Query(alias="from", description="Instead: those that began on this day of UTC, or at this moment,")
]
Until = Annotated[str | None, Query(alias="to", description="or later, up to the end of this day, or this moment.")]


@router.get("", **may(Right.READ))
async def together(desk: Here, campaigns: Named = None, since: Since = None, until: Until = None) -> Answer[Several]:
    """Return what several campaigns came to: totals that add up, by campaign, page and reason, and the replies."""
    return said(await desk.heavily(lambda: _together(desk, campaigns, since, until)))


@router.get("/results.{kind}", **file(*_MEDIA.values()), **may(Right.READ))
async def rows_together(
    desk: Here, kind: Wanted, campaigns: Named = None, since: Since = None, until: Until = None
) -> StreamingResponse:
    """Return one row a row of each campaign's list, the campaign in front, with what became of it."""
    found = await desk.heavily(lambda: _stacked(desk, kind, campaigns, since, until))
    return streamed(found, _MEDIA[kind], f"results.{kind}")


def _together(desk: Desk, named: list[str] | None, since: str | None, until: str | None) -> Several:
    with desk.runtime.reading() as conn:
        return several(conn, *_chosen(conn, named, since, until))


def _stacked(desk: Desk, kind: ExportKind, named: list[str] | None, since: str | None, until: str | None) -> BinaryIO:
    with TemporaryDirectory(prefix="pagecast-") as folder, desk.runtime.reading() as conn:
        campaigns, when = _chosen(conn, named, since, until)
        summary = several(conn, campaigns, when)
        csv, parquet = stack(conn, desk.runtime.storage, campaigns, summary, File(folder), now_ms=now_of(conn))
        return (csv if kind is ExportKind.CSV else parquet).open("rb")


def _chosen(
    conn: Connection, named: list[str] | None, since: str | None, until: str | None
) -> tuple[list[Campaign], Span | None]:
    if named and not (since or until):
        return [find.exactly(conn, ref) for ref in named], None
    if since and until and not named:
        when = span(since, until, ("query.from", "query.to"))
        return began(conn, when), when
    raise UsageError("Give query.campaign, once or more, or query.from with query.to; not both.")
