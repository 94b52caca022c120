"""What was said about writing to a person, and what follows from all of it.

Who is suppressed follows from the set of events alone, so they may come in any order and as often as they like:

- the newest event decides, by `at`; of two at one moment, the opt-out;
- what an operator forbids (source `cli`, `import`, …), no word of the person allows again, only an operator does:
  people who complained by letter stay out when their phone sends a START;
- an operator allows it for every account at once. A person speaks to one account, and only that one hears it; where
  nobody knows which (sender 0), an opt-out holds for all, until the like of it or an operator lifts it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, text

from campaigns import bulk, locks
from schemas.consent import ConsentKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import TextClause

EVERY_SENDER = 0
PERSONAL = frozenset({"word", "signal", "provider", "webhook"})
"""Sources that speak for the person; every other one is an operator."""

_COLUMNS = ("key", "at", "recipient_id", "sender_id", "channel", "kind", "source", "evidence", "actor")
_AT_ONCE = 5_000
"""Ids in one question; SQLite takes 32,766."""

_KEYS = text("SELECT key FROM consent WHERE key IN :ids").bindparams(bindparam("ids", expanding=True))
_EVENTS = text("""
    SELECT recipient_id, sender_id, at, kind, source, evidence, key FROM consent WHERE recipient_id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_STANDING = text("""
    SELECT recipient_id, sender_id, at, source, note FROM suppression WHERE recipient_id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_PUT = text("""
    INSERT INTO suppression (recipient_id, sender_id, source, note, at)
    VALUES (:recipient_id, :sender_id, :source, :note, :at)
    ON CONFLICT (recipient_id, sender_id) DO UPDATE SET source = excluded.source, note = excluded.note, at = excluded.at
""")
_DROP = text("DELETE FROM suppression WHERE recipient_id = :recipient_id AND sender_id = :sender_id")


class Said(NamedTuple):
    """One event of consent, as `schemas.consent` describes it; `key` is what makes it the same event."""

    recipient_id: str
    sender_id: int
    channel: str
    kind: ConsentKind
    source: str
    evidence: str
    at: int
    key: str
    actor: str = ""


class Event(NamedTuple):
    """What counts of an event. They compare by time, opt-outs last."""

    at: int
    out: bool
    key: str
    sender_id: int
    source: str
    evidence: str

    @property
    def personal(self) -> bool:
        """Whether it came from the person."""
        return self.source in PERSONAL


def follow(conn: Connection, said: Sequence[Said]) -> list[tuple[str, int]]:
    """Keep what was said and make `suppression` follow; return each (recipient, sender) that is now the other way.

    An event whose key is known is left out. Whoever calls this waits for others who do, until their transaction ends.
    """
    if not said:
        return []
    return History(conn, {each.recipient_id for each in said}).add(said)


class History:
    """Everything that is known of some people; nobody else adds to it before the transaction ends."""

    def __init__(self, conn: Connection, people: set[str]) -> None:
        locks.turn(conn, "consent")
        self._conn = conn
        self._events: dict[str, list[Event]] = defaultdict(list)
        for row in _asked(conn, _EVENTS, people):
            self._events[row.recipient_id].append(_event(row))
        self._standing: dict[tuple[str, int], Event] = {}
        for row in _asked(conn, _STANDING, people):
            # A suppression that is older than this table has no event, so it is one itself; else it only repeats one.
            event = Event(row.at, True, "", row.sender_id, row.source, row.note)
            self._events[row.recipient_id].append(event)
            self._standing[row.recipient_id, row.sender_id] = event

    def suppressed(self, recipient_id: str, sender_id: int) -> Event | None:
        """Return the opt-out that holds, None for none."""
        return self._standing.get((recipient_id, sender_id))

    def senders(self, recipient_id: str) -> list[int]:
        """Return the senders for whom a person is suppressed."""
        return [sender for person, sender in self._standing if person == recipient_id]

    def latest(self, recipient_id: str) -> int:
        """Return when something was last said about a person, in epoch ms, 0 for never."""
        return max((event.at for event in self._events.get(recipient_id, ())), default=0)

    def add(self, said: Sequence[Said]) -> list[tuple[str, int]]:
        """As `follow`, for people who were asked for."""
        unheard = {each.key: each for each in reversed(said)}
        for row in _asked(self._conn, _KEYS, set(unheard)):
            del unheard[row.key]
        for each in unheard.values():
            self._events[each.recipient_id].append(_event(each))
        if unheard:
            rows = [[getattr(each, name) for name in _COLUMNS] for each in unheard.values()]
            bulk.insert(self._conn, "consent", _COLUMNS, rows)
        return self._settle(dict.fromkeys(each.recipient_id for each in unheard.values()))

    def _settle(self, people: dict[str, None]) -> list[tuple[str, int]]:
        """Write what now holds of people where it differs from what held."""
        put: list[dict[str, Any]] = []
        drop: list[dict[str, Any]] = []
        changed = []
        for person in people:
            events = self._events[person]
            for sender in sorted({event.sender_id for event in events}):
                held, holds = self._standing.pop((person, sender), None), holding(events, sender)
                key = {"recipient_id": person, "sender_id": sender}
                if holds:
                    self._standing[person, sender] = holds
                if holds and (held is None or held._replace(key=holds.key) != holds):
                    put.append(key | {"source": holds.source, "note": holds.evidence, "at": holds.at})
                elif held and not holds:
                    drop.append(key)
                if (held is None) != (holds is None):
                    changed.append((person, sender))
        for statement, rows in ((_PUT, put), (_DROP, drop)):
            if rows:
                self._conn.execute(statement, rows)
        return changed


def holding(events: Sequence[Event], sender_id: int) -> Event | None:
    """Return the opt-out that holds for a sender after all events of one person, None where they may be messaged."""
    about = [
        event
        for event in events
        if event.sender_id == sender_id or (event.sender_id == EVERY_SENDER and not event.out and not event.personal)
    ]
    operators = max((event for event in about if not event.personal), default=None)
    if operators and operators.out:
        return operators
    newest = max(about, default=None)
    return newest if newest and newest.out else None


def _event(told: Said | Row[Any]) -> Event:
    out = told.kind == ConsentKind.OPTED_OUT
    return Event(told.at, out, told.key, told.sender_id, told.source, told.evidence)


def _asked(conn: Connection, query: TextClause, ids: set[str]) -> Iterator[Row[Any]]:
    known = sorted(ids)
    for start in range(0, len(known), _AT_ONCE):
        yield from conn.execute(query, {"ids": known[start : start + _AT_ONCE]})
