"""The events that came in: each kept once, with what it turned out to be about."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from campaigns.database import SQLITE
from schemas.inbound import Inbound, InboundEvent, InboundKind

MATCH_MS = 600_000
"""How long an event may wait for the message it is about: an echo can overtake the answer to the call itself."""

_TABLE = SQLModel.metadata.tables[str(InboundEvent.__tablename__)]
_INSERT: dict[str, Any] = {SQLITE: sqlite.insert, "postgresql": postgresql.insert}
_COLUMNS = ("channel", "account_id", "person", "kind", "at", "mid", "text", "payload")
_FACTS = tuple(each.name for each in fields(Inbound) if each.name not in _COLUMNS)
"""What of an `Inbound` has no column of its own."""

_UNSENT = text("""
    SELECT channel, mid FROM inbound_event WHERE person IN :people AND kind = 'unsent'
""").bindparams(bindparam("people", expanding=True))
_UNSAY = text("""
    UPDATE inbound_event SET text = '' WHERE person = :person AND channel = :channel AND mid = :mid
    RETURNING delivery_id, at
""")
_MATCHED = text("""
    UPDATE inbound_event SET delivery_id = :delivery_id, match_until = NULL,
        campaign_id = (SELECT campaign_id FROM delivery WHERE delivery.id = :delivery_id)
    WHERE id = :id
""")
_WAIT = text("UPDATE inbound_event SET match_until = :until WHERE id = :id")
_EXPIRE = text("UPDATE inbound_event SET match_until = NULL WHERE match_until <= :now")
_ANY_WAITING = text("SELECT 1 FROM inbound_event WHERE match_until > 0 LIMIT 1")
# Sums, so that nobody goes by id through everything that ever came in, to find what the index on match_until names.
_WAITING = text("""
    SELECT id, provider, received_at, sender_id, channel, account_id, person, kind, at, mid, text, payload, facts,
        match_until
    FROM inbound_event WHERE match_until > 0 AND id + 0 > :after ORDER BY id + 0 LIMIT :most
""")
_ECHOES = text("""
    SELECT id, provider, received_at, sender_id, channel, account_id, person, kind, at, mid, text, payload, facts
    FROM inbound_event
    WHERE person IN :people AND sender_id = :sender_id AND kind = 'echo' AND delivery_id IS NULL ORDER BY id
""").bindparams(bindparam("people", expanding=True))


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event on its way in; `sender_id` is None for an account that no page is for. `received_at` is epoch ms."""

    provider: str
    received_at: int
    sender_id: int | None
    event: Inbound


@dataclass(frozen=True, slots=True)
class Kept:
    """An event with its row; `until` (epoch ms) is set where it waits for its message already."""

    id: int
    arrival: Arrival
    until: int | None = None

    @property
    def event(self) -> Inbound:
        """What came in."""
        return self.arrival.event


def key(event: Inbound) -> str:
    """Return what makes two events the same: account, kind, message or watermark, person, moment, and what it says."""
    facts = (
        event.channel,
        event.account_id,
        event.kind,
        event.mid or event.event_id,
        *event.mids,
        event.watermark or "",
        event.person,
        event.at,
        event.status,
        event.name if event.kind is InboundKind.OTHER else "",
        event.text if event.kind is InboundKind.EDIT else "",
        # A tap on an old button has no message id.
        "" if event.mid else event.payload,
    )
    return blake2b("\x1f".join(map(str, facts)).encode(errors="replace"), digest_size=16).hexdigest()


def keep(conn: Connection, arrivals: Sequence[Arrival]) -> list[Kept]:
    """Write the events that were not there before, and return them; what people took back has no text any more."""
    new = {key(arrival.event): arrival for arrival in reversed(arrivals)}
    if not new:
        return []
    taken_back = _taken_back(conn, new.values())
    rows = {name: _without_text(arrival, taken_back) for name, arrival in sorted(new.items())}
    insert = _INSERT[conn.dialect.name](_TABLE).on_conflict_do_nothing(index_elements=["key"])
    written = conn.execute(
        insert.returning(_TABLE.c.id, _TABLE.c.key), [_row(name, arrival) for name, arrival in rows.items()]
    )
    return sorted((Kept(row.id, rows[row.key]) for row in written), key=lambda kept: kept.id)


def unsay(conn: Connection, taken_back: Iterable[Inbound]) -> list[tuple[int, int]]:
    """Drop the stored texts of messages that people took back; return (delivery, at) of those that were answers."""
    found = []
    for event in taken_back:
        facts = {"person": event.person, "channel": event.channel, "mid": event.mid}
        found += [(row.delivery_id, row.at) for row in conn.execute(_UNSAY, facts) if row.delivery_id is not None]
    return found


def matched(conn: Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """Write which delivery each event is about: pairs of event id and delivery id."""
    rows = [{"id": event_id, "delivery_id": delivery_id} for event_id, delivery_id in pairs]
    if rows:
        conn.execute(_MATCHED, rows)


def wait(conn: Connection, kept: Iterable[Kept], now: int) -> None:
    """Let events wait for the message that they are about, from `now` (epoch ms) on or as long as they still may.

    Not from when they came in: a body that lay unread for an hour would wait for nothing.
    """
    rows = [{"id": each.id, "until": now + MATCH_MS if each.until is None else each.until} for each in kept]
    if rows:
        conn.execute(_WAIT, rows)


def any_waits(conn: Connection) -> bool:
    """Whether any event waits for its message."""
    return conn.execute(_ANY_WAITING).first() is not None


def waiting(conn: Connection, now: int, *, after: int, most: int) -> list[Kept]:
    """Return events behind id `after` that wait for their message; those that have waited long enough wait no more."""
    conn.execute(_EXPIRE, {"now": now})
    found = conn.execute(_WAITING, {"after": after, "most": most})
    return [replace(_kept(row), until=row.match_until) for row in found]


def echoes(conn: Connection, sender_id: int, people: Sequence[str]) -> list[Kept]:
    """Return the echoes of an account to these people that are about no message we know; 500 people at most."""
    return [_kept(row) for row in conn.execute(_ECHOES, {"sender_id": sender_id, "people": people})]


def _taken_back(conn: Connection, arrivals: Iterable[Arrival]) -> set[tuple[str, str]]:
    speakers = sorted({arrival.event.person for arrival in arrivals if arrival.event.text})
    found = {
        (arrival.event.channel, arrival.event.mid) for arrival in arrivals if arrival.event.kind is InboundKind.UNSENT
    }
    for start in range(0, len(speakers), 500):
        rows = conn.execute(_UNSENT, {"people": speakers[start : start + 500]})
        found.update((row.channel, row.mid) for row in rows)
    return found


def _without_text(arrival: Arrival, taken_back: set[tuple[str, str]]) -> Arrival:
    event = arrival.event
    if not event.text or (event.channel, event.mid) not in taken_back:
        return arrival
    return replace(arrival, event=replace(event, text=""))


def _row(name: str, arrival: Arrival) -> dict[str, Any]:
    event = arrival.event
    facts = {fact: value for fact in _FACTS if (value := getattr(event, fact))}
    return {column: getattr(event, column) for column in _COLUMNS} | {
        "key": name,
        "provider": arrival.provider,
        "received_at": arrival.received_at,
        "sender_id": arrival.sender_id,
        "facts": json.dumps(facts, separators=(",", ":")) if facts else "{}",
    }


def _kept(row: Row[Any]) -> Kept:
    facts = json.loads(row.facts)
    own = {column: getattr(row, column) for column in _COLUMNS} | {"kind": InboundKind(row.kind)}
    event = Inbound(**own | facts | {"mids": tuple(facts.get("mids", ()))})
    return Kept(row.id, Arrival(row.provider, row.received_at, row.sender_id, event))
