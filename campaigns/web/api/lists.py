"""Lists of recipients: sent as they are or fetched, read as they arrive, and kept for a week for campaigns to use."""

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ValidationError

from campaigns import uploads
from campaigns.errands import fetch
from campaigns.errands.lists import checked as shown
from campaigns.errors import InputError, NotFoundError
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.files import CSV, file
from campaigns.web.api.pieces import LARGEST_REQUEST, Column, Zone, given, parts
from campaigns.web.api.promise import ACCEPTED, SMALL_ROWS, Prefer, Work, answer, is_small
from schemas.api.envelope import Answer
from schemas.api.jobs import Fetch
from schemas.api.lists import Checked
from schemas.job import JobKind
from schemas.right import Right

router = APIRouter(prefix="/lists", tags=["lists"])

LARGEST = 2 * 1024**3
"""Bytes of one body; what is longer comes in pieces."""
_BODY = {
    "requestBody": {
        "required": True,
        "description": (
            "The file itself: CSV, JSONL, XLSX or Parquet. What it is is told by its content. As `application/json`: "
            "where to fetch it from."
        ),
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": Fetch.model_json_schema()},
        },
    }
}

Id = Annotated[str, Path(description="The list's id.", examples=["lst_0123456789abcdef0123456789abcdef"])]
Name = Annotated[str, Query(description="What you call the file.", examples=["people.csv"])]

_UPLOADING = may(Right.UPLOAD)


# `curl -T` puts; what a list is called is in its content, so there is nothing to tell the two apart by.
@router.put("", include_in_schema=False, dependencies=_UPLOADING["dependencies"])
@router.post(
    "",
    status_code=201,
    response_model=Answer[Checked],
    responses=ACCEPTED,
    dependencies=_UPLOADING["dependencies"],
    openapi_extra={**_UPLOADING["openapi_extra"], **_BODY},
)
async def upload(
    desk: Here,
    request: Request,
    *,
    name: Name = "",
    column: Column = None,
    zone: Zone = None,
    prefer: Prefer = "",
) -> Response:
    """Send a list as the body, or say where it lies; the same file is the same list. A list of no use is not kept.

    A long list is read by a job, and so is one that is fetched.
    """
    how = {"given": given(column or []), "zone": zone}
    if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        what: dict[str, Any] = {"url": await _address(desk, request), "name": name}
        return await answer(desk, Work(JobKind.LIST, what | how, small=False, status=201), prefer)
    now = await run_sync(desk.now)
    with uploads.incoming(desk.runtime.storage, name or "list", now) as incoming:
        async for part in parts(request, LARGEST):
            await run_sync(incoming.write, part)
        small = is_small(incoming.size, incoming.begins)
        what = {"list": await run_sync(incoming.laid)}
    return await answer(desk, Work(JobKind.LIST, what | how, small=small, status=201), prefer)


@router.get("", **may(Right.READ))
def known(
    desk: Here,
    sha256: Annotated[str, Query(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file, in hexadecimal.")],
) -> Answer[list[Checked]]:
    """Say whether a file is here already, by the hash of its bytes: then it need not be sent, and its list is told."""
    try:
        return said([shown(uploads.find(desk.runtime.storage, uploads.id_of(sha256)))])
    except NotFoundError:
        return said([])


@router.get("/{list_id}", **may(Right.READ))
def checked(desk: Here, list_id: Id) -> Answer[Checked]:
    """Say what a list was read as; its id is `lst_` and the first 32 digits of its file's SHA-256."""
    return said(shown(uploads.find(desk.runtime.storage, list_id)))


@router.head("/{list_id}", include_in_schema=False, **may(Right.READ))
def is_known(desk: Here, list_id: Id) -> Response:
    """Answer 200 where a list is known, and 404 where it is not."""
    uploads.find(desk.runtime.storage, list_id)
    return Response()


_REJECTS = file(CSV)


@router.get("/{list_id}/rejects.csv", **_REJECTS | {"responses": _REJECTS["responses"] | ACCEPTED}, **may(Right.READ))
async def rejects(desk: Here, list_id: Id, prefer: Prefer = "") -> Response:
    """Return the lines that cannot be used: line, column, value, rule and what it means."""
    found = await run_sync(uploads.find, desk.runtime.storage, list_id)
    small = found.reading.rows <= SMALL_ROWS
    return await answer(desk, Work(JobKind.REJECTS, {"list": found.id}, small=small), prefer)


async def _address(desk: Desk, request: Request) -> str:
    """Return the URL that a body names; raises InputError for what is none."""
    body = b"".join([part async for part in parts(request, LARGEST_REQUEST)])
    try:
        url = Fetch.model_validate_json(body).url
    except ValidationError:
        said = 'As application/json the body is {"url": "https://…"}. Send a list itself as application/octet-stream.'
        raise InputError(said) from None
    fetch.refuse(url, private=desk.runtime.settings.private_receivers)
    return url
