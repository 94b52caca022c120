"""Lists that came in by upload, on disk until campaigns are made of them; a week later they are gone.

Each is a folder named by the hash of the file's bytes, so the same file sent twice is one list: the file itself, what
it was read as, and what there is to say about it.
"""

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from campaigns import audience
from campaigns.audience import Reading, erasure
from campaigns.errors import NotFoundError

_WEEK_MS = 7 * 86_400_000
_HASH_DIGITS = 32
_ID = re.compile(rf"lst_[0-9a-f]{{{_HASH_DIGITS}}}")
_INCOMING = ".incoming-"
_ODD = re.compile(r"[^\w.() -]+")
_LONGEST_NAME = 100
_CHECK, _LIST, _FILE = "check.json", "list.parquet", "file"


@dataclass(frozen=True, slots=True)
class Upload:
    """A list: what it is called, where its file is below the folder of uploads, and how it was read."""

    id: str
    name: str
    size: int
    path: Path
    reading: Reading


class Incoming:
    """A file that is being written; it is an upload once it is `kept`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.name = _ODD.sub("_", Path(name).name).strip(". ")[:_LONGEST_NAME] or "list"
        (folder / _FILE).mkdir(parents=True)
        self._file: BinaryIO = (folder / _FILE / self.name).open("wb")
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, part: bytes) -> None:
        """Add to the file."""
        self._file.write(part)
        self._hash.update(part)
        self.size += len(part)

    def kept(self, storage: Path, given: Mapping[str, str], *, zone: str | None, now_ms: int) -> Upload:
        """Read the list as `audience.read` does, and keep it; raises InputError, and then it is not kept."""
        self._file.close()
        source = self._folder / _FILE / self.name
        reading = audience.read(source, self._folder / _LIST, given, zone=zone, now_ms=now_ms)
        (self._folder / _CHECK).write_text(json.dumps(asdict(reading)))
        upload_id = f"lst_{self._hash.hexdigest()[:_HASH_DIGITS]}"
        _settle(self._folder, folder(storage) / upload_id)
        return find(storage, upload_id)

    def close(self) -> None:
        """Remove what was not kept."""
        self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def folder(storage: Path) -> Path:
    """Return where uploads are; a campaign's list is named relative to it."""
    return storage / "uploads"


@contextmanager
def incoming(storage: Path, name: str, now_ms: int) -> Iterator[Incoming]:
    """Begin an upload; `name` is what its sender calls the file. Uploads older than a week are removed."""
    folder(storage).mkdir(parents=True, exist_ok=True)
    _sweep(folder(storage), now_ms)
    begun = Incoming(folder(storage) / f"{_INCOMING}{secrets.token_hex(8)}", name)
    try:
        yield begun
    finally:
        begun.close()


def find(storage: Path, upload_id: str) -> Upload:
    """Return an upload; raises NotFoundError."""
    at = folder(storage) / upload_id
    if not _ID.fullmatch(upload_id) or not (at / _CHECK).exists():
        raise NotFoundError(f"There is no list {upload_id}. Lists stay for a week; upload it again.")
    file = next((at / _FILE).iterdir())
    reading = Reading(**json.loads((at / _CHECK).read_text()))
    return Upload(upload_id, file.name, file.stat().st_size, file.relative_to(folder(storage)), reading)


def rejects(storage: Path, upload_id: str) -> pl.DataFrame:
    """Return the lines that cannot be used, as `audience.rejects` has them; raises NotFoundError."""
    find(storage, upload_id)
    return audience.rejects(folder(storage) / upload_id / _LIST)


def forget_naming(storage: Path, recipient_id: str, *, dry_run: bool) -> int:
    """Remove every upload that names a person, and return how many; a dry run only counts."""
    naming = [at for at in folder(storage).glob("lst_*") if erasure.names(at / _LIST, recipient_id)]
    for at in () if dry_run else naming:
        shutil.rmtree(at, ignore_errors=True)
    return len(naming)


def _settle(fresh: Path, at: Path) -> None:
    """Put an upload in its place; where the same file is there, only how it was read is new."""
    try:
        fresh.rename(at)
    except OSError:
        for name in (_LIST, _CHECK):
            (fresh / name).replace(at / name)


def _sweep(uploads: Path, now_ms: int) -> None:
    for at in uploads.iterdir():
        newest = at / _CHECK if (at / _CHECK).exists() else at
        try:
            old = now_ms - newest.stat().st_mtime * 1000 > _WEEK_MS
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(at, ignore_errors=True)
