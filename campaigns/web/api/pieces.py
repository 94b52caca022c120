"""A list that comes in pieces, and goes on where it broke off."""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response
from starlette.requests import ClientDisconnect

from campaigns import uploads
from campaigns.errands.lists import checked as shown
from campaigns.errors import NotFoundError, UsageError
from campaigns.uploads import partial
from campaigns.uploads.partial import Partial
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.promise import ACCEPTED, SMALL_PACKED, Prefer, Work, answer
from schemas.api.envelope import Answer
from schemas.api.jobs import Begin, Pieces
from schemas.api.lists import Checked
from schemas.job import JobKind
from schemas.right import Right

router = APIRouter(prefix="/lists/uploads", tags=["lists"])

LARGEST_REQUEST = 64 * 1024
"""Bytes of a body that says something and is no file."""
_PART = 1024 * 1024
_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(?:\d{1,15}|\*)")

Id = Annotated[str, Path(description="The upload's id.", examples=["upl_0123456789abcdef0123456789abcdef"])]
Column = Annotated[
    list[str] | None, Query(description="NAME=HEADER where a header differs, such as recipient_id=ig_id.")
]
Zone = Annotated[str | None, Query(description="The zone of times that name none.")]
Offset = Annotated[
    int | None, Header(alias="Upload-Offset", ge=0, description="Where this piece begins; or give `Content-Range`.")
]
_PIECE = may(Right.UPLOAD)
_BODY = {
    "requestBody": {
        "description": "The bytes from the offset on: all that are left, or as many as you like.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_ON_THE_WAY: dict[int | str, dict[str, Any]] = {
    200: {"model": Answer[Pieces], "description": "The piece is there, and more is to come."},
    201: {"model": Answer[Checked], "description": "The file is whole, and this is what it was read as."},
}


@router.post("", status_code=201, **may(Right.UPLOAD))
def begin(desk: Here, wanted: Begin, response: Response) -> Answer[Pieces]:
    """Begin a long list, or find out how much of it is there: said again after a break, it is the same upload."""
    sender = str(desk.key.id)
    storage, now = desk.runtime.storage, desk.now()
    begun = partial.begin(storage, sender, wanted.name, size=wanted.size, sha256=wanted.sha256, now_ms=now)
    response.headers["Location"] = f"/api/v1/lists/uploads/{begun.id}"
    return said(_pieces(desk, begun, response))


@router.get("/{upload_id}", **may(Right.UPLOAD))
def there(desk: Here, upload_id: Id, response: Response) -> Answer[Pieces]:
    """Say how much of a list is there."""
    return said(_pieces(desk, _found(desk, upload_id), response))


@router.head("/{upload_id}", include_in_schema=False, **may(Right.UPLOAD))
def offset(desk: Here, upload_id: Id) -> Response:
    """Say in the headers how much of a list is there."""
    response = Response()
    _pieces(desk, _found(desk, upload_id), response)
    return response


@router.put("/{upload_id}", include_in_schema=False, dependencies=_PIECE["dependencies"])
@router.patch(
    "/{upload_id}",
    response_model=Answer[Pieces],
    responses=_ON_THE_WAY | ACCEPTED,
    dependencies=_PIECE["dependencies"],
    openapi_extra={**_PIECE["openapi_extra"], **_BODY},
)
async def piece(
    desk: Here,
    request: Request,
    upload_id: Id,
    *,
    at: Offset = None,
    column: Column = None,
    zone: Zone = None,
    prefer: Prefer = "",
) -> Response:
    """Send the next piece; what arrived of one that broke off stays. After the last one the list is read.

    An empty piece behind the last byte has it read again, with other columns.
    """
    how = {"given": given(column or []), "zone": zone}
    begins = at if at is not None else _begin_of(request)
    found = await run_sync(_found, desk, upload_id)
    with partial.going_on(desk.runtime.storage, found, begins) as pieces:
        async for part in parts(request, found.size):
            await run_sync(pieces.write, part)
        whole = pieces.offset == found.size
    if whole:
        what = {"partial": found.id, "sha256": found.sha256, **how}
        return await answer(desk, Work(JobKind.LIST, what, small=found.size <= SMALL_PACKED, status=201), prefer)
    return await run_sync(_so_far, desk, upload_id)


async def parts(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield a body in parts of a megabyte, so that no more is in memory; raises 413 for more than `most` bytes."""
    held, total = bytearray(), 0
    with suppress(ClientDisconnect):
        async for part in request.stream():
            held += part
            total += len(part)
            if total > most:
                raise HTTPException(
                    413, f"This body has at most {most:,} bytes. POST /lists/uploads takes longer lists."
                )
            if len(held) >= _PART:
                yield bytes(held)
                held.clear()
        yield bytes(held)
        return
    # What arrived of a piece counts, and nobody waits for the answer.
    yield bytes(held)
    raise ClientDisconnect


def given(pairs: list[str]) -> dict[str, str]:
    """Read NAME=HEADER; raises UsageError."""
    found = {}
    for pair in pairs:
        name, equals, header = (part.strip() for part in pair.partition("="))
        if not (name and equals and header):
            raise UsageError("query.column is NAME=HEADER, such as recipient_id=ig_id. Repeat it for several.")
        found[name] = header
    return found


def _begin_of(request: Request) -> int:
    if named := _RANGE.fullmatch(request.headers.get("content-range", "")):
        return int(named[1])
    raise UsageError("Say where this piece begins: Upload-Offset: 0, or Content-Range: bytes 0-999/5000.")


def _so_far(desk: Desk, upload_id: str) -> Response:
    response = Response(media_type="application/json")
    now = said(_pieces(desk, _found(desk, upload_id), response))
    response.body = now.model_dump_json().encode()
    response.headers["Content-Length"] = str(len(response.body))
    return response


def _found(desk: Desk, upload_id: str) -> Partial:
    return partial.find(desk.runtime.storage, upload_id, str(desk.key.id))


def _pieces(desk: Desk, found: Partial, response: Response) -> Pieces:
    """Return how far a file is, in the headers of a response as well."""
    response.headers.update({"Upload-Offset": str(found.offset), "Upload-Length": str(found.size)})
    try:
        read = shown(uploads.find(desk.runtime.storage, found.upload_id))
    except NotFoundError:
        read = None
    return Pieces(id=found.id, offset=found.offset, size=found.size, list=read)
