"""A list that arrives in one go."""

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from campaigns.errors import StateError
from campaigns.uploads import stored
from campaigns.uploads.stored import FILE, Upload

_INCOMING = ".incoming-"
_ODD = re.compile(r"[^\w.() -]+")
_LONGEST_NAME = 100
_SPARE = 1024**3
"""Bytes that stay free on the disk: the database must find room as well."""


class Incoming:
    """A file that is being written; it is an upload once it is laid.

    `size` is how long it will be, where that is known. Raises StateError where the disk is full.
    """

    def __init__(self, storage: Path, name: str, size: int = 0) -> None:
        if size:
            refuse_full(storage, size)
        self._storage = storage
        self._folder = fresh(storage)
        self.name = cleaned(name)
        self._file: BinaryIO = (self._folder / FILE / self.name).open("wb")
        self._hash = hashlib.sha256()
        self.size = 0
        self.begins = b""
        """The first part, which tells what kind of file it is."""

    def write(self, part: bytes) -> None:
        """Add to the file."""
        self._file.write(part)
        self._hash.update(part)
        self.begins = self.begins or part
        self.size += len(part)

    def laid(self) -> str:
        """Put the file in its place, to be read; return the upload's id."""
        self._file.close()
        upload_id = stored.id_of(self._hash.hexdigest())
        stored.lay(self._storage, self._folder, upload_id)
        return upload_id

    def kept(self, storage: Path, given: Mapping[str, str], *, zone: str | None, now_ms: int) -> Upload:
        """Read the list as `audience.read` does, and keep it; raises InputError, and then it is not kept."""
        return stored.read(storage, self.laid(), given, zone=zone, now_ms=now_ms)

    def close(self) -> None:
        """Remove what was not laid."""
        self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def incoming(storage: Path, name: str, now_ms: int) -> Iterator[Incoming]:
    """Begin an upload; `name` is what its sender calls the file. Uploads older than a week are removed."""
    prepared(storage, now_ms)
    begun = Incoming(storage, name)
    try:
        yield begun
    finally:
        begun.close()


def prepared(storage: Path, now_ms: int) -> None:
    """Make the folder of uploads, and remove from it what is old."""
    stored.folder(storage).mkdir(parents=True, exist_ok=True)
    stored.sweep(storage, now_ms)


def fresh(storage: Path) -> Path:
    """Make a folder that can be laid once a file is in it."""
    at = stored.folder(storage) / f"{_INCOMING}{secrets.token_hex(8)}"
    (at / FILE).mkdir(parents=True)
    return at


def refuse_full(storage: Path, size: int, spare: int = _SPARE) -> None:
    """Raise StateError where a file of `size` bytes would leave the disk fewer than `spare` bytes."""
    if shutil.disk_usage(storage).free < size + spare:
        raise StateError(f"There is no room for {size:,} bytes more on the disk. Make room, and send it again.")


def cleaned(name: str) -> str:
    """Return a file's name without what would lead elsewhere."""
    return _ODD.sub("_", Path(name).name).strip(". ")[:_LONGEST_NAME] or "list"
