"""Bodies become rows: read, kept once, and everything changed that they change, slice by slice.

Whoever is killed in between leaves bodies that are taken again; what was kept already is passed over.
"""

import time
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection, text

from campaigns.database import SQLITE
from campaigns.inbound import events, holding, openings, receipts, replies, unknowns, wishes
from campaigns.inbound.events import Arrival, Kept
from campaigns.inbox import UNREADABLE, Taken
from campaigns.ledger import evidence
from campaigns.providers import EVENTS
from campaigns.providers.protocol import UnreadableBody
from campaigns.runtime import Runtime, now_of
from schemas.contact import ContactSource
from schemas.inbound import Inbound, InboundKind

SLICE = 200
"""Events of one transaction: a claim that waits for it is late by some hundredths of a second."""

_SENDERS = text("SELECT channel, account_id, sender_id FROM page WHERE id = sender_id")

_SENDING = text("SELECT 1 FROM campaign WHERE state = 'sending' LIMIT 1")

log = structlog.get_logger(__name__)


def apply(runtime: Runtime, bodies: Sequence[Taken]) -> dict[int, int]:
    """Apply webhook bodies; return how many events each held, UNREADABLE for one that could not be read."""
    read = {body.id: _read(body) for body in bodies}
    arrivals = [(body, event) for body in bodies for event in read[body.id] or ()]
    for start in range(0, len(arrivals), SLICE):
        with runtime.writing() as conn:
            began = time.monotonic()
            senders = _senders(conn)
            part = [
                Arrival(body.provider, body.received_at, senders.get((event.channel, event.account_id)), event)
                for body, event in arrivals[start : start + SLICE]
            ]
            take(conn, part)
            alone = len(part) < SLICE or conn.dialect.name != SQLITE or conn.execute(_SENDING).first() is None
        if not alone:
            # SQLite does not queue its writers: a claim looks for a gap now and then, and finds one every other time.
            time.sleep(time.monotonic() - began)
    return {body_id: UNREADABLE if found is None else len(found) for body_id, found in read.items()}


def take(conn: Connection, arrivals: Sequence[Arrival], source: ContactSource = ContactSource.WEBHOOK) -> list[Kept]:
    """Keep events and do what they say; return those that were new. Locks go from campaigns to chunks to rows."""
    now = now_of(conn)
    kept = events.keep(conn, arrivals)
    holding.hold(conn, kept)
    wishes.take(conn, kept, now)
    openings.take(conn, kept, now, source)
    receipts.take(conn, kept, now)
    replies.take(conn, kept)
    taken_back = [each.event for each in kept if each.event.kind is InboundKind.UNSENT]
    evidence.unsay(conn, events.unsay(conn, taken_back))
    return kept


def again(runtime: Runtime, after: int = 0) -> int:
    """Look again at events behind id `after` that wait for their message; return the id to go on from, 0 at the end."""
    with runtime.reading() as conn:
        # Nearly always nothing does, and to look keeps nobody from writing.
        if not events.any_waits(conn):
            return 0
    with runtime.writing() as conn:
        now = now_of(conn)
        kept = events.waiting(conn, now, after=after, most=SLICE)
        holding.hold(conn, kept)
        receipts.take(conn, kept, now)
        unknowns.by_text(conn, [each for each in kept if each.event.kind is InboundKind.ECHO], now)
    return kept[-1].id if len(kept) == SLICE else 0


def _read(body: Taken) -> list[Inbound] | None:
    try:
        return EVENTS[body.provider](body.body)
    except UnreadableBody as error:
        log.warning("webhook.unreadable", provider=body.provider, body=body.id, error=str(error))
        return None


def _senders(conn: Connection) -> dict[tuple[str, str], int]:
    return {(row.channel, row.account_id): row.sender_id for row in conn.execute(_SENDERS)}
