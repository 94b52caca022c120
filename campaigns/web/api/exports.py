"""People as files: who wrote to a page, and who must not be messaged."""

from collections.abc import Callable, Iterator
from pathlib import Path as File
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from campaigns.campaign_file import milliseconds
from campaigns.lifecycle import optouts, roster
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.files import CSV, MEDIA, file, opened, streamed
from schemas.api.exports import ExportKind
from schemas.api.reports import Kind
from schemas.right import Right

Wanted = Annotated[ExportKind, Path(description="What the file is.")]

router = APIRouter()

_MEDIA = {ExportKind.CSV: CSV, ExportKind.PARQUET: MEDIA[Kind.PARQUET]}


@router.get("/contacts/export.{kind}", name="export", tags=["contacts"], **file(*_MEDIA.values()), **may(Right.READ))
async def written_to(
    desk: Here,
    kind: Wanted,
    page: Annotated[str, Query(description="The page they wrote to.", examples=["acme"])],
    is_open: Annotated[bool, Query(alias="open", description="Only those whose window is open.")] = False,
    min_left: Annotated[str, Query(description="Only those with at least this long left.", examples=["2h"])] = "0m",
) -> StreamingResponse:
    """Return the people of a page as a list that a campaign can use, the first window to close first."""
    left_ms = milliseconds(min_left, "query.min_left")

    def listed(conn: Connection) -> Iterator[dict[str, Any]]:
        return roster.people(conn, page, is_open=is_open, left_ms=left_ms)

    found = await desk.heavily(lambda: _written(desk, kind, listed, roster.COLUMNS))
    return streamed(found, _MEDIA[kind], f"contacts.{kind}")


@router.get(
    "/suppressions/export.{kind}", name="export", tags=["suppressions"], **file(*_MEDIA.values()), **may(Right.READ)
)
async def opted_out(desk: Here, kind: Wanted) -> StreamingResponse:
    """Return everybody who is suppressed, oldest first, as a file that an import of opt-outs understands."""
    found = await desk.heavily(lambda: _written(desk, kind, optouts.everybody, optouts.COLUMNS))
    return streamed(found, _MEDIA[kind], f"suppressions.{kind}")


def _written(
    desk: Desk,
    kind: ExportKind,
    listed: Callable[[Connection], Iterator[dict[str, Any]]],
    columns: tuple[str, ...],
) -> BinaryIO:
    def write(folder: File) -> File:
        path = folder / "people"
        with desk.runtime.reading() as conn:
            if kind is ExportKind.PARQUET:
                roster.write_parquet(path, listed(conn), columns)
            else:
                with path.open("x", newline="", encoding="utf-8") as out:
                    roster.write_csv(out, listed(conn), columns)
        return path

    return opened(write)
