"""Where the inbox lies: a file of its own beside SQLite, tables of the same database on PostgreSQL."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.pool import ConnectionPoolEntry

from campaigns import database, locks
from campaigns.runtime import Runtime
from schemas.webhook_body import IX_WEBHOOK_BODY_TAKEN, METADATA, WEBHOOK_BODY, WEBHOOK_REFUSAL

FILE = "inbox.sqlite3"
"""Where the bodies of SQLite lie in the state folder."""
_PATIENCE_MS = 2_000
"""How long SQLite waits for its write lock: a platform waits 5 s for its answer, and repeats after a 503."""


def opened(runtime: Runtime) -> tuple[Runtime, bool]:
    """Return the runtime of the inbox, and whether it is its own to close; its tables are made where there are none."""
    own = runtime.engine.dialect.name == database.SQLITE
    inbox = replace(runtime, engine=_file(runtime)) if own else runtime
    with _in_turn(inbox, own=own):
        if not _is_whole(inbox.engine):
            with inbox.writing() as conn:
                locks.turn(conn, "inbox")
                _make_whole(conn)
    return inbox, own


def _file(runtime: Runtime) -> Engine:
    engine = database.of_file(runtime.settings.home / FILE)
    event.listen(engine, "connect", _hurry)
    return engine


def _hurry(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")


def _is_whole(engine: Engine) -> bool:
    seen = inspect(engine)
    return seen.has_table(WEBHOOK_REFUSAL.name) and _has_owners(seen)


def _make_whole(conn: Connection) -> None:
    """Make the tables, and what those of an earlier version lack."""
    METADATA.create_all(conn)
    if not _has_owners(inspect(conn)):
        conn.execute(text("ALTER TABLE webhook_body ADD COLUMN taken_by VARCHAR DEFAULT '' NOT NULL"))
        IX_WEBHOOK_BODY_TAKEN.create(conn)


def _has_owners(seen: Inspector) -> bool:
    return any(column["name"] == WEBHOOK_BODY.c.taken_by.name for column in seen.get_columns(WEBHOOK_BODY.name))


@contextmanager
def _in_turn(runtime: Runtime, *, own: bool) -> Iterator[None]:
    """Keep processes that start together apart: SQLite does not wait where two make one new file a WAL."""
    if not own:
        yield
        return
    with runtime.settings.home.joinpath(FILE).with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
