"""Lists of recipients: sent as they are, checked as they arrive, and kept for a week until campaigns use them."""

from collections.abc import AsyncIterator
from pathlib import Path as File
from tempfile import TemporaryDirectory
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response

from campaigns import uploads
from campaigns.errors import UsageError
from campaigns.report.results import write_csv
from campaigns.uploads import Incoming, Upload
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import said
from schemas.api.envelope import Answer
from schemas.api.lists import Checked
from schemas.right import Right

router = APIRouter(prefix="/lists", tags=["lists"])

LARGEST = 2 * 1024**3
"""Bytes of one list: ten million people with a few columns."""
_PART = 1024 * 1024
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself: CSV, JSONL, XLSX or Parquet. What it is is told by its content.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

Id = Annotated[str, Path(description="The list's id.", examples=["lst_0123456789abcdef0123456789abcdef"])]


_UPLOADING = may(Right.UPLOAD)


@router.post(
    "",
    status_code=201,
    dependencies=_UPLOADING["dependencies"],
    openapi_extra={**_UPLOADING["openapi_extra"], **_BODY},
)
async def upload(
    desk: Here,
    request: Request,
    name: Annotated[str, Query(description="What you call the file.", examples=["people.csv"])] = "list",
    column: Annotated[
        list[str] | None, Query(description="NAME=HEADER where a header differs, such as recipient_id=ig_id.")
    ] = None,
    zone: Annotated[str | None, Query(description="The zone of times that name none.")] = None,
) -> Answer[Checked]:
    """Send a list as the body, of any length; the same file is the same list. A list of no use is not kept."""
    given = _given(column or [])
    now = await run_sync(desk.now)
    with uploads.incoming(desk.runtime.storage, name, now) as incoming:
        async for part in _parts(request):
            await run_sync(_write, incoming, part)
        kept = await desk.heavily(lambda: incoming.kept(desk.runtime.storage, given, zone=zone, now_ms=now))
    return said(_checked(kept))


@router.get("/{list_id}", **may(Right.READ))
def checked(desk: Here, list_id: Id) -> Answer[Checked]:
    """Say what a list was read as."""
    return said(_checked(uploads.find(desk.runtime.storage, list_id)))


@router.get("/{list_id}/rejects.csv", response_class=Response, **may(Right.READ))
def rejects(desk: Here, list_id: Id) -> Response:
    """Return the lines that cannot be used: line, column, value, rule and what it means."""
    unusable = uploads.rejects(desk.runtime.storage, list_id)
    with TemporaryDirectory(prefix="pagecast-") as folder:
        exact, safe = File(folder) / "rejects.parquet", File(folder) / "rejects.csv"
        unusable.write_parquet(exact)
        write_csv(exact, safe)
        return Response(safe.read_bytes(), media_type="text/csv; charset=utf-8")


async def _parts(request: Request) -> AsyncIterator[bytes]:
    """Yield a body in parts of a megabyte, so that no more of it is in memory; raises 413 for one without end."""
    held, total = bytearray(), 0
    async for part in request.stream():
        held += part
        total += len(part)
        if total > LARGEST:
            raise HTTPException(413, f"A list has at most {LARGEST:,} bytes. Send it in several.")
        if len(held) >= _PART:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _write(incoming: Incoming, part: bytes) -> None:
    incoming.write(part)


def _given(pairs: list[str]) -> dict[str, str]:
    given = {}
    for pair in pairs:
        name, equals, header = (part.strip() for part in pair.partition("="))
        if not (name and equals and header):
            raise UsageError("query.column is NAME=HEADER, such as recipient_id=ig_id. Repeat it for several.")
        given[name] = header
    return given


def _checked(upload: Upload) -> Checked:
    reading = upload.reading
    return Checked(
        id=upload.id,
        name=upload.name,
        size=upload.size,
        rows=reading.rows,
        usable=reading.usable,
        rejected=reading.rejected,
        duplicates=reading.duplicates,
        columns=reading.columns,
        mapping=reading.mapping,
        warnings=reading.warnings,
    )
