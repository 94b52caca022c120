"""Database and stored lists as one file, taken while everything runs.

Files are copied by SQLite's own online backup, in an order: the inbox first, so that a webhook body that is applied
meanwhile is open there and is applied once more, which changes nothing; then the database, so that every list that it
names is stored already. No secret is in any of them.
"""

import contextlib
import json
import os
import secrets
import sqlite3
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from campaigns import inbox, migrations
from campaigns.errors import InputError, StateError
from campaigns.home import DATABASE
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings

MANIFEST = "manifest.json"
STORAGE = "storage"
_PAGES = 2_000
_COMPRESSION = 3


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is: when it was made (epoch ms, by the database's clock), in which shape, by which version."""

    made_at: int
    shape: str
    pagecast: str


@dataclass(frozen=True, slots=True)
class BackedUp:
    """`files` counts the stored lists and plans; `size` is the backup's in bytes."""

    manifest: Manifest
    files: int
    size: int


def database_file(settings: Settings) -> Path:
    """Return the file of the SQLite database that the settings name."""
    return Path(settings.database_url.removeprefix("sqlite:///")) if settings.database_url else settings.sqlite_path


def refuse_server(settings: Settings) -> None:
    """Raise StateError where the database is not a file."""
    if settings.database_url and not settings.database_url.startswith("sqlite:"):
        raise StateError(
            f"The database is a server: use its own backup (pg_dump), and copy {settings.storage} with it."
        )


def backup(runtime: Runtime, out: Path) -> BackedUp:
    """Write a backup to `out`: plain for `.tar`, compressed otherwise. It appears only when it is whole.

    Raises InputError where it cannot be written.
    """
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with TemporaryDirectory(prefix="pagecast-", dir=out.parent) as scratch:
            manifest = _copy(runtime, Path(scratch))
            (Path(scratch) / MANIFEST).write_text(json.dumps(asdict(manifest)))
            with _opened(part, plain=out.suffix == ".tar") as archive:
                for name in (MANIFEST, DATABASE, inbox.FILE):
                    if (made := Path(scratch) / name).exists():
                        archive.add(made, name)
                files = _add_stored(archive, runtime.storage)
        size = part.stat().st_size
        part.replace(out)
    except OSError as error:
        raise InputError(f"Cannot write {out}: {error.strerror or error}. Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)
    return BackedUp(manifest, files, size)


def _copy(runtime: Runtime, folder: Path) -> Manifest:
    with runtime.reading() as conn:
        made_at = now_of(conn)
    bodies = runtime.settings.home / inbox.FILE
    if bodies.exists():
        _copy_file(bodies, folder / inbox.FILE)
    _copy_file(database_file(runtime.settings), folder / DATABASE)
    return Manifest(made_at, migrations.HEAD, version("pagecast"))


def _copy_file(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        # Some pages at a time, so that no claim waits for the whole copy.
        live.backup(copy, pages=_PAGES, sleep=0.001)
        copy.execute("PRAGMA journal_mode=DELETE")


@contextlib.contextmanager
def _opened(part: Path, *, plain: bool) -> Iterator[tarfile.TarFile]:
    """Open a new archive that only this user may read; on disk when it is closed."""
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with _archive(file, plain=plain) as archive:
            yield archive
        file.flush()
        os.fsync(file.fileno())


def _archive(file: BinaryIO, *, plain: bool) -> tarfile.TarFile:
    if plain:
        return tarfile.open(fileobj=file, mode="w")
    return tarfile.open(fileobj=file, mode="w:gz", compresslevel=_COMPRESSION)


def _add_stored(archive: tarfile.TarFile, storage: Path) -> int:
    """Add every stored file; what is being written, and locks, are nobody's content."""
    files = 0
    for path in sorted(storage.rglob("*")):
        inside = path.relative_to(storage)
        if not path.is_file() or path.suffix == ".lock" or any(part.startswith(".") for part in inside.parts):
            continue
        # A draft may be replaced meanwhile.
        with contextlib.suppress(FileNotFoundError):
            archive.add(path, f"{STORAGE}/{inside.as_posix()}", recursive=False)
            files += 1
    return files
