"""Engines: how each database is opened, so that a committed claim is on disk and a reader sees one moment.

SQLite: WAL, synchronous=FULL, and a writer holds the only write lock from its first moment on. PostgreSQL: writers are
READ COMMITTED with row locks (`campaigns.locks`), readers have one REPEATABLE READ snapshot.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from campaigns.settings import Settings

SQLITE = "sqlite"

WRITES = "pagecast_writes"
"""The execution option of a transaction that writes."""
_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_SCHEME = "sqlite:///"


def engine(settings: Settings) -> Engine:
    """Return the engine of DATABASE_URL, else of the state folder; raises InputError where there cannot be one."""
    url = settings.database_url
    if not url:
        return of_file(settings.sqlite_path)
    if url.startswith(_SCHEME):
        return of_file(Path(url.removeprefix(_SCHEME)))
    from campaigns import postgresql  # noqa: PLC0415 - its driver takes longer to import than most verbs to run

    return postgresql.opened(url)


def of_file(path: Path) -> Engine:
    """Return the engine of a SQLite file."""
    made = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 30, "check_same_thread": False},
        pool_size=8,
        max_overflow=56,
        hide_parameters=True,  # people's words and ids would stand in logs
    )
    event.listen(made, "connect", _prepare)
    event.listen(made, "begin", _begin)
    return made


def to_read(engine: Engine) -> dict[str, Any]:
    """Return the execution options of a transaction that only reads."""
    return {} if engine.dialect.name == SQLITE else _SNAPSHOT


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions of its own: _begin does, and says which kind.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4000", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    # NORMAL may roll back the last commits when the power goes: a message would be sent without its claim.
    if connection.execute("PRAGMA synchronous").fetchone() != (2,):
        raise sqlite3.OperationalError("SQLite refused synchronous=FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
