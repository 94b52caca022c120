"""Opt-outs that come as a file."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Query, Request

from campaigns.audience.exports import Export, read_export
from campaigns.errors import UsageError
from campaigns.lifecycle import optouts
from campaigns.runtime import changing
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.files import received, uploading
from schemas.api.envelope import Answer
from schemas.api.exports import Imported
from schemas.right import Right

router = APIRouter(prefix="/suppressions", tags=["suppressions"])

_LARGEST = 512 * 1024**2
"""Bytes of one file: ten million ids with a few columns."""


@router.post("/import", **uploading(may(Right.SUPPRESS)))
async def import_(
    desk: Here,
    request: Request,
    *,
    column: Annotated[str | None, Query(description="The header of the recipient ids.", examples=["igsid"])] = None,
    status: Annotated[str | None, Query(description="The header that says who opted out.")] = None,
    every_row: Annotated[bool, Query(description="Everybody in the file, whatever its other columns say.")] = False,
    page: Annotated[str | None, Query(description="This page's account only.", examples=["acme"])] = None,
    note: Annotated[str, Query(max_length=1_000, description="Why, for people.")] = "",
    dry_run: Annotated[bool, Query(description="Say what the lines mean, and change nothing.")] = False,
) -> Answer[Imported]:
    """Never message those who opted out by a file, sent as the body: a plain list of ids, or another tool's export.

    Of a file with a column for it (opted_out, unsubscribed, blocked, status, …) only those rows count.
    """
    if status and every_row:
        raise UsageError("query.status and query.every_row contradict each other. Give one of them.")
    with TemporaryDirectory(prefix="pagecast-") as folder:
        body = Path(folder) / "list"
        await received(request, body, _LARGEST)
        scratch = Path(folder) / "read"
        scratch.mkdir()
        export = await desk.heavily(
            lambda: read_export(body, scratch, column=column, status=status, every_row=every_row)
        )
    return said(await desk.heavily(lambda: _imported(desk, export, page, note, dry_run=dry_run)))


def _imported(desk: Desk, export: Export, page: str | None, note: str, *, dry_run: bool) -> Imported:
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        done = optouts.bring(conn, export, page, note=note or "from the API", now=now, actor=desk.actor)
    return optouts.told(export, done, page, dry_run=dry_run)
