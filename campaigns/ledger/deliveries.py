"""Claim before the call, settle after it.

A claim screens once more (opt-outs, windows at the slot's time) and says who may be called; a settlement brings the
evidence. Evidence moves a row right only: a settlement finds the row by its claim, whatever became of the chunk.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Row, bindparam, text

from campaigns import locks
from campaigns.ledger import chunks, evidence
from campaigns.ledger.chunks import Held
from campaigns.ledger.tallies import Change, Place, add, moved
from schemas.delivery import DeliveryState
from schemas.reason import Reason

T = TypeVar("T")

SKIM = 1_000
"""Rows that one claim may look at and skip before it gives up finding more to send."""

_GUARD = text("""
    SELECT page.parked_at, lane.proven, lane.trial
    FROM chunk JOIN campaign ON campaign.id = chunk.campaign_id JOIN page ON page.id = chunk.page_id
        JOIN lane ON lane.campaign_id = chunk.campaign_id AND lane.page_id = chunk.page_id
    WHERE chunk.id = :id AND chunk.fence = :fence AND chunk.state = 'running' AND campaign.state = 'sending'
      AND (page.parked_at IS NULL OR page.probe_at <= :now)
      AND (campaign.not_after IS NULL OR campaign.not_after > :now)
""")
_ON_THE_WIRE = text("""
    SELECT COALESCE(SUM(n), 0) FROM tally
    WHERE campaign_id = :campaign_id AND page_id = :page_id AND state = 'sending'
""")
_PROBED = text("UPDATE page SET probe_at = NULL WHERE id = :id")
_NEXT = text("""
    SELECT id, sender_id, recipient_id, variables, closes_at, part_done, tries, message_ids,
           EXISTS (SELECT 1 FROM suppression WHERE suppression.recipient_id = delivery.recipient_id
                   AND suppression.sender_id IN (0, delivery.sender_id)) AS opted_out
    FROM delivery
    WHERE chunk_id = :chunk_id AND id > :after AND state = 'pending' AND (due_at IS NULL OR due_at <= :now)
    ORDER BY id LIMIT :n
""")
_CLAIM = text("""
    UPDATE delivery SET state = 'sending', claim = :claim, part_open = part_done + 1, sent_at = :now, due_at = NULL,
        revision = (SELECT revision FROM campaign WHERE campaign.id = delivery.campaign_id)
    WHERE id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_SKIP = text("UPDATE delivery SET state = :state, reason = :reason WHERE id = :id")
_SETTLE = """
    UPDATE delivery SET state = :state, reason = :reason,
        provider_code = CASE WHEN :state = 'pending' THEN COALESCE(:code, provider_code) ELSE :code END,
        due_at = :due_at, part_done = :part_done, part_open = :part_done + :in_doubt,
        attempts = attempts + :attempt, tries = tries + :retry,
        message_ids = COALESCE(:message_ids, message_ids), request_id = COALESCE(:request_id, request_id),
        accepted_at = COALESCE(:accepted_at, accepted_at)
    WHERE id = :id AND claim = :claim AND state =
"""
_SETTLE_SENDING = text(_SETTLE + "'sending'")
_SETTLE_UNKNOWN = text(_SETTLE + "'unknown'")
_PART = text("""
    UPDATE delivery SET part_done = :part_done, part_open = :part_done, message_ids = :message_ids
    WHERE id = :id AND claim = :claim AND state = 'unknown' AND part_done < :part_done
""")
_EVIDENCE = frozenset({DeliveryState.ACCEPTED, DeliveryState.FAILED})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row as a claim found it; `part` is the 1-based part to send now."""

    id: int
    sender_id: int
    recipient_id: str
    variables: str
    closes_at: int | None
    part: int
    tries: int
    message_ids: str | None
    opted_out: bool


@dataclass(frozen=True, slots=True)
class Claimed(Generic[T]):
    """What one claim got.

    `held` is False where chunk, campaign or page no longer allow sending; `awaiting` where an unproven lane must see an
    answer first. `last_id` is the id behind which the next claim of this run may look.
    """

    held: bool
    rows: list[T]
    awaiting: bool = False
    skipped: int = 0
    last_id: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one claimed row. `retry` 1 raises `tries`; `attempt` 0 means that the call does not count."""

    id: int
    claim: str
    place: Place
    state: DeliveryState
    part_done: int
    reason: Reason | None = None
    code: str | None = None
    message_ids: str | None = None
    request_id: str | None = None
    accepted_at: int | None = None
    due_at: int | None = None
    attempt: int = 1
    retry: int = 0

    @property
    def last_message(self) -> str | None:
        """The platform's id of the message that this call brought; None where it brought none."""
        return self.message_ids.rsplit(" ", 1)[-1] if self.message_ids else None

    @property
    def row(self) -> dict[str, Any]:
        """The statement's parameters."""
        return {
            "id": self.id,
            "claim": self.claim,
            "state": self.state.value,
            "reason": self.reason.value if self.reason else None,
            "code": self.code,
            "due_at": self.due_at,
            "part_done": self.part_done,
            "in_doubt": int(self.state is DeliveryState.UNKNOWN),
            "attempt": self.attempt,
            "retry": self.retry,
            "message_ids": self.message_ids,
            "request_id": self.request_id,
            "accepted_at": self.accepted_at,
        }


def claim(
    conn: Connection,
    held: Held,
    prepare: Callable[[Candidate, int], T | Reason],
    *,
    name: str,
    want: int,
    now: int,
    after: int,
) -> Claimed[T]:
    """Claim up to `want` rows of a chunk behind id `after` for the claim id `name`.

    `prepare(row, i)` is called before the claim is written, for the row that would get the i-th slot: it renders and
    returns the prepared row, or the reason why this person is skipped after all. It must have no effect of its own.
    """
    guard = _leave(conn, held, now)
    if guard is None:
        return Claimed(held=False, rows=[])
    want = _allowance(conn, held, guard, want)
    if want == 0:
        return Claimed(held=True, rows=[], awaiting=True)
    ready, ids, skips, last = _pick(conn, held, prepare, want=want, now=now, after=after)
    changes: Counter[Change] = Counter()
    if ids:
        conn.execute(_CLAIM, {"ids": ids, "claim": name, "now": now})
        if guard.parked_at is not None:
            conn.execute(_PROBED, {"id": held.page_id})
        changes.update(moved(held.place, DeliveryState.PENDING, DeliveryState.SENDING, n=len(ids)))
    if skips:
        conn.execute(_SKIP, skips)
        for skip in skips:
            changes.update(moved(held.place, DeliveryState.PENDING, skip["state"], skip["reason"]))
    add(conn, changes)
    return Claimed(held=True, rows=ready, skipped=len(skips), last_id=last)


def _leave(conn: Connection, held: Held, now: int) -> Row[Any] | None:
    """Lock what a claim depends on, and return what its lane may do now, None where it may not send."""
    locks.chunk(conn, held.chunk_id)
    facts = {"id": held.chunk_id, "fence": held.fence, "now": now}
    guard = conn.execute(_GUARD, facts).first()
    if guard is None or (guard.proven and guard.parked_at is None):
        return guard
    # The few messages of a trial are counted over all chunks of a lane, and a probe over all lanes of a page.
    locks.page(conn, held.page_id)
    return conn.execute(_GUARD, facts).first()


def _allowance(conn: Connection, held: Held, guard: Row[Any], want: int) -> int:
    if guard.parked_at is not None:
        return 1
    if guard.proven:
        return want
    lane = {"campaign_id": held.campaign_id, "page_id": held.page_id}
    return 0 if int(conn.execute(_ON_THE_WIRE, lane).scalar_one()) else min(want, guard.trial)


def _pick(
    conn: Connection,
    held: Held,
    prepare: Callable[[Candidate, int], T | Reason],
    *,
    want: int,
    now: int,
    after: int,
) -> tuple[list[T], list[int], list[dict[str, Any]], int]:
    ready: list[T] = []
    ids: list[int] = []
    skips: list[dict[str, Any]] = []
    while len(ready) < want and len(skips) < SKIM:
        facts = {"chunk_id": held.chunk_id, "after": after, "now": now, "n": want - len(ready)}
        found = conn.execute(_NEXT, facts).all()
        for row in found:
            candidate = Candidate(
                row.id,
                row.sender_id,
                row.recipient_id,
                row.variables,
                row.closes_at,
                row.part_done + 1,
                row.tries,
                row.message_ids,
                bool(row.opted_out),
            )
            after = row.id
            verdict = prepare(candidate, len(ready))
            if isinstance(verdict, Reason):
                # Who already got a part is not "skipped": the report must not say that nothing went out.
                state = DeliveryState.FAILED if row.part_done else DeliveryState.SKIPPED
                skips.append({"id": row.id, "state": state.value, "reason": verdict.value})
            else:
                ready.append(verdict)
                ids.append(row.id)
        if not found:
            break
    return ready, ids, skips, after


def settle(conn: Connection, settlements: Sequence[Settlement]) -> int:
    """Write what became of claimed rows; return how many were taken.

    A row whose chunk was taken back meanwhile stands at `unknown` with its claim: evidence (accepted, failed) still
    counts there, a return to pending does not. A part that arrived is noted, so that it is never sent again.
    """
    if not settlements:
        return 0
    locks.chunks(conn, sorted({settlement.place.chunk_id for settlement in settlements}))
    taken = _settle_all(conn, sorted(settlements, key=attrgetter("id")))
    changes: Counter[Change] = Counter()
    for settlement, old in taken:
        changes.update(moved(settlement.place, old, settlement.state, settlement.reason))
    add(conn, changes)
    # Whatever became of the row: this message is its own, and receipts will name it.
    evidence.sent(conn, [(mid, settlement.id) for settlement in settlements if (mid := settlement.last_message)])
    for chunk_id in {settlement.place.chunk_id for settlement, _ in taken if settlement.attempt}:
        chunks.progressed(conn, chunk_id)
    return len(taken)


def _settle_all(conn: Connection, settlements: Sequence[Settlement]) -> list[tuple[Settlement, DeliveryState]]:
    # Nearly always every row is still ours; one statement for all of them, undone where it was not so.
    attempt = conn.begin_nested()
    rows = [settlement.row for settlement in settlements]
    if conn.execute(_SETTLE_SENDING, rows).rowcount == len(rows):
        attempt.commit()
        return [(settlement, DeliveryState.SENDING) for settlement in settlements]
    attempt.rollback()
    return [(settlement, old) for settlement in settlements if (old := _settle_one(conn, settlement))]


def _settle_one(conn: Connection, settlement: Settlement) -> DeliveryState | None:
    if conn.execute(_SETTLE_SENDING, settlement.row).rowcount:
        return DeliveryState.SENDING
    if settlement.state in _EVIDENCE and conn.execute(_SETTLE_UNKNOWN, settlement.row | {"attempt": 0}).rowcount:
        return DeliveryState.UNKNOWN
    conn.execute(_PART, settlement.row)
    return None
