"""What the doctor looks at: each check is a sentence, and where something is wrong, the way out."""

import json
import platform
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from campaigns import migrations, pages
from campaigns.briefing import sender_of
from campaigns.errors import PagecastError, StateError
from campaigns.inbox import Inbox
from campaigns.moments import lasting
from campaigns.notices import roll
from campaigns.report.refusals import troubles
from campaigns.runtime import Runtime, make_private, now_of
from campaigns.settings import Keys, MissingSecretError, Settings, key, keys
from schemas.page import Page, Route

_MIB = 1024 * 1024
_LITTLE, _TOO_LITTLE = 1024 * _MIB, 100 * _MIB
_WEEK = 7
_SKEW = 2.0
"""Seconds by which the database's clock may differ from this machine's before windows and starts are doubtful."""
_PATIENCE = 180.0
_SOON_MS = 300_000
"""Webhooks that wait longer than this wait for workers that are not there."""
_STOPPED = text("""
    SELECT campaign.name, count(*) AS n, min(chunk.sentence) AS sentence
    FROM chunk JOIN campaign ON campaign.id = chunk.campaign_id
    WHERE chunk.state = 'stopped' AND campaign.state NOT IN ('finished', 'cancelled')
    GROUP BY campaign.name ORDER BY campaign.name
""")
_PACKAGES = ("pagecast", "dramatiq", "polars", "redis", "sqlalchemy")

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: a `problem` needs a person, a `warning` only attention. `next_step` is the way out."""

    name: str
    state: State
    sentence: str
    next_step: str = ""

    def document(self) -> dict[str, str]:
        """Return it as --json shows it."""
        return asdict(self)


def examine(environment: Mapping[str, str]) -> list[Finding]:
    """Look at everything that sending needs; starts the bundled Redis for a moment where nobody uses it."""
    settings = Settings()
    try:
        make_private(settings.home)
    except PagecastError as error:
        return [Finding("home", "problem", str(error))]
    return [_home(settings.home), _disk(settings.home), *_database(settings, environment), *_redis()]


def versions() -> dict[str, str]:
    """Return the versions that a report of a fault should name."""
    packages = {name: version(name) for name in _PACKAGES}
    return {**packages, "sqlite": sqlite3.sqlite_version, "python": platform.python_version()}


def shape_of(engine: Engine) -> str | None:
    """Return the database's step of migration, None where it has none; raises StateError where it is beyond ours."""
    try:
        with engine.connect() as connection:
            step = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    except SQLAlchemyError:
        return None
    if step is not None and step > migrations.HEAD:
        raise StateError(f"The database is in shape {step}, made by a newer Pagecast. Use that version.")
    return None if step is None else str(step)


def _home(home: Path) -> Finding:
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077:
        said = f"Others on this machine can look into {home} (mode {mode:04o})."
        return Finding("home", "warning", said, f"Run: chmod 700 {home}")
    return Finding("home", "ok", f"{home} is writable, and private (mode {mode:04o}).")


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    said = f"{free // _MIB:,} MiB are free where {home} is."
    if free < _LITTLE:
        return Finding(
            "disk", "problem" if free < _TOO_LITTLE else "warning", said, "Free some, or move PAGECAST_HOME."
        )
    return Finding("disk", "ok", said)


def _database(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Check the database, and what only it can tell; the rest is left out where it cannot be had."""
    try:
        with _opened(settings) as runtime:
            yield _shape(runtime.engine)
            with runtime.reading() as conn:
                yield from _durability(conn)
                yield _clock(conn)
                stored = pages.all_of(conn)
                yield _secrets(stored, settings, environment)
                yield from _parked(stored)
                yield _stopped(conn)
                yield from _given_up(conn)
                now = now_of(conn)
            yield _hooks(settings, environment)
            yield from _kept_short(settings)
            with Inbox.opened(runtime) as inbox:
                yield from _inbox(inbox, now)
    except PagecastError as error:
        yield Finding("database", "problem", str(error))
    except SQLAlchemyError as error:
        said = f"The database cannot be used: {getattr(error, 'orig', None) or error}."
        yield Finding("database", "problem", said, "Check DATABASE_URL, or the file in the state folder.")


@contextmanager
def _opened(settings: Settings) -> Iterator[Runtime]:
    runtime = Runtime.open(settings)
    try:
        yield runtime
    finally:
        runtime.close()


def _shape(engine: Engine) -> Finding:
    before = shape_of(engine)
    migrations.ensure(engine)
    said = f"The {engine.dialect.name} database is reachable, in shape {migrations.HEAD}."
    return Finding("database", "ok", said if before else f"{said} It was brought there now.")


def _durability(conn: Connection) -> Iterator[Finding]:
    if conn.dialect.name != "sqlite":
        yield _kept(conn)
        return
    journal = conn.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    synchronous = conn.exec_driver_sql("PRAGMA synchronous").scalar_one()
    said = f"journal_mode is {journal}, synchronous is {synchronous} (2 is FULL)."
    if journal != "wal":
        yield Finding("durability", "problem", said, "Move PAGECAST_HOME to a local disk: SQLite needs one for WAL.")
    else:
        yield Finding("durability", "ok", said)


def _kept(conn: Connection) -> Finding:
    names = ("fsync", "full_page_writes", "synchronous_commit")
    shown = {name: conn.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names}
    off = [name for name, value in shown.items() if value == "off"]
    if off:
        said = f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} off: a power cut may damage the database."
        return Finding("durability", "problem", said, "Turn it on in the server's configuration.")
    return Finding("durability", "ok", ", ".join(f"{name} is {value}" for name, value in shown.items()) + ".")


def _clock(conn: Connection) -> Finding:
    ahead = now_of(conn) / 1000 - time.time()
    if abs(ahead) > _SKEW:
        said = f"The database's clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's."
        return Finding("clock", "problem", said, "Set both by NTP: windows and starts go by the database's.")
    return Finding("clock", "ok", "The database's clock and this machine's agree.")


def _secrets(stored: Sequence[Page], settings: Settings, environment: Mapping[str, str]) -> Finding:
    wrong: list[str] = []
    for page in stored:
        try:
            sender_of(page.channel, page.account_id, Route.model_validate_json(page.route), settings, environment)
        except MissingSecretError as error:
            wrong.append(f"{error.args[0]} of page {page.name} is not set.")
        except PagecastError as error:
            wrong.append(f"{page.name}: {error}")
    if wrong:
        way = "Put each into the environment, or into a file of its name in PAGECAST_SECRETS_DIR."
        return Finding("secrets", "problem", " ".join(wrong), way)
    return Finding("secrets", "ok", f"The secrets of all {len(stored)} pages are there.")


def _parked(stored: Sequence[Page]) -> Iterator[Finding]:
    parked = [page for page in stored if page.parked_at is not None]
    for page in parked:
        paused = page.parked_code == pages.PAUSED
        way = f"{'When' if paused else 'Mend that; when'} it may send again: pagecast pages resume {page.name}"
        yield Finding("pages", "warning" if paused else "problem", f"{page.name}: {page.parked_sentence}", way)
    if not parked:
        yield Finding("pages", "ok", f"None of {len(stored)} pages is parked.")


def _stopped(conn: Connection) -> Finding:
    stopped = [f"{row.name}: {row.n} chunks. {row.sentence or ''}".rstrip() for row in conn.execute(_STOPPED)]
    if stopped:
        way = "See the workers' log for the cause, then `pagecast pause` and `pagecast resume` the campaign."
        return Finding("chunks", "problem", f"Stopped after repeated crashes: {' '.join(stopped)}", way)
    return Finding("chunks", "ok", "No chunk is stopped.")


def _given_up(conn: Connection) -> Iterator[Finding]:
    """Say who has not been told something and will not be by itself."""
    for each in roll.listed(conn):
        if n := each.dead:
            said = f"{n:,} {'notice' if n == 1 else 'notices'} to {each.name} did not arrive, and no more is tried."
            yield Finding("notices", "warning", said, f"Try them again: pagecast notices replay {each.name} --dead")


def _hooks(settings: Settings, environment: Mapping[str, str]) -> Finding:
    """Say whose webhooks can be checked."""
    found = {
        "Meta": keys(settings.meta_app_secret, settings, environment),
        "Orbit": keys(settings.orbit_webhook_secret, settings, environment),
    }
    if missing := [name for each in found.values() for name in each.missing]:
        way = "Put each into the environment, or into a file of its name in PAGECAST_SECRETS_DIR."
        return Finding("webhooks", "problem", f"{', '.join(missing)} of the webhooks is not set.", way)
    if found["Meta"].values and key(settings.meta_verify_token, settings, environment) is None:
        said = "Meta's webhooks can be checked, but its handshake is refused."
        return Finding("webhooks", "warning", said, "Set PAGECAST_META_VERIFY_TOKEN.")
    return Finding("webhooks", "ok", _checkable(found))


def _kept_short(settings: Settings) -> Iterator[Finding]:
    """Say what is forgotten sooner than people are likely to want."""
    said = []
    if settings.keep_bodies_days < _WEEK:
        said.append(f"a backup older than {_days(settings.keep_bodies_days)} cannot be brought up to date by webhooks")
    if settings.keep_texts_days < _WEEK:
        said.append(f"answers lose their text after {_days(settings.keep_texts_days)}")
    if settings.keep_lists_days is not None and settings.keep_lists_days < _WEEK:
        said.append(f"a campaign cannot be retried or exported {_days(settings.keep_lists_days)} after its end")
    if said:
        way = "Is that meant? See PAGECAST_KEEP_BODIES_DAYS, PAGECAST_KEEP_TEXTS_DAYS and PAGECAST_KEEP_LISTS_DAYS."
        yield Finding("retention", "warning", f"What is kept for a short time: {'; '.join(said)}.", way)


def _days(n: int) -> str:
    return f"{n} day{'s' if n > 1 else ''}"


def _checkable(found: Mapping[str, Keys]) -> str:
    said = [f"{name}'s ({len(each.values)} set)" for name, each in found.items() if each.values]
    return f"Secrets for webhooks: {', '.join(said) or 'none, so nothing comes in'}."


def _inbox(inbox: Inbox, now: int) -> Iterator[Finding]:
    for each in troubles(inbox, now):
        said = f"{each.sentence} Others were signed rightly since." if each.mixed else each.sentence
        yield Finding("webhooks", "warning" if each.mixed else "problem", said)
    backlog = inbox.backlog()
    if backlog.since is None:
        yield Finding("inbox", "ok", "No webhook waits.")
        return
    old = now - backlog.since
    said = f"{backlog.bodies:,} webhook{'s' if backlog.bodies > 1 else ''} waited up to {lasting(old)} to be applied."
    late = old > _SOON_MS
    yield Finding("inbox", "warning" if late else "ok", said, "Does `pagecast up` run?" if late else "")


def _redis() -> list[Finding]:
    """Ask the workers' side by its module name; the command line itself never speaks to Redis."""
    command = [sys.executable, "-m", "workers.doctor"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=True)  # noqa: S603 - ours
    except subprocess.SubprocessError as error:
        return [Finding("redis", "problem", f"Redis could not be examined: {error}.", "Run: python -m workers.doctor")]
    found = json.loads(done.stdout)
    if "problem" in found:
        return [Finding("redis", "problem", found["problem"])]
    kind = "The bundled server" if found["bundled"] else "The server of REDIS_URL"
    good = Finding("redis", "ok", f"{kind} answers, version {found['version']}.")
    return [good, *(Finding("redis", "warning", sentence) for sentence in found["warnings"])]
