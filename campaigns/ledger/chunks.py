"""Who runs which chunk. Every step is a conditional UPDATE, so two clocks or two workers are harmless."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, text

from campaigns import locks
from campaigns.ledger.batch import Batch
from campaigns.ledger.tallies import Change, Place, add, moved
from schemas.delivery import DeliveryState

LEASE_MS = 45_000
"""How long a chunk stays its owner's without renewal; more than twice the HTTP deadline."""
RING_AGAIN_MS = 30_000
"""A bell that nobody answered is rung again after this long."""
RUNNING_AT_ONCE = 2
"""Chunks of one page and campaign that may run at the same time; 1 until the lane is proven."""
CRASHES = 3
"""A chunk whose runs fail this often in a row without one settled row stops."""
DEATHS = 6
"""It stops, too, where so many workers died over it. That may be the machine's fault, so the last of them only wait."""
_WAITS_MS = {3: 30_000, 4: 120_000, 5: 480_000}

_RINGABLE = text("""
    SELECT chunk.id, chunk.campaign_id, chunk.page_id, chunk.deadline
    FROM chunk JOIN campaign ON campaign.id = chunk.campaign_id JOIN page ON page.id = chunk.page_id
    WHERE campaign.state = 'sending' AND campaign.hold_until IS NULL
      AND (campaign.open_until IS NULL OR campaign.open_until > :now)
      AND (page.parked_at IS NULL OR page.probe_at <= :now)
      AND chunk.campaign_id = :campaign_id AND chunk.page_id = :page_id
      AND chunk.state = 'ready' AND (chunk.due_at IS NULL OR chunk.due_at <= :now)
      AND (chunk.rung_at IS NULL OR chunk.rung_at <= :stale)
    ORDER BY chunk.seq LIMIT :n
""")
_RING = text("""
    UPDATE chunk SET rung_at = :now
    WHERE id = :id AND state = 'ready' AND (rung_at IS NULL OR rung_at <= :stale)
""")
_RUNG = text("SELECT id FROM chunk WHERE state = 'ready' AND rung_at IS NOT NULL ORDER BY id")
_CALL_OFF = text("""
    UPDATE chunk SET rung_at = NULL, sentence = :sentence WHERE id IN :ids AND state = 'ready'
""").bindparams(bindparam("ids", expanding=True))
_FREE = text("""
    SELECT (SELECT CASE WHEN proven THEN :most ELSE 1 END FROM lane
            WHERE campaign_id = :campaign_id AND page_id = :page_id) - count(*)
    FROM chunk WHERE campaign_id = :campaign_id AND page_id = :page_id
      AND (state = 'running' OR (state = 'ready' AND rung_at > :stale))
""")
_LANE = text("SELECT campaign_id, page_id FROM chunk WHERE id = :id")
_ACQUIRE = text("""
    UPDATE chunk SET state = 'running', owner = :owner, fence = fence + 1, lease_until = :now + :lease, rung_at = NULL,
                     sentence = NULL
    WHERE id = :id AND state = 'ready' AND (due_at IS NULL OR due_at <= :now)
      AND EXISTS (SELECT 1 FROM campaign WHERE campaign.id = chunk.campaign_id AND campaign.state = 'sending'
                  AND campaign.hold_until IS NULL AND (campaign.open_until IS NULL OR campaign.open_until > :now))
      AND EXISTS (SELECT 1 FROM page WHERE page.id = chunk.page_id
                  AND (page.parked_at IS NULL OR page.probe_at <= :now))
      AND (SELECT count(*) FROM chunk AS other WHERE other.campaign_id = chunk.campaign_id
           AND other.page_id = chunk.page_id AND other.state = 'running')
          < (SELECT CASE WHEN lane.proven THEN :limit ELSE 1 END FROM lane
             WHERE lane.campaign_id = chunk.campaign_id AND lane.page_id = chunk.page_id)
    RETURNING id, campaign_id, page_id, fence
""")
_ANSWERED = text("UPDATE chunk SET rung_at = NULL WHERE id = :id AND state = 'ready' AND rung_at IS NOT NULL")
_NEXT = text("""
    SELECT id FROM chunk
    WHERE campaign_id = :campaign_id AND page_id = :page_id AND state = 'ready' AND (due_at IS NULL OR due_at <= :now)
    ORDER BY seq LIMIT 1
""")
_RENEW = text("""
    UPDATE chunk SET lease_until = :now + :lease WHERE id = :id AND fence = :fence AND state IN ('running', 'draining')
""")
_DRAIN = text("UPDATE chunk SET state = 'draining' WHERE id = :id AND fence = :fence AND state = 'running'")
_LEFT = text("""
    SELECT COALESCE(SUM(CASE WHEN due_at IS NULL OR due_at <= :now THEN 1 ELSE 0 END), 0) AS ready,
           COUNT(*) AS pending, MIN(due_at) AS due_at
    FROM delivery WHERE chunk_id = :id AND state = 'pending'
""")
_RELEASE = text("""
    UPDATE chunk SET state = :state, owner = NULL, lease_until = NULL, rung_at = NULL, due_at = :due_at,
                     crashes = :crashes, sentence = :sentence
    WHERE id = :id AND fence = :fence AND state IN ('running', 'draining')
""")
_ABANDONED = text("""
    SELECT id, owner, lease_until FROM chunk WHERE state IN ('running', 'draining')
""")
_SENDING = text("""
    SELECT id, part_open, part_done FROM delivery WHERE chunk_id = :id AND state = 'sending' ORDER BY id
""")
_DOUBT = text("""
    UPDATE delivery SET state = 'unknown', reason = NULL, provider_code = 'interrupted', attempts = attempts + 1
    WHERE id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_UNTOUCHED = text("""
    UPDATE delivery SET state = 'pending', claim = NULL WHERE id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_TAKE_BACK = text("""
    UPDATE chunk SET state = :state, owner = NULL, lease_until = NULL, rung_at = NULL, fence = fence + 1,
                     crashes = :crashes, sentence = :sentence, due_at = COALESCE(:due_at, due_at)
    WHERE id = :id AND state IN ('running', 'draining') AND owner = :owner
    RETURNING campaign_id, page_id
""")
_OURS = text("SELECT crashes FROM chunk WHERE id = :id AND fence = :fence AND state IN ('running', 'draining')")
_PROGRESS = Batch("UPDATE chunk SET crashes = 0 WHERE id IN (SELECT id FROM given) AND crashes > 0", id=int)
_RESTART = text("""
    UPDATE chunk SET state = 'ready', crashes = 0, sentence = NULL, rung_at = NULL, due_at = NULL
    WHERE campaign_id = :campaign_id AND (state = 'stopped' OR (state = 'ready' AND crashes >= :crashes))
""")
_HURRY = text("UPDATE chunk SET due_at = NULL, rung_at = NULL WHERE campaign_id = :campaign_id AND state = 'ready'")
_HURRY_HELD = text("""
    UPDATE delivery SET due_at = NULL
    WHERE chunk_id IN (SELECT id FROM chunk WHERE campaign_id = :campaign_id AND state <> 'done')
      AND state = 'pending' AND due_at IS NOT NULL AND provider_code IS NULL
""")
_STOPPED_SENTENCE = "{n} runs of this part ended without one answer; resume the campaign to try again."
_DIED_SENTENCE = "{n} workers died, one after the other, before any answer came"


@dataclass(frozen=True, slots=True)
class Held:
    """A chunk that this worker runs; `fence` proves it."""

    chunk_id: int
    campaign_id: int
    page_id: int
    fence: int
    owner: str

    @property
    def place(self) -> Place:
        """Where its rows are tallied."""
        return Place(self.campaign_id, self.page_id, self.chunk_id)


@dataclass(frozen=True, slots=True)
class Left:
    """What a chunk still has to do: rows ready now, rows pending in all, and when the next deferred one is due."""

    ready: int
    pending: int
    due_at: int | None


def ring(conn: Connection, campaign_id: int, page_id: int, now: int, limit: int) -> list[int]:
    """Mark up to `limit` chunks of a lane as rung, never more than may run at once; return their ids."""
    lane = {"campaign_id": campaign_id, "page_id": page_id, "now": now, "stale": now - RING_AGAIN_MS}
    free = min(limit, int(conn.execute(_FREE, {**lane, "most": RUNNING_AT_ONCE}).scalar_one()))
    if free <= 0:
        return []
    candidates = conn.execute(_RINGABLE, {**lane, "n": free}).scalars().all()
    return [
        chunk_id
        for chunk_id in locks.chunks(conn, candidates, wait=False)
        if conn.execute(_RING, {"id": chunk_id, "now": now, "stale": lane["stale"]}).rowcount
    ]


def call_off(conn: Connection, sentence: str) -> None:
    """Take back every bell that no worker came for, and keep the reason until one comes."""
    rung = locks.chunks(conn, conn.execute(_RUNG).scalars().all(), wait=False)
    if rung:
        conn.execute(_CALL_OFF, {"ids": rung, "sentence": sentence})


def acquire(conn: Connection, chunk_id: int, owner: str, now: int) -> Held | None:
    """Take a ready chunk whose campaign sends and whose page may; None where somebody else has it or it must wait.

    The bell of one that must wait was answered all the same: it is rung again as soon as it may go on.
    """
    lane = conn.execute(_LANE, {"id": chunk_id}).one_or_none()
    if lane is None:
        return None
    locks.chunk(conn, chunk_id)
    # Two that take two chunks of a lane at once must count each other.
    locks.lane(conn, lane.campaign_id, lane.page_id)
    facts = {"id": chunk_id, "owner": owner, "now": now, "lease": LEASE_MS, "limit": RUNNING_AT_ONCE}
    row = conn.execute(_ACQUIRE, facts).one_or_none()
    if row is None:
        conn.execute(_ANSWERED, {"id": chunk_id})
        return None
    return Held(row.id, row.campaign_id, row.page_id, row.fence, owner)


def acquire_next(conn: Connection, done: Held, now: int) -> Held | None:
    """Take the next ready chunk of the same lane, in the order of closing windows."""
    lane = {"campaign_id": done.campaign_id, "page_id": done.page_id, "now": now}
    chunk_id = conn.execute(_NEXT, lane).scalar_one_or_none()
    return acquire(conn, chunk_id, done.owner, now) if chunk_id else None


def renew(conn: Connection, held: Held, now: int) -> bool:
    """Prolong the lease; False means that the chunk is no longer ours."""
    facts = {"id": held.chunk_id, "fence": held.fence, "now": now, "lease": LEASE_MS}
    return conn.execute(_RENEW, facts).rowcount == 1


def drain(conn: Connection, held: Held) -> None:
    """Mark a chunk that has nothing left to claim, so that the lane's next may start while its answers come in."""
    conn.execute(_DRAIN, {"id": held.chunk_id, "fence": held.fence})


def left(conn: Connection, held: Held, now: int) -> Left:
    """Count what is still pending in a chunk."""
    row = conn.execute(_LEFT, {"id": held.chunk_id, "now": now}).one()
    return Left(int(row.ready), int(row.pending), row.due_at)


def release(conn: Connection, held: Held, now: int, *, due_at: int | None = None, crashed: bool = False) -> None:
    """Give a chunk back: done where nothing is pending, else ready, due at `due_at` or with its first deferred row.

    Whoever gives it back has settled every call; a row that is `sending` all the same has lost its answer.
    """
    locks.chunk(conn, held.chunk_id)
    before = conn.execute(_OURS, {"id": held.chunk_id, "fence": held.fence}).scalar_one_or_none()
    if before is None:
        return
    _take_off_the_wire(conn, held.place)
    rest = left(conn, held, now)
    crashes = int(before) + 1 if crashed else 0
    stopped = bool(rest.pending) and crashes >= CRASHES
    state = "stopped" if stopped else "ready" if rest.pending else "done"
    due = due_at if rest.ready else rest.due_at
    facts = {"id": held.chunk_id, "fence": held.fence, "state": state, "due_at": due, "crashes": crashes}
    conn.execute(_RELEASE, facts | {"sentence": _STOPPED_SENTENCE.format(n=crashes) if stopped else None})


def progressed(conn: Connection, ids: Sequence[int]) -> None:
    """Forget the crashes of chunks that have settled a row since."""
    if ids:
        _PROGRESS.run(conn, [(chunk_id,) for chunk_id in ids])


def restart(conn: Connection, campaign_id: int) -> int:
    """Try a campaign's stopped chunks again, and those that wait after crashes; return how many."""
    return conn.execute(_RESTART, {"campaign_id": campaign_id, "crashes": CRASHES}).rowcount


def hurry(conn: Connection, campaign_id: int, *, held: bool) -> None:
    """Look at a campaign's chunks anew at once: what they were due at was by another pace or other hours.

    With `held`, also at each person whom quiet time held back; who was deferred by an answer stays so.
    """
    conn.execute(_HURRY, {"campaign_id": campaign_id})
    if held:
        conn.execute(_HURRY_HELD, {"campaign_id": campaign_id})


def running(conn: Connection) -> Sequence[Row[tuple[int, str, int]]]:
    """Return (id, owner, lease_until) of every running chunk, for the sweep to find the abandoned ones."""
    return conn.execute(_ABANDONED).all()


def recover(conn: Connection, chunk_id: int, owner: str, now: int) -> int | None:
    """Take a chunk back from a dead owner: what was on the wire is unknown, what was not is pending again.

    Where one owner after the other dies over it, it waits a while, at last for somebody to resume it.
    Returns the number of rows now in doubt, None where the chunk had already been taken back, or is being written to.
    """
    if not locks.chunk(conn, chunk_id, wait=False):
        return None
    facts = {"id": chunk_id, "owner": owner, **_after(_crashes(conn, chunk_id) + 1, now)}
    chunk = conn.execute(_TAKE_BACK, facts).one_or_none()
    if chunk is None:
        return None
    return _take_off_the_wire(conn, Place(chunk.campaign_id, chunk.page_id, chunk_id))


def _after(crashes: int, now: int) -> dict[str, object]:
    """Return how a chunk goes on after so many crashes in a row, the last being its worker's death."""
    facts: dict[str, object] = {"crashes": crashes, "state": "ready", "sentence": None, "due_at": None}
    if crashes >= DEATHS:
        return facts | {"state": "stopped", "sentence": _STOPPED_SENTENCE.format(n=crashes)}
    if wait := _WAITS_MS.get(crashes):
        return facts | {"sentence": _DIED_SENTENCE.format(n=crashes), "due_at": now + wait}
    return facts


def _take_off_the_wire(conn: Connection, place: Place) -> int:
    rows = conn.execute(_SENDING, {"id": place.chunk_id}).all()
    doubtful = [row.id for row in rows if row.part_open != row.part_done]
    untouched = [row.id for row in rows if row.part_open == row.part_done]
    changes: Counter[Change] = Counter()
    for ids, statement, new in (
        (doubtful, _DOUBT, DeliveryState.UNKNOWN),
        (untouched, _UNTOUCHED, DeliveryState.PENDING),
    ):
        if ids:
            conn.execute(statement, {"ids": ids})
            changes.update(moved(place, DeliveryState.SENDING, new, n=len(ids)))
    add(conn, changes)
    return len(doubtful)


def _crashes(conn: Connection, chunk_id: int) -> int:
    return int(conn.execute(text("SELECT crashes FROM chunk WHERE id = :id"), {"id": chunk_id}).scalar_one())
