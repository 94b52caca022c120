"""Settle after the call: the evidence of an answer, into the row that was claimed for it.

Evidence moves a row right only: a settlement finds the row by its claim, whatever became of the chunk.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from sqlalchemy import Connection, text

from campaigns import locks
from campaigns.ledger import chunks, evidence
from campaigns.ledger.batch import Batch
from campaigns.ledger.tallies import Change, Place, add, moved
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.reason import RESCUABLE, Reason

_SETTLE = """
    UPDATE delivery SET state = given.state, reason = given.reason,
        provider_code = CASE WHEN given.state = 'pending' THEN COALESCE(given.code, provider_code) ELSE given.code END,
        due_at = given.due_at, part_done = given.part_done, part_open = given.part_done + given.in_doubt,
        attempts = attempts + given.attempt, tries = tries + given.retry,
        message_ids = COALESCE(given.message_ids, delivery.message_ids),
        request_id = COALESCE(given.request_id, delivery.request_id),
        accepted_at = COALESCE(given.accepted_at, delivery.accepted_at)
    FROM given WHERE delivery.id = given.id AND delivery.claim = given.claim AND delivery.state =
"""
_FACTS: dict[str, type[int] | type[str]] = {
    "id": int,
    "claim": str,
    "state": str,
    "reason": str,
    "code": str,
    "due_at": int,
    "part_done": int,
    "in_doubt": int,
    "attempt": int,
    "retry": int,
    "message_ids": str,
    "request_id": str,
    "accepted_at": int,
}
_SETTLE_SENDING = Batch(_SETTLE + "'sending'", **_FACTS)
_SETTLE_UNKNOWN = Batch(_SETTLE + "'unknown'", **_FACTS)
_PART = text("""
    UPDATE delivery SET part_done = :part_done, part_open = :part_done, message_ids = :message_ids
    WHERE id = :id AND claim = :claim AND state = 'unknown' AND part_done < :part_done
""")
_EVIDENCE = frozenset({DeliveryState.ACCEPTED, DeliveryState.FAILED})
_WROTE = text("""
    SELECT contact.closes_at FROM delivery
        JOIN campaign ON campaign.id = delivery.campaign_id JOIN page ON page.id = delivery.sender_id
        JOIN contact ON contact.channel = page.channel AND contact.account_id = page.account_id
            AND contact.recipient_id = delivery.recipient_id
    WHERE delivery.id = :id AND delivery.claim = :claim AND delivery.state = 'sending'
      AND contact.closes_at > delivery.closes_at AND contact.closes_at - campaign.margin_ms > :now
""")
_EXTEND = text("UPDATE delivery SET closes_at = :closes_at WHERE id = :id")


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
    def facts(self) -> tuple[int | str | None, ...]:
        """What its statement is given."""
        return (
            self.id,
            self.claim,
            self.state.value,
            self.reason.value if self.reason else None,
            self.code,
            self.due_at,
            self.part_done,
            int(self.state is DeliveryState.UNKNOWN),
            self.attempt,
            self.retry,
            self.message_ids,
            self.request_id,
            self.accepted_at,
        )


def settle(conn: Connection, settlements: Sequence[Settlement]) -> int:
    """Write what became of claimed rows; return how many were taken.

    A row whose chunk was taken back meanwhile stands at `unknown` with its claim: evidence (accepted, failed) still
    counts there, a return to pending does not. A part that arrived is noted, so that it is never sent again.
    """
    if not settlements:
        return 0
    locks.chunks(conn, sorted({settlement.place.chunk_id for settlement in settlements}))
    judged = [_given_its_window(conn, settlement) for settlement in settlements]
    taken = _settle_all(conn, sorted(judged, key=attrgetter("id")))
    changes: Counter[Change] = Counter()
    for settlement, old in taken:
        changes.update(moved(settlement.place, old, settlement.state, settlement.reason))
    add(conn, changes)
    # Whatever became of the row: this message is its own, and receipts will name it.
    evidence.sent(conn, [(mid, settlement.id) for settlement in settlements if (mid := settlement.last_message)])
    chunks.progressed(conn, sorted({settlement.place.chunk_id for settlement, _ in taken if settlement.attempt}))
    return len(taken)


def _given_its_window(conn: Connection, settlement: Settlement) -> Settlement:
    """Let a person who wrote during the call that was refused as too late be sent to within the new window.

    A message that comes in after this rescues a failed row; that one found it on the wire. No window does it twice.
    """
    if settlement.state is not DeliveryState.FAILED or settlement.reason not in RESCUABLE:
        return settlement
    facts = {"id": settlement.id, "claim": settlement.claim, "now": now_of(conn)}
    closes_at = conn.execute(_WROTE, facts).scalar_one_or_none()
    if closes_at is None:
        return settlement
    conn.execute(_EXTEND, {"id": settlement.id, "closes_at": closes_at})
    return replace(settlement, state=DeliveryState.PENDING, reason=None)


def _settle_all(conn: Connection, settlements: Sequence[Settlement]) -> list[tuple[Settlement, DeliveryState]]:
    # Nearly always every row is still ours; one statement for all of them, undone where it was not so.
    attempt = conn.begin_nested()
    rows = [settlement.facts for settlement in settlements]
    if _SETTLE_SENDING.run(conn, rows).rowcount == len(rows):
        attempt.commit()
        return [(settlement, DeliveryState.SENDING) for settlement in settlements]
    attempt.rollback()
    return [(settlement, old) for settlement in settlements if (old := _settle_one(conn, settlement))]


def _settle_one(conn: Connection, settlement: Settlement) -> DeliveryState | None:
    if _SETTLE_SENDING.run(conn, [settlement.facts]).rowcount:
        return DeliveryState.SENDING
    evident = settlement.state in _EVIDENCE
    if evident and _SETTLE_UNKNOWN.run(conn, [replace(settlement, attempt=0).facts]).rowcount:
        return DeliveryState.UNKNOWN
    facts = {"id": settlement.id, "claim": settlement.claim, "part_done": settlement.part_done}
    conn.execute(_PART, facts | {"message_ids": settlement.message_ids})
    return None
