"""A list that arrives piece by piece: what is there stays, and the next piece goes on behind it.

Whoever sends says first how long the file is and which SHA-256 it has. Its id follows from that hash and its sender, so
that who begins again after a break finds what is there, and nobody else's pieces get in between.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from campaigns.errors import InputError, NotFoundError, StateError
from campaigns.uploads import stored
from campaigns.uploads.incoming import cleaned, fresh, prepared, refuse_full
from campaigns.uploads.stored import FILE

LARGEST = 64 * 1024**3
"""Bytes of a whole file."""
_ABOUT, _BYTES = "about.json", "bytes"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"upl_[0-9a-f]{32}")
_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Partial:
    """A file of `size` bytes, of which the first `offset` are there. `sender` is whoever began it."""

    id: str
    name: str
    size: int
    sha256: str
    sender: str
    offset: int = 0

    @property
    def upload_id(self) -> str:
        """The id that it has once it is whole."""
        return stored.id_of(self.sha256)


class Pieces:
    """The end of a partial file, while one request writes to it."""

    def __init__(self, file: BinaryIO, partial: Partial) -> None:
        self._file = file
        self._size = partial.size
        self.offset = partial.offset

    def write(self, part: bytes) -> None:
        """Add to the file; raises InputError where it would be longer than was said."""
        if self.offset + len(part) > self._size:
            raise InputError(f"The file was to have {self._size:,} bytes, and more came. Begin with the right size.")
        self._file.write(part)
        self.offset += len(part)


def begin(storage: Path, sender: str, name: str, *, size: int, sha256: str, now_ms: int) -> Partial:
    """Begin a file, or find what is there of it; raises InputError, or StateError where the disk is full."""
    if not _SHA256.fullmatch(sha256):
        raise InputError("sha256 is the SHA-256 of the whole file in 64 hexadecimal digits, as `sha256sum` prints it.")
    if size > LARGEST:
        raise InputError(f"A list has at most {LARGEST:,} bytes. Send it in several.")
    prepared(storage, now_ms)
    partial_id = f"upl_{hashlib.sha256(f'{sender} {sha256}'.encode()).hexdigest()[:_DIGITS]}"
    begun = Partial(partial_id, cleaned(name), size, sha256, sender)
    at = stored.folder(storage) / partial_id
    if stored.is_there(storage, begun.upload_id):
        (at / _BYTES).unlink(missing_ok=True)
        begun = Partial(partial_id, cleaned(name), size, sha256, sender, offset=size)
    elif not (at / _ABOUT).exists() or find(storage, partial_id, sender).size != size:
        refuse_full(storage, size)
        at.mkdir(exist_ok=True)
        (at / _BYTES).write_bytes(b"")
    else:
        return find(storage, partial_id, sender)
    at.mkdir(exist_ok=True)
    (at / _ABOUT).write_text(json.dumps(asdict(begun)))
    return begun


def find(storage: Path, partial_id: str, sender: str) -> Partial:
    """Return how far a file is; raises NotFoundError, for another sender's as well."""
    at = stored.folder(storage) / partial_id
    if not _ID.fullmatch(partial_id) or not (at / _ABOUT).exists():
        raise _unknown(partial_id)
    found = Partial(**json.loads((at / _ABOUT).read_text()))
    if found.sender != sender:
        raise _unknown(partial_id)
    there = (at / _BYTES).stat().st_size if (at / _BYTES).exists() else found.offset
    return Partial(found.id, found.name, found.size, found.sha256, found.sender, offset=there)


@contextmanager
def going_on(storage: Path, partial: Partial, offset: int) -> Iterator[Pieces]:
    """Write behind what is there, from `offset` on; raises StateError where that is not its end, or somebody writes."""
    if partial.offset == partial.size:
        _refuse_gap(partial, offset)
        with Path(os.devnull).open("wb") as nowhere:
            yield Pieces(nowhere, partial)
        return
    with (stored.folder(storage) / partial.id / _BYTES).open("ab", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError("Another request sends a piece of this file now. Wait until it has ended.") from None
        # Since it was looked for, somebody may have written.
        now = find(storage, partial.id, partial.sender)
        _refuse_gap(now, offset)
        yield Pieces(file, now)


def laid(storage: Path, partial_id: str, sha256: str) -> str:
    """Put a whole file in its place, to be read, and return the upload's id; said again, it is the same.

    Raises InputError where the bytes are others than were announced; they are dropped then. NotFoundError where there
    are none.
    """
    at, upload_id = stored.folder(storage) / partial_id, stored.id_of(sha256)
    if not stored.is_there(storage, upload_id):
        if not (at / _BYTES).exists():
            raise _unknown(partial_id)
        _check(at, sha256)
        name = str(json.loads((at / _ABOUT).read_text())["name"])
        ready = fresh(storage)
        (at / _BYTES).rename(ready / FILE / name)
        stored.lay(storage, ready, upload_id)
    shutil.rmtree(at, ignore_errors=True)
    return upload_id


def _check(at: Path, sha256: str) -> None:
    with (at / _BYTES).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        shutil.rmtree(at, ignore_errors=True)
        raise InputError("The file that arrived has another SHA-256 than was announced. Send it again from the start.")


def _refuse_gap(partial: Partial, offset: int) -> None:
    if offset != partial.offset:
        raise StateError(f"{partial.offset:,} bytes are there, so the next piece begins at {partial.offset}.")


def _unknown(partial_id: str) -> NotFoundError:
    return NotFoundError(f"There is no upload {partial_id} under way. Begin it again; pieces stay for a week.")
