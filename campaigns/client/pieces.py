"""A list of any size: small ones go in one body, large ones in pieces, which go on where the connection broke off."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from campaigns.client import flow
from campaigns.client.calls import lists
from campaigns.client.faults import UnreachableError
from campaigns.client.flow import Flow, Work
from campaigns.errors import InputError
from schemas.api.jobs import Begin, Pieces
from schemas.api.lists import Checked

ONE_GO = 64 * 1024**2
"""Bytes that are sent again from the first one where the connection breaks off."""


@dataclass(frozen=True)
class Sending:
    """A file, and how it is to be read; see `calls.lists`."""

    path: Path
    name: str | None
    columns: Mapping[str, str] | None
    zone: str | None


def uploaded(file: Sending, url: str) -> Flow[Checked]:
    """Send a file; return what it was read as. Raises PagecastError."""
    in_one_go = lists.upload(file.path, name=file.name, columns=file.columns, zone=file.zone)
    size = int(in_one_go.headers["Content-Length"])
    if size <= ONE_GO:
        return (yield from flow.done(in_one_go, url))
    digest = yield Work(lambda: _digest(file.path))
    begin = Begin(name=file.name or file.path.name, size=size, sha256=str(digest))
    so_far = yield from flow.done(lists.begin(begin), url)
    if so_far.list and not (file.columns or file.zone):
        return so_far.list
    return (yield from _completed(file, so_far, url))


def _completed(file: Sending, so_far: Pieces, url: str) -> Flow[Checked]:
    breaks = 0
    while True:
        before = so_far.offset
        try:
            came = yield from flow.done(lists.piece(so_far, file.path, columns=file.columns, zone=file.zone), url)
        except UnreachableError:
            if breaks == flow.TRIES:
                raise
            came = yield from flow.done(lists.there(so_far.id), url)
        if isinstance(came, Checked):
            return came
        so_far = came
        breaks = 0 if so_far.offset > before else breaks + 1


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}. Check the path.") from error
