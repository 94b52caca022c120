"""The uploads that are there: found, read, and forgotten."""

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from campaigns import audience
from campaigns.audience import Beginning, Reading, erasure
from campaigns.errors import InputError, NotFoundError

_WEEK_MS = 7 * 86_400_000
_HASH_DIGITS = 32
_ID = re.compile(rf"lst_[0-9a-f]{{{_HASH_DIGITS}}}")
_READING = ".reading-"
_CHECK, _LIST, _ASKS, FILE = "check.json", "list.parquet", "asks.json", "file"
_SHOWN = 10
_SIGNATURE = 4
"""Bytes that tell what kind of file it is."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A list: what it is called, where its file is below the folder of uploads, and how it was read."""

    id: str
    name: str
    size: int
    path: Path
    reading: Reading


def folder(storage: Path) -> Path:
    """Return where uploads are; a campaign's list is named relative to it."""
    return storage / "uploads"


def id_of(sha256: str) -> str:
    """Return the id of the list whose file has these bytes; `sha256` in hexadecimal."""
    return f"lst_{sha256[:_HASH_DIGITS].lower()}"


def find(storage: Path, upload_id: str) -> Upload:
    """Return an upload that was read; raises NotFoundError."""
    at = folder(storage) / upload_id
    if not _ID.fullmatch(upload_id) or not (at / _CHECK).exists():
        raise NotFoundError(f"There is no list {upload_id}. Lists stay for a week; upload it again.")
    file = _file(at)
    reading = Reading(**json.loads((at / _CHECK).read_text()))
    return Upload(upload_id, file.name, file.stat().st_size, file.relative_to(folder(storage)), reading)


def read(
    storage: Path, upload_id: str, given: Mapping[str, str], *, zone: str | None, now_ms: int, ask: bool = False
) -> Upload:
    """Read an upload's file as `audience.read` does; as it was read before, it is no more.

    Raises InputError, and then a file that was never of use is not kept, unless there is somebody to `ask` which column
    holds the ids, and no more than that is wanting (`asking`); NotFoundError where there is none.
    """
    at = folder(storage) / upload_id
    if not _ID.fullmatch(upload_id) or not (at / FILE).exists():
        raise _gone(upload_id)
    scratch = folder(storage) / f"{_READING}{secrets.token_hex(8)}"
    try:
        reading = audience.read(_file(at), scratch / _LIST, given, zone=zone, now_ms=now_ms)
        (scratch / _CHECK).write_text(json.dumps(asdict(reading)))
        for name in (_LIST, _CHECK):
            (scratch / name).replace(at / name)
    except InputError:
        if not (at / _CHECK).exists():
            _put_aside(at, ask=ask)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return find(storage, upload_id)


def asking(storage: Path, upload_id: str) -> Beginning | None:
    """Return how a list begins that waits for somebody to say which column holds the ids; None for every other."""
    at = folder(storage) / upload_id
    if not _ID.fullmatch(upload_id) or (at / _CHECK).exists() or not (at / _ASKS).exists():
        return None
    return Beginning(**json.loads((at / _ASKS).read_text()))


def look(storage: Path, upload_id: str) -> tuple[int, bytes]:
    """Return how many bytes an upload's file has, read or not, and the first of them; raises NotFoundError."""
    if not _ID.fullmatch(upload_id) or not is_there(storage, upload_id):
        raise _gone(upload_id)
    with _file(folder(storage) / upload_id).open("rb") as file:
        begins = file.read(_SIGNATURE)
        return file.seek(0, os.SEEK_END), begins


def is_of_use(storage: Path, upload_id: str) -> bool:
    """Whether a list was read, or lacks no more than somebody who says which column holds the ids."""
    at = folder(storage) / upload_id
    return (at / _CHECK).exists() or (at / _ASKS).exists()


def is_there(storage: Path, upload_id: str) -> bool:
    """Whether the file of an upload is there, read or not."""
    return (folder(storage) / upload_id / FILE).exists()


def lay(storage: Path, fresh: Path, upload_id: str) -> None:
    """Put a folder with a whole file in its place; where the same file is there, that one stays."""
    at = folder(storage) / upload_id
    try:
        fresh.rename(at)
    except OSError:
        # A week from now on.
        (at / FILE).touch()
        shutil.rmtree(fresh, ignore_errors=True)


def latest(storage: Path, most: int) -> list[Upload]:
    """Return the uploads that were read last."""
    checks = sorted(folder(storage).glob(f"lst_*/{_CHECK}"), key=lambda at: at.stat().st_mtime, reverse=True)
    return [find(storage, at.parent.name) for at in checks[:most]]


def parquet(storage: Path, upload_id: str) -> Path:
    """Return where the list is as it was read; raises NotFoundError."""
    find(storage, upload_id)
    return folder(storage) / upload_id / _LIST


def rejects(storage: Path, upload_id: str) -> pl.DataFrame:
    """Return the lines that cannot be used, as `audience.rejects` has them; raises NotFoundError."""
    return audience.rejects(parquet(storage, upload_id))


def forget_naming(storage: Path, recipient_id: str, *, dry_run: bool) -> int:
    """Remove every upload that names a person, and return how many; a dry run only counts.

    One that waits for its columns to be told goes where its file may name them.
    """
    lists = list(folder(storage).glob("lst_*"))
    naming = [at for at in lists if (at / _LIST).exists() and erasure.names(at / _LIST, recipient_id)]
    waiting = [at for at in lists if (at / _ASKS).exists() and not (at / _LIST).exists()]
    naming += [at for at in waiting if _may_name(at, recipient_id)]
    for at in () if dry_run else naming:
        shutil.rmtree(at, ignore_errors=True)
    return len(naming)


def _may_name(at: Path, recipient_id: str) -> bool:
    # How it begins is kept beside it, and names people as well.
    return any(erasure.may_name(file, recipient_id) for file in at.rglob("*") if file.is_file())


def sweep(storage: Path, now_ms: int) -> None:
    """Remove what nobody has touched for a week."""
    for at in folder(storage).iterdir():
        if now_ms - _touched(at) * 1000 > _WEEK_MS:
            shutil.rmtree(at, ignore_errors=True)


def _touched(at: Path) -> float:
    """Return when the latest of a folder and what lies in it was written, in epoch seconds."""
    try:
        if (at / _CHECK).exists():
            return (at / _CHECK).stat().st_mtime
        return max(each.stat().st_mtime for each in (at, *at.iterdir()))
    except (FileNotFoundError, NotADirectoryError):
        return float("inf")


def _put_aside(at: Path, *, ask: bool) -> None:
    """Keep a file that could not be read, and how it begins, where only its ids' column has to be named; or drop it.

    Where somebody is asked already, it stays for them.
    """
    if not ask and (at / _ASKS).exists():
        return
    begins = None
    if ask:
        with contextlib.suppress(InputError):
            begins = audience.beginning(_file(at), _SHOWN)
    if begins is None:
        shutil.rmtree(at, ignore_errors=True)
    else:
        (at / _ASKS).write_text(json.dumps(asdict(begins)))


def _gone(upload_id: str) -> NotFoundError:
    return NotFoundError(f"The file of {upload_id} is gone. Lists stay for a week; upload it again.")


def _file(at: Path) -> Path:
    return next((at / FILE).iterdir())
