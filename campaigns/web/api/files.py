"""Answers that are files, and bodies that are: written to disk and streamed, so that none has to fit into memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from anyio import open_file
from fastapi import HTTPException, Request
from fastapi.responses import StreamingResponse

from schemas.api.reports import Kind

_PART = 1024 * 1024
CSV = "text/csv; charset=utf-8"
HTML = "text/html; charset=utf-8"

MEDIA = {
    Kind.CSV: CSV,
    Kind.PARQUET: "application/vnd.apache.parquet",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself: CSV, JSONL, XLSX or Parquet. What it is is told by its content.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def file(*media: str) -> dict[str, Any]:
    """Return what a route's decorator takes to document an answer that is a file."""
    content = {each.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}} for each in media}
    return {"response_class": StreamingResponse, "responses": {200: {"content": content, "description": "The file."}}}


def opened(write: Callable[[Path], Path]) -> BinaryIO:
    """Write a file and return it open; its name is gone at once, so that nothing stays however the answer ends."""
    with TemporaryDirectory(prefix="pagecast-") as folder:
        return write(Path(folder)).open("rb")


def streamed(file: BinaryIO, media: str, name: str) -> StreamingResponse:
    """Return an open file as an answer that a browser keeps under `name`; the file is closed behind it."""
    size = file.seek(0, 2)
    file.seek(0)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)}
    return StreamingResponse(_parts(file), media_type=media, headers=headers)


def uploading(may: dict[str, Any]) -> dict[str, Any]:
    """Return what a route's decorator takes whose body is a file; `may` is its right."""
    return may | {"openapi_extra": may["openapi_extra"] | _BODY}


async def received(request: Request, path: Path, most: int) -> None:
    """Write a request's body to a file as it comes; raises an HTTPException with 413 for more than `most` bytes."""
    total = 0
    async with await open_file(path, "wb") as out:
        async for part in request.stream():
            total += len(part)
            if total > most:
                raise HTTPException(413, f"A file has at most {most:,} bytes here. Send it in several.")
            await out.write(part)


def _parts(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while part := file.read(_PART):
            yield part
