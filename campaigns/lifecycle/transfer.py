"""A SQLite database moves to PostgreSQL, ids and all, and what was under way goes on there.

Webhook bodies that nobody has applied come along from the inbox beside it. Both files are set aside at the end, under
other names: workers that found them would send to the same people again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from campaigns import bulk, database, inbox, locks, migrations
from campaigns.errors import InputError, PagecastError, StateError
from campaigns.lifecycle.restore import stopped
from campaigns.runtime import Runtime
from schemas import tables
from schemas.webhook_body import WEBHOOK_BODY

_BATCH = 50_000
_ADVANCE = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), max(id)) FROM {0} HAVING max(id) IS NOT NULL"
_WAL = ("", "-wal", "-shm")
assert tables.ALL, "importing it makes the metadata whole"


@dataclass(frozen=True, slots=True)
class Transferred:
    """How many rows of each table were copied, and where the file lies now."""

    rows: dict[str, int]
    kept: Path


def look(file: Path) -> dict[str, int]:
    """Return how many rows each table of a file has, and how many bodies are open in the inbox beside it.

    Raises InputError where it is no database of Pagecast.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as found:
            there = {name for (name,) in found.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "campaign" not in there:
                raise InputError(f"{file} is no database of Pagecast.")
            names = [table.name for table in _tables() if table.name in there]
            counts = {name: found.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}  # noqa: S608
    except sqlite3.Error as error:
        raise InputError(f"{file} cannot be read as a SQLite database: {error}.") from error
    return counts | {WEBHOOK_BODY.name: len(inbox.of_file(_inbox(file)))}


def transfer(runtime: Runtime, file: Path) -> Transferred:
    """Copy every table of a file in one transaction, then set the file aside.

    Raises StateError while workers are alive on either state folder, or where the database holds anything already.
    """
    if not runtime.settings.shared:
        raise InputError("Set DATABASE_URL to the PostgreSQL database to move to; SQLite files are moved by copying.")
    look(file)
    migrations.ensure(runtime.engine)
    with ExitStack() as held:
        for home in {file.resolve().parent, runtime.settings.home.resolve()}:
            held.enter_context(stopped(home, "migrate"))
        beside = _inbox(file)
        bodies = inbox.of_file(beside)
        # Opened for its tables: the bodies go in with everything else.
        with inbox.Inbox.opened(runtime), _opened(file) as source, runtime.writing() as target:
            rows = _copy(source, target) | {WEBHOOK_BODY.name: inbox.insert_all(target, bodies)}
        # What could be sent from goes first: whoever is killed in between leaves bodies that nobody reads.
        kept = _set_aside(file)
        _set_aside(beside)
        return Transferred(rows, kept)


@contextmanager
def _opened(file: Path) -> Iterator[Connection]:
    """Yield the file's database in the present shape, which nobody can write to meanwhile."""
    engine = database.of_file(file)
    try:
        migrations.ensure(engine)
        with engine.connect().execution_options(**{database.WRITES: True}) as source, source.begin():
            yield source
    except DatabaseError as error:
        raise InputError(f"{file} cannot be moved: {error.orig}.") from error
    finally:
        engine.dispose()


def _copy(source: Connection, target: Connection) -> dict[str, int]:
    locks.turn(target, "transfer")
    full = [table.name for table in _tables() if _count(target, table)]
    if full:
        raise StateError(f"The database of DATABASE_URL holds something already ({', '.join(full)}). Use an empty one.")
    return {table.name: _copy_table(source, target, table) for table in _tables()}


def _copy_table(source: Connection, target: Connection, table: Table) -> int:
    streamed = source.execute(select(table), execution_options={"yield_per": _BATCH})
    bulk.insert(target, table.name, table.c.keys(), streamed)
    if "id" in table.c and table.c.id.type.python_type is int:
        target.execute(text(_ADVANCE.format(table.name)))
    before, after = _count(source, table), _count(target, table)
    if before != after:
        raise PagecastError(f"{table.name} has {before:,} rows, and {after:,} arrived. Nothing was moved.")
    return after


def _count(conn: Connection, table: Table) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def _tables() -> list[Table]:
    """Return every table, each behind those that it refers to."""
    return SQLModel.metadata.sorted_tables


def _inbox(file: Path) -> Path:
    return file.resolve().parent / inbox.FILE


def _set_aside(file: Path) -> Path:
    kept = file.with_name(f"{file.name}.moved")
    for part in _WAL:
        if (found := file.with_name(file.name + part)).exists():
            found.rename(kept.with_name(kept.name + part))
    return kept
