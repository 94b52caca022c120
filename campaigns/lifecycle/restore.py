"""A backup takes the place of what is in the state folder; what was there is kept beside it.

What was sent after the backup was made is not in it. So no campaign of it sends by itself: all that could are paused,
with a sentence that names the moment. What came in after it by webhook is in the inbox, which stays, and is applied
once more.
"""

import contextlib
import fcntl
import json
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from campaigns import events, inbox, jobs, migrations
from campaigns.errors import InputError, StateError
from campaigns.home import DATABASE, JOBS_LOCK
from campaigns.ledger import chunks
from campaigns.lifecycle.backup import MANIFEST, STORAGE, Manifest, database_file, refuse_server
from campaigns.moments import dated
from campaigns.runtime import Runtime, make_private, now_of
from campaigns.settings import Settings
from schemas import tables

_SLACK_MS = 60_000
"""How far the clock that dated a body may have been from the database's."""
_WAL = ("", "-wal", "-shm")
_GOING = text("""
    SELECT id, ref, name,
        (SELECT COALESCE(SUM(n), 0) FROM tally WHERE tally.campaign_id = campaign.id
         AND state IN ('pending', 'sending')) AS waiting
    FROM campaign WHERE state IN ('sending', 'scheduled', 'awaiting_approval', 'paused') ORDER BY id
""")
_PAUSE = text("UPDATE campaign SET state = 'paused', sentence = :sentence WHERE id = :id")
_DRAFTS = text("SELECT count(*) FROM campaign WHERE state = 'draft'")
assert tables.ALL, "importing it makes the metadata whole"


@dataclass(frozen=True, slots=True)
class Restored:
    """`paused` names the campaigns that may have sent since; `kept` is where the earlier state lies, if any did.

    `reopened` webhook bodies are to be applied again.
    """

    manifest: Manifest
    paused: list[str]
    drafts: int
    kept: Path | None
    reopened: int


def look(file: Path) -> Manifest:
    """Read what a backup says of itself; raises InputError where it is none, or of a newer Pagecast."""
    try:
        with tarfile.open(file) as archive:
            inside = archive.extractfile(MANIFEST)
            manifest = Manifest(**json.load(inside)) if inside else None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}.") from error
    except (tarfile.TarError, KeyError, TypeError, ValueError, EOFError) as error:
        raise InputError(f"{file} is no backup of Pagecast.") from error
    if manifest is None or manifest.shape > migrations.HEAD:
        raise InputError(f"{file} was made by a newer Pagecast. Restore it with that version.")
    return manifest


def holds_something(settings: Settings) -> bool:
    """Whether the state folder has a database with anything in it."""
    database = database_file(settings)
    if not database.exists():
        return False
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database)) as present:
        there = {name for (name,) in present.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        ours = there & SQLModel.metadata.tables.keys()
        return any(present.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in ours)  # noqa: S608
    return True


def restore(settings: Settings, file: Path, actor: str) -> Restored:
    """Put a backup in the place of the state folder's database and lists.

    Raises StateError while anything works there, InputError where the backup is damaged; nothing is changed then.
    """
    refuse_server(settings)
    manifest = look(file)
    make_private(settings.home)
    with stopped(settings.home, "restore"), TemporaryDirectory(prefix=".restoring-", dir=settings.home) as folder:
        fresh = Path(folder)
        _unpack(file, fresh)
        _examine(fresh / DATABASE)
        paused, drafts = _hold(settings, fresh, manifest, actor)
        # First, for to apply a body once more changes nothing in the earlier state either.
        reopened = _reopen(settings, fresh / inbox.FILE, manifest)
        kept = _swap(settings, fresh)
    return Restored(manifest, paused, drafts, kept, reopened)


@contextlib.contextmanager
def stopped(home: Path, verb: str) -> Iterator[None]:
    """Hold what a supervisor and every worker of this state folder hold while they live; raises StateError."""
    with ExitStack() as held:
        for file in [home / "supervisor.lock", home / JOBS_LOCK, *(home / "workers").glob("*")]:
            lock = held.enter_context(file.open("a"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateError(
                    f"Workers are alive on {home}. Stop `pagecast up` and every `pagecast run`, then {verb}."
                ) from None
        yield


def _unpack(file: Path, fresh: Path) -> None:
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                target = _target(PurePosixPath(member.name), fresh)
                if not (member.isfile() and target):
                    raise InputError(f"{file} holds {member.name}, which no backup does. Nothing was changed.")
                content = archive.extractfile(member)
                if content:
                    _write(content, target)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"{file} is damaged: {error}. Nothing was changed.") from error


def _target(name: PurePosixPath, fresh: Path) -> Path | None:
    """Return where a member goes; None for one that has no place, such as a path that leads out."""
    ours = str(name) in {MANIFEST, DATABASE, inbox.FILE} or (name.parts[0] == STORAGE and ".." not in name.parts)
    return fresh.joinpath(*name.parts) if ours and not name.is_absolute() else None


def _write(content: IO[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        shutil.copyfileobj(content, out)


def _examine(database: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(database)) as copy:
            found = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise InputError(f"The backup's database cannot be used: {error}. Nothing was changed.") from error
    if found != ("ok",):
        raise InputError(f"The backup's database is damaged: {found[0]}. Nothing was changed.")


def _hold(settings: Settings, fresh: Path, manifest: Manifest, actor: str) -> tuple[list[str], int]:
    """Pause every campaign that could send; what was on the wire when the backup was made is unknown."""
    runtime = Runtime.open(settings.model_copy(update={"home": fresh, "database_url": None, "storage_url": None}))
    try:
        migrations.ensure(runtime.engine)
        with runtime.writing() as conn:
            for chunk in chunks.running(conn):
                chunks.recover(conn, chunk.id, chunk.owner, now_of(conn))
            paused = _pause_all(conn, manifest, actor)
            jobs.call_off(conn, f"A backup of {dated(manifest.made_at)} was restored. Ask again.", now_of(conn))
            drafts = int(conn.execute(_DRAFTS).scalar_one())
        with runtime.engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        runtime.close()
    return paused, drafts


def _pause_all(conn: Connection, manifest: Manifest, actor: str) -> list[str]:
    now, made = now_of(conn), dated(manifest.made_at)
    paused = []
    for row in conn.execute(_GOING).all():
        said = (
            f"Restored from the backup of {made}. What was sent after that is not known here: {row.waiting:,} people "
            "may have got the message since. Resume only where nothing was sent after it; else cancel."
        )
        conn.execute(_PAUSE, {"sentence": said, "id": row.id})
        events.record(conn, now, "campaign.restored", actor, said, campaign_id=row.id)
        paused.append(f"{row.name} ({row.ref})")
    events.record(conn, now, "home.restored", actor, f"Restored from the backup of {made}.")
    return paused


def _reopen(settings: Settings, copied: Path, manifest: Manifest) -> int:
    """Open what the restored database does not know: what was open then, and what has come in since."""
    undone = inbox.of_file(copied)
    present = settings.home / inbox.FILE
    if copied.exists() and not present.exists():
        shutil.move(copied, present)
        return len(undone)
    since = min([manifest.made_at, *(each.received_at for each in undone)]) - _SLACK_MS
    runtime = Runtime.open(settings)
    try:
        with inbox.Inbox.opened(runtime) as bodies:
            bodies.reopen(since)
            bodies.add(undone)
            return bodies.backlog().bodies
    finally:
        runtime.close()


def _swap(settings: Settings, fresh: Path) -> Path | None:
    """Move the present state aside and the restored one in; the database last, so that its lists are there."""
    kept = settings.home / f"replaced-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    database, storage = database_file(settings), settings.storage
    there = [path for suffix in _WAL if (path := database.with_name(database.name + suffix)).exists()]
    if storage.exists() and any(storage.iterdir()):
        there.append(storage)
    for path in there:
        kept.mkdir(mode=0o700, exist_ok=True)
        shutil.move(path, kept / path.name)
    restored = fresh / STORAGE
    restored.mkdir(exist_ok=True)
    storage.parent.mkdir(parents=True, exist_ok=True)
    if storage.exists():
        storage.rmdir()
    shutil.move(restored, storage)
    shutil.move(fresh / DATABASE, database)
    return kept if there else None
