"""The opened resources of a process: settings, database and storage, handed down by the entry points."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, text

from campaigns import database, home
from campaigns.errors import InputError
from campaigns.settings import Settings

_SQLITE_NOW = text("SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")
_POSTGRES_NOW = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")


@dataclass(frozen=True)
class Runtime:
    """`reading()` and `writing()` are the only ways to the database; each is one transaction."""

    settings: Settings
    engine: Engine

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the database and make the state folder; raises InputError where either cannot be had."""
        make_private(settings.home)
        settings.storage.mkdir(parents=True, exist_ok=True)
        return cls(settings, database.engine(settings))

    @property
    def storage(self) -> Path:
        """The folder that stored lists live in."""
        return self.settings.storage

    @property
    def staffed(self) -> bool | None:
        """Whether workers are there to send; None where those of other machines may be."""
        return None if self.settings.shared else home.staffed(self.settings.home)

    @property
    def takes_jobs(self) -> bool | None:
        """Whether a process is there that does long work; None where those of other machines may."""
        return None if self.settings.shared else home.takes_jobs(self.settings.home)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent snapshot; never blocks a writer, never waits for one."""
        with self.engine.connect().execution_options(**database.to_read(self.engine)) as conn, conn.begin():
            yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; it holds the write lock from its first moment on where the database has only one."""
        with self.engine.connect().execution_options(**{database.WRITES: True}) as conn, conn.begin():
            yield conn

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


@contextmanager
def changing(runtime: Runtime, *, dry_run: bool) -> Iterator[tuple[Connection, int]]:
    """One writing transaction and its moment in epoch milliseconds; a dry run does everything and gives it up."""
    with runtime.writing() as conn:
        yield conn, now_of(conn)
        if dry_run:
            conn.rollback()


def now_of(conn: Connection) -> int:
    """Epoch milliseconds by the database's clock, the one clock that leases and due times use."""
    clock = _SQLITE_NOW if conn.dialect.name == database.SQLITE else _POSTGRES_NOW
    return int(conn.execute(clock).scalar_one())


def check_pace(settings: Settings) -> None:
    """Raise InputError where each machine would send at a full pace of its own."""
    if settings.shared and not (settings.redis_url or settings.force_embedded):
        raise InputError(
            "The bundled Redis is this machine's alone, and with PostgreSQL others may send too: each at the full pace "
            "of a page. Set REDIS_URL; or PAGECAST_FORCE_EMBEDDED=true where this is the only machine."
        )


def make_private(folder: Path) -> None:
    """Make a folder that only this user can read; raises InputError with the way out."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(f"Cannot use the state folder {folder}: {error.strerror}. Set PAGECAST_HOME.") from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"The state folder {folder} is not writable. Set PAGECAST_HOME to one that is.")
