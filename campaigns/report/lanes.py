"""What the ledger knows about each page of a campaign at this moment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Row, text

_WINDOW_MS = 10_000
"""How far back the achieved rate looks; longer for pages slower than four messages in that time."""
_MOST_PER_CHUNK = 1_000
_HANGING_MS = 10_000
"""A bell that Redis does not take is called off after half of this."""

_LANES = text("""
    SELECT lane.page_id, page.name, page.channel, page.provider, lane.asked, lane.buckets, lane.proven,
           page.parked_at, page.parked_code, page.parked_sentence, page.probe_at <= :now AS tries
    FROM lane JOIN page ON page.id = lane.page_id
    WHERE lane.campaign_id = :campaign_id ORDER BY page.name
""")
_CHUNKS = text("""
    SELECT page_id,
           SUM(CASE WHEN state IN ('running', 'draining') THEN 1 ELSE 0 END) AS running,
           SUM(CASE WHEN state = 'ready' AND (due_at IS NULL OR due_at <= :now) THEN 1 ELSE 0 END) AS ready,
           SUM(CASE WHEN state = 'stopped' THEN 1 ELSE 0 END) AS stopped,
           SUM(CASE WHEN state IN ('running', 'draining') AND lease_until < :now THEN 1 ELSE 0 END) AS lost,
           MAX(CASE WHEN state = 'ready' THEN rung_at END) AS rung_at,
           MAX(CASE WHEN state = 'ready' AND (rung_at IS NULL OR rung_at > :now - :hanging)
               AND (due_at IS NULL OR due_at <= :now) THEN sentence END) AS unheard,
           MIN(CASE WHEN state = 'ready' AND due_at > :now THEN due_at END) AS next_due,
           MAX(CASE WHEN state = 'ready' AND due_at > :now THEN sentence END) AS put_off,
           MIN(CASE WHEN state <> 'ready' OR due_at IS NULL THEN 0 WHEN due_at <= :now THEN due_at END) AS due_since,
           MAX(CASE WHEN state = 'stopped' THEN sentence END) AS stopped_sentence
    FROM chunk WHERE campaign_id = :campaign_id AND state <> 'done'
    GROUP BY page_id
""")
_BUSY = text("SELECT 1 FROM chunk WHERE state = 'running' AND lease_until >= :now LIMIT 1")
# Whom an answer has put off has its code; the others wait for hours of their own.
_QUIET = text("""
    SELECT lane.page_id FROM lane WHERE lane.campaign_id = :campaign_id AND EXISTS (
        SELECT 1 FROM chunk JOIN delivery ON delivery.chunk_id = chunk.id
        WHERE chunk.campaign_id = lane.campaign_id AND chunk.page_id = lane.page_id
          AND chunk.state = 'ready' AND chunk.due_at > :now
          AND delivery.state = 'pending' AND delivery.due_at > :now AND delivery.provider_code IS NULL)
""")
# A rate must not cost a scan of the ledger, and an index on accepted_at would be paid for by every settlement. What was
# sent in the last seconds stands in the running chunks, in the last few done ones, and in those just released, which
# are the first of the ready ones; what a rescued person got from an older chunk is missed.
_PULSE = text("""
    WITH recent AS (
        SELECT chunk.id, chunk.page_id FROM lane JOIN chunk ON chunk.campaign_id = lane.campaign_id
            AND chunk.page_id = lane.page_id AND chunk.state IN ('running', 'draining')
        WHERE lane.campaign_id = :campaign_id
        UNION ALL
        SELECT chunk.id, chunk.page_id FROM lane JOIN chunk ON chunk.campaign_id = lane.campaign_id
            AND chunk.page_id = lane.page_id AND chunk.state = 'done'
        WHERE lane.campaign_id = :campaign_id AND chunk.seq > :done_back + (
            SELECT MAX(seq) FROM chunk AS other WHERE other.campaign_id = lane.campaign_id
                AND other.page_id = lane.page_id AND other.state = 'done')
        UNION ALL
        SELECT chunk.id, chunk.page_id FROM lane JOIN chunk ON chunk.campaign_id = lane.campaign_id
            AND chunk.page_id = lane.page_id AND chunk.state = 'ready' AND chunk.fence > 0
        WHERE lane.campaign_id = :campaign_id AND chunk.seq < 32 + (
            SELECT MIN(seq) FROM chunk AS other WHERE other.campaign_id = lane.campaign_id
                AND other.page_id = lane.page_id AND other.state = 'ready')
    ), fresh AS (
        SELECT recent.page_id, delivery.sent_at, delivery.accepted_at,
               :now - CASE WHEN lane.asked > 0 AND 4000.0 > :window * lane.asked THEN 4000.0 / lane.asked
                      ELSE :window END AS since
        FROM recent JOIN lane ON lane.campaign_id = :campaign_id AND lane.page_id = recent.page_id
            JOIN delivery ON delivery.chunk_id = recent.id
    )
    SELECT page_id, MAX(sent_at) AS last_sent, MIN(since) AS since,
           SUM(CASE WHEN accepted_at > since THEN 1 ELSE 0 END) AS accepted,
           SUM(CASE WHEN sent_at > since THEN 1 ELSE 0 END) AS sent
    FROM fresh GROUP BY page_id
""")


@dataclass(frozen=True, slots=True)
class Pulse:
    """What left lately: messages sent and accepted after `since`, and when the last one left."""

    since: int
    sent: int = 0
    accepted: int = 0
    last_sent: int | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """The chunks that are not done: how many run, are ready now, or stopped; when the next deferred one is due.

    `lost` ones run on paper, and their workers no longer say that they live. `rung_at` is when a worker was last called
    to a ready one; `busy` is True where none came and workers run something else; `unheard` is why none can be called.
    `put_off` is why deferred ones wait, where it is not for an hour. `due_since` is since when the earliest of the due
    ones is, 0 where that is from the start.
    """

    running: int = 0
    ready: int = 0
    stopped: int = 0
    lost: int = 0
    rung_at: int | None = None
    next_due: int | None = None
    stopped_sentence: str | None = None
    put_off: str | None = None
    unheard: str | None = None
    busy: bool = False
    due_since: int = 0
    quiet: bool = False
    """Whether it is quiet time of their own that some of the deferred ones wait for the end of."""


@dataclass(frozen=True, slots=True)
class LaneNow:
    """One page of a campaign: who it is, what it was asked for, and what it does. `asked` in messages per second.

    `tries` is True while a parked page is about to try one message.
    """

    page_id: int
    name: str
    channel: str
    provider: str
    asked: float
    buckets: tuple[str, ...]
    proven: bool
    parked: bool
    parked_code: str | None
    parked_sentence: str | None
    tries: bool
    work: Work
    pulse: Pulse


def lanes(conn: Connection, campaign_id: int, now_ms: int) -> list[LaneNow]:
    """Return the lanes of a campaign by page name."""
    bounds = {"campaign_id": campaign_id, "now": now_ms}
    rows = conn.execute(_LANES, bounds).all()
    work = {row.page_id: _work(row) for row in conn.execute(_CHUNKS, bounds | {"hanging": _HANGING_MS})}
    if any(each.ready and not each.running for each in work.values()) and conn.execute(_BUSY, bounds).first():
        work = {page_id: replace(each, busy=not each.running) for page_id, each in work.items()}
    if any(each.next_due and not (each.running or each.ready) for each in work.values()):
        quiet = set(conn.execute(_QUIET, bounds).scalars())
        work = {page_id: replace(each, quiet=page_id in quiet) for page_id, each in work.items()}
    fastest = max((row.asked for row in rows), default=0.0)
    done_back = -2 - int(fastest * _WINDOW_MS / 1000 / _MOST_PER_CHUNK)
    pulses = conn.execute(_PULSE, bounds | {"window": _WINDOW_MS, "done_back": done_back})
    pulse = {row.page_id: Pulse(int(row.since), row.sent, row.accepted, row.last_sent) for row in pulses}
    idle = Pulse(since=now_ms - _WINDOW_MS)
    return [_lane(row, work, pulse.get(row.page_id, idle)) for row in rows]


def _lane(row: Row[tuple[object, ...]], work: Mapping[int, Work], pulse: Pulse) -> LaneNow:
    return LaneNow(
        page_id=row.page_id,
        name=row.name,
        channel=row.channel,
        provider=row.provider,
        asked=row.asked,
        buckets=tuple(json.loads(row.buckets)),
        proven=bool(row.proven),
        parked=row.parked_at is not None,
        parked_code=row.parked_code,
        parked_sentence=row.parked_sentence,
        tries=bool(row.tries),
        work=work.get(row.page_id, Work()),
        pulse=pulse,
    )


def _work(row: Row[tuple[object, ...]]) -> Work:
    return Work(
        running=row.running,
        ready=row.ready,
        stopped=row.stopped,
        lost=row.lost,
        rung_at=row.rung_at,
        next_due=row.next_due,
        stopped_sentence=row.stopped_sentence,
        put_off=row.put_off,
        unheard=row.unheard,
        due_since=row.due_since or 0,
    )
