"""The webhook bodies that one inbox has, from when they are kept until they are applied and forgotten."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from campaigns import database
from campaigns.inbox import place, refusals
from campaigns.inbox.refusals import Refusal, Refused
from campaigns.runtime import Runtime
from schemas.page import ProviderName
from schemas.webhook_body import WEBHOOK_BODY

LEASE_MS = 60_000
UNREADABLE = -1
"""What `applied` is told for a body that holds no events that anybody can read; it is kept."""
COUNTED = 1_000
"""`waiting` counts no further: a backlog of a million must not slow the one who asks every second."""
_SLICE = 1_000
HEAVIEST = 16 * 1024 * 1024
"""Bytes of bodies in one hand: understood they are ten times as large, and must be applied before the lease ends."""

_BODY = WEBHOOK_BODY.c
_OPEN = _BODY.events.is_(None)
_KEEP = insert(WEBHOOK_BODY)
_TAKE = (
    select(_BODY.id, func.length(_BODY.body).label("size"))
    .where(_OPEN, _BODY.taken_until <= bindparam("now"))
    .order_by(_BODY.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_NAMED = _BODY.id.in_(bindparam("ids", expanding=True))
_READ = select(_BODY.id, _BODY.provider, _BODY.received_at, _BODY.body).where(_NAMED).order_by(_BODY.id)
_LEASE = update(WEBHOOK_BODY).where(_NAMED).values(taken_until=bindparam("until"), taken_by=bindparam("owner"))
# The index's own words: SQLite uses a partial index only where the statement says what the index says.
_IN_HAND = text("taken_by <> ''")
_OWNERS = select(_BODY.taken_by).distinct().where(_IN_HAND)
_RELEASE = (
    update(WEBHOOK_BODY)
    .where(_IN_HAND, _BODY.taken_by.in_(bindparam("owners", expanding=True)))
    .values(taken_until=0, taken_by="")
)
_APPLIED = update(WEBHOOK_BODY).where(_BODY.id == bindparam("which")).values(events=bindparam("held"), taken_by="")
_WAITING = select(func.count()).select_from(
    select(_BODY.id).where(_OPEN, _BODY.taken_until <= bindparam("now")).limit(COUNTED).subquery()
)
_BACKLOG = select(func.count(), func.min(_BODY.received_at)).where(_OPEN)
_LATEST = select(_BODY.received_at).where(_BODY.provider == bindparam("name")).order_by(_BODY.id.desc()).limit(1)
_OLD = (
    select(_BODY.id)
    .where(_BODY.received_at < bindparam("before"), _BODY.events.is_not(None))
    .order_by(_BODY.id)
    .limit(_SLICE)
)
_REOPEN = (
    update(WEBHOOK_BODY)
    .where(_BODY.received_at >= bindparam("since"), _BODY.events >= 0)
    .values(events=None, taken_until=0, taken_by="")
)
_SINCE = select(_BODY.provider, _BODY.received_at, _BODY.body).where(_BODY.received_at >= bindparam("since"))
_UNDONE = select(_BODY.provider, _BODY.received_at, _BODY.body).where(_OPEN).order_by(_BODY.id)
_FORGET = delete(WEBHOOK_BODY).where(_NAMED)
# Only near: the id may stand there within a longer number.
_NAMING = {
    dialect: text(f"SELECT id, events, body FROM webhook_body WHERE {place} > 0 ORDER BY id")  # noqa: S608 - our own words
    for dialect, place in (
        (database.SQLITE, "instr(body, :person)"),
        ("postgresql", "position(CAST(:person AS bytea) IN body)"),
    )
}


@dataclass(frozen=True, slots=True)
class Raw:
    """A body as it came; `received_at` is epoch milliseconds."""

    provider: ProviderName
    received_at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """A body that the taker has for `LEASE_MS`."""

    id: int
    provider: ProviderName
    received_at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many bodies nobody has applied, and since when the oldest of them waits (epoch ms)."""

    bodies: int
    since: int | None


@dataclass(frozen=True, slots=True)
class Naming:
    """The closed bodies that name a person, by id, and how many open ones do."""

    closed: list[int]
    waiting: int


class Inbox:
    """The bodies of one state folder, or of one PostgreSQL; any number of processes may have it open."""

    def __init__(self, runtime: Runtime, *, own: bool) -> None:
        self._runtime = runtime
        self._own = own

    @classmethod
    def of(cls, runtime: Runtime) -> Self:
        """Open it beside the database, and make its tables where there are none."""
        where, own = place.opened(runtime)
        return cls(where, own=own)

    @classmethod
    @contextmanager
    def opened(cls, runtime: Runtime) -> Iterator[Self]:
        """Open it for one look."""
        inbox = cls.of(runtime)
        try:
            yield inbox
        finally:
            inbox.close()

    def keep(self, raw: Sequence[Raw]) -> None:
        """Keep bodies; all of them are on disk when this returns, and none where it raises SQLAlchemyError."""
        with self._runtime.writing() as conn:
            insert_all(conn, raw)

    def take(self, now: int, most: int, owner: str = "") -> list[Taken]:
        """Take at most `most` open bodies that nobody has, oldest first, not much heavier than HEAVIEST together.

        `owner` is what `release` knows them by.
        """
        with self._runtime.writing() as conn:
            found = conn.execute(_TAKE, {"now": now, "most": most}).all()
            before = accumulate((row.size for row in found), initial=0)
            ids = [row.id for row, weight in zip(found, before, strict=False) if weight < HEAVIEST]
            rows = conn.execute(_READ, {"ids": ids}).all() if ids else []
            conn.execute(_LEASE, {"ids": ids, "until": now + LEASE_MS, "owner": owner})
        return [Taken(row.id, ProviderName(row.provider), row.received_at, row.body) for row in rows]

    def owners(self) -> set[str]:
        """Return who has bodies in hand, dead or alive."""
        with self._runtime.reading() as conn:
            return set(conn.execute(_OWNERS).scalars())

    def release(self, owners: Collection[str]) -> int:
        """Let anybody take what these had in hand, now; return how many bodies."""
        if not owners:
            return 0
        with self._runtime.writing() as conn:
            return conn.execute(_RELEASE, {"owners": list(owners)}).rowcount

    def applied(self, counts: Mapping[int, int]) -> None:
        """Close bodies: id → how many events it held, or UNREADABLE."""
        if counts:
            with self._runtime.writing() as conn:
                conn.execute(_APPLIED, [{"which": which, "held": held} for which, held in counts.items()])

    def waiting(self, now: int) -> int:
        """Return how many bodies could be taken now, COUNTED at most."""
        with self._runtime.reading() as conn:
            return int(conn.execute(_WAITING, {"now": now}).scalar_one())

    def backlog(self) -> Backlog:
        """Return all that is open, taken or not."""
        with self._runtime.reading() as conn:
            return Backlog(*conn.execute(_BACKLOG).one())

    def latest(self, provider: ProviderName) -> int | None:
        """Return when the last body of a provider came in (epoch ms); None where none is kept."""
        with self._runtime.reading() as conn:
            return conn.execute(_LATEST, {"name": provider}).scalar_one_or_none()

    def refused(self, provider: ProviderName, reason: Refusal, now: int, n: int = 1) -> None:
        """Count `n` refusals at `now` (epoch ms)."""
        with self._runtime.writing() as conn:
            refusals.count(conn, provider, reason, now, n)

    def refusals(self, since: int) -> Sequence[Refused]:
        """Return the hours whose last refusal came at `since` (epoch ms) or later; each is counted as a whole."""
        with self._runtime.reading() as conn:
            return refusals.listed(conn, since)

    def forget(self, before: int) -> int:
        """Delete the closed bodies, and the refusals, from before a moment (epoch ms); return how many bodies.

        An open body stays however old it is.
        """
        gone = 0
        while some := self.forget_some(before):
            gone += some
        self.forget_refusals(before)
        return gone

    def forget_some(self, before: int) -> int:
        """Delete some closed bodies from before a moment (epoch ms); return how many, 0 where none is left."""
        # Looked for outside of the transaction that deletes, and some at a time: `keep` must not wait for it.
        old = self._old(before)
        if old:
            with self._runtime.writing() as conn:
                conn.execute(_FORGET, {"ids": old})
        return len(old)

    def forget_refusals(self, before: int) -> None:
        """Delete the refusals from before a moment (epoch ms)."""
        with self._runtime.writing() as conn:
            refusals.forget(conn, before)

    def undone(self) -> list[Raw]:
        """Return all that is open, taken or not, oldest first."""
        with self._runtime.reading() as conn:
            return [_raw(row) for row in conn.execute(_UNDONE)]

    def reopen(self, since: int) -> int:
        """Open again what came in at `since` (epoch ms) or later and was applied; return how many bodies."""
        with self._runtime.writing() as conn:
            return conn.execute(_REOPEN, {"since": since}).rowcount

    def add(self, bodies: Sequence[Raw]) -> int:
        """Keep those that are not there; return how many."""
        if not bodies:
            return 0
        since = min(each.received_at for each in bodies)
        with self._runtime.reading() as conn:
            there = {_raw(row) for row in conn.execute(_SINCE, {"since": since})}
        missing = [each for each in bodies if each not in there]
        if missing:
            self.keep(missing)
        return len(missing)

    def naming(self, recipient_id: str) -> Naming:
        """Return the bodies that name a person."""
        whole = re.compile(rb"(?<!\d)" + recipient_id.encode() + rb"(?!\d)")
        closed, waiting = [], 0
        with self._runtime.reading() as conn:
            near = _NAMING[conn.dialect.name]
            for row in conn.execute(near, {"person": recipient_id.encode()}, execution_options={"yield_per": _SLICE}):
                if whole.search(row.body):
                    waiting += row.events is None
                    closed += [] if row.events is None else [row.id]
        return Naming(closed, waiting)

    def drop(self, ids: Sequence[int]) -> None:
        """Delete closed bodies."""
        for start in range(0, len(ids), _SLICE):
            with self._runtime.writing() as conn:
                conn.execute(_FORGET, {"ids": list(ids[start : start + _SLICE])})

    def close(self) -> None:
        """Give the connections back; on PostgreSQL they are the database's."""
        if self._own:
            self._runtime.close()

    def _old(self, before: int) -> Sequence[int]:
        with self._runtime.reading() as conn:
            return conn.execute(_OLD, {"before": before}).scalars().all()


def insert_all(conn: Connection, raw: Sequence[Raw]) -> int:
    """Write bodies into the tables of a database; return how many."""
    rows = [{"provider": each.provider, "received_at": each.received_at, "body": each.body} for each in raw]
    if rows:
        conn.execute(_KEEP, rows)
    return len(rows)


def of_file(file: Path) -> list[Raw]:
    """Return what is open in an inbox's file, oldest first; nothing where there is none."""
    if not file.exists():
        return []
    engine = database.of_file(file)
    try:
        with engine.connect() as conn:
            return [_raw(row) for row in conn.execute(_UNDONE)]
    finally:
        engine.dispose()


def _raw(row: Sequence[Any]) -> Raw:
    provider, received_at, body = row
    return Raw(ProviderName(provider), received_at, body)
