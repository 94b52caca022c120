"""The opened resources of a process: settings, database and storage, handed down by the entry points."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import ConnectionPoolEntry

from campaigns.errors import InputError
from campaigns.settings import Settings

_WRITES = "pagecast_writes"
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
        return cls(settings, _engine(settings))

    @property
    def storage(self) -> Path:
        """The folder that stored lists live in."""
        return self.settings.storage

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent snapshot; never blocks a writer, never waits for one."""
        with self.engine.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its first moment on, where the database has only one."""
        with self.engine.connect().execution_options(**{_WRITES: True}) as conn, conn.begin():
            yield conn

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def now_of(conn: Connection) -> int:
    """Epoch milliseconds by the database's clock, the one clock that leases and due times use."""
    clock = _SQLITE_NOW if conn.dialect.name == "sqlite" else _POSTGRES_NOW
    return int(conn.execute(clock).scalar_one())


def make_private(folder: Path) -> None:
    """Make a folder that only this user can read; raises InputError with the way out."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(f"Cannot use the state folder {folder}: {error.strerror}. Set PAGECAST_HOME.") from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"The state folder {folder} is not writable. Set PAGECAST_HOME to one that is.")


def _engine(settings: Settings) -> Engine:
    if settings.database_url is None:
        return _sqlite(settings.sqlite_path)
    if settings.database_url.startswith("sqlite:///"):
        return _sqlite(Path(settings.database_url.removeprefix("sqlite:///")))
    raise InputError(
        "DATABASE_URL must be a sqlite:/// path; PostgreSQL is not supported yet. Unset it for the default."
    )


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False}, pool_size=8, max_overflow=56
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions of its own: _begin does, and says which kind.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4000", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    # NORMAL may roll back the last commits when the power goes: a message would be sent without its claim.
    if connection.execute("PRAGMA synchronous").fetchone() != (2,):
        raise sqlite3.OperationalError("SQLite refused synchronous=FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
