"""Evidence: what echoes, receipts and replies prove about rows, whatever we thought of them.

Each function is a merge: events in any order, any number of times, end in the same rows. Evidence moves a row right
only, and nothing here ever makes a row pending that was not, save one whose first part is proven and whose next is due.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from campaigns import locks
from campaigns.ledger.tallies import Change, Place, add, moved
from schemas.delivery import DeliveryState
from schemas.reason import Reason

_MOST_NAMED = 500
"""Ids in one statement; SQLite takes no more than 999 on old builds."""


def _listed(statement: str, name: str = "ids") -> Any:
    return text(statement).bindparams(bindparam(name, expanding=True))


_MESSAGES = _listed("SELECT mid, delivery_id FROM sent_message WHERE mid IN :ids")
_SENT = text("""
    INSERT INTO sent_message (mid, delivery_id) VALUES (:mid, :delivery_id) ON CONFLICT (mid) DO NOTHING
""")
_ROWS = _listed("""
    SELECT delivery.id, delivery.campaign_id, delivery.page_id, delivery.chunk_id, delivery.state, delivery.reason,
           delivery.part_done, delivery.message_ids, delivery.accepted_at, delivery.delivered_at, delivery.read_at,
           campaign.state IN ('sending', 'paused') AS open
    FROM delivery JOIN campaign ON campaign.id = delivery.campaign_id WHERE delivery.id IN :ids ORDER BY delivery.id
""")
_CAMPAIGNS = _listed("SELECT DISTINCT campaign_id FROM delivery WHERE id IN :ids ORDER BY campaign_id")
_ACCEPT = text("""
    UPDATE delivery SET state = 'accepted', reason = NULL, due_at = NULL, part_done = :part, part_open = :part,
        message_ids = :message_ids, accepted_at = COALESCE(accepted_at, :at)
    WHERE id = :id
""")
_PART = text("""
    UPDATE delivery SET state = :state, reason = NULL, part_done = :part, part_open = :part, message_ids = :message_ids
    WHERE id = :id
""")
_READY = text("""
    UPDATE chunk SET state = 'ready', due_at = NULL, rung_at = NULL, crashes = 0
    WHERE id = :id AND state IN ('done', 'ready')
""")
_RECEIVE = text("""
    UPDATE delivery SET state = :state, reason = :reason, provider_code = COALESCE(:code, provider_code),
        delivered_at = :delivered_at, read_at = :read_at
    WHERE id = :id
""")
_UP_TO = text("""
    SELECT id FROM delivery
    WHERE sender_id = :sender_id AND recipient_id = :recipient_id AND state IN ('accepted', 'delivered', 'read')
      AND sent_at <= :watermark
    ORDER BY id
""")
_IN_HAND = text("""
    SELECT 1 FROM delivery
    WHERE sender_id = :sender_id AND recipient_id = :recipient_id
      AND (state IN ('sending', 'unknown') OR (state = 'pending' AND part_done > 0)) AND sent_at <= :watermark
    LIMIT 1
""")
_UNSETTLED = _listed("SELECT id FROM delivery WHERE id IN :ids AND state IN ('pending', 'sending', 'unknown')")
_ANSWER = text("""
    UPDATE delivery SET replied_at = :at, reply = :text
    WHERE id = :id AND (replied_at IS NULL OR replied_at > :at OR (replied_at = :at AND reply > :text))
""")

_UNSAY = text("UPDATE delivery SET reply = '' WHERE id = :id AND replied_at = :at")
_EXTEND = text("""
    UPDATE delivery SET closes_at = :closes_at
    WHERE sender_id = :sender_id AND recipient_id = :recipient_id AND state = 'pending'
      AND closes_at < :closes_at
""")

_OPEN = frozenset({DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNKNOWN})
_RANK = {
    DeliveryState.ACCEPTED: 1,
    DeliveryState.ASSUMED_SENT: 1,
    DeliveryState.FAILED: 2,
    DeliveryState.DELIVERED: 3,
    DeliveryState.READ: 4,
}
"""Orbit accepts first and may say `failed` later; that a person has it is the better evidence of the two."""


@dataclass(frozen=True, slots=True)
class Proof:
    """An echo of part `part` of `parts` of a row's message: it went out, under the platform's id `mid`, at `at`."""

    delivery_id: int
    mid: str
    at: int
    part: int = 1
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform says of an accepted message: delivered, read, or (Orbit) failed for a `reason` and `code`.

    `mid` names the message; '' where that is not told.
    """

    delivery_id: int
    state: DeliveryState
    at: int
    reason: Reason | None = None
    code: str | None = None
    mid: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person answered; a row keeps the first answer."""

    delivery_id: int
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What proofs came to: rows that were in doubt and are `accepted` now, and rows that were called something else.

    `contradicted` are failed, skipped or cancelled rows that went out all the same: a finding, and they stay. `early`
    are rows whose worker has not settled an earlier part yet: the proof must be shown again.
    """

    accepted: tuple[int, ...] = ()
    contradicted: tuple[int, ...] = ()
    early: tuple[int, ...] = ()


def messages(conn: Connection, mids: Sequence[str]) -> dict[str, int]:
    """Return the rows that message ids are known to belong to."""
    found: dict[str, int] = {}
    for part in _parts(sorted(set(mids))):
        found.update((row.mid, row.delivery_id) for row in conn.execute(_MESSAGES, {"ids": part}))
    return found


def sent(conn: Connection, pairs: Sequence[tuple[str, int]]) -> None:
    """Note which row each message id belongs to; the first word stands."""
    if pairs:
        conn.execute(_SENT, [{"mid": mid, "delivery_id": row_id} for mid, row_id in sorted(pairs)])


def accept(conn: Connection, proofs: Sequence[Proof]) -> Accepted:
    """Take echoes: a row in doubt, on the wire or pending is accepted, because the message is out."""
    known = {proof.delivery_id: proof for proof in sorted(proofs, key=lambda proof: (proof.part, -proof.at))}
    _hold_open(conn, [proof.delivery_id for proof in proofs if proof.part < proof.parts])
    changes: Counter[Change] = Counter()
    accepted, contradicted, early = [], [], []
    for row in _locked(conn, sorted(known)):
        proof = known[row.id]
        if row.state not in _OPEN:
            if row.state in {DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.CANCELLED}:
                contradicted.append(row.id)
        elif proof.part > row.part_done + 1:
            early.append(row.id)
        elif proof.part == proof.parts:
            _accept(conn, row, proof, changes)
            accepted.append(row.id)
        elif row.state == DeliveryState.SENDING:
            early.append(row.id)
        elif proof.part > row.part_done:
            _go_on(conn, row, proof, changes)
    sent(conn, [(proof.mid, proof.delivery_id) for proof in proofs if proof.delivery_id not in contradicted])
    add(conn, changes)
    return Accepted(tuple(accepted), tuple(contradicted), tuple(early))


def receive(conn: Connection, receipts: Sequence[Receipt]) -> int:
    """Take receipts of accepted messages; return how many rows they moved. A state never falls back."""
    by_row: dict[int, list[Receipt]] = {}
    for receipt in receipts:
        by_row.setdefault(receipt.delivery_id, []).append(receipt)
    changes: Counter[Change] = Counter()
    facts = []
    for row in _locked(conn, sorted(by_row)):
        fact = _merged(row, by_row[row.id])
        if fact is None:
            continue
        facts.append(fact)
        if fact["state"] != row.state:
            place = Place(row.campaign_id, row.page_id, row.chunk_id or 0)
            changes[place, row.state, row.reason or ""] -= 1
            changes[place, fact["state"], fact["reason"] or ""] += 1
    if facts:
        conn.execute(_RECEIVE, facts)
    add(conn, changes)
    return len(facts)


def up_to(conn: Connection, sender_id: int, recipient_id: str, watermark: int) -> list[int]:
    """Return the rows of a person that a watermark (epoch ms) speaks of."""
    facts = {"sender_id": sender_id, "recipient_id": recipient_id, "watermark": watermark}
    return [row.id for row in conn.execute(_UP_TO, facts)]


def in_hand(conn: Connection, sender_id: int, recipient_id: str, watermark: int) -> bool:
    """Whether a watermark (epoch ms) may also speak of a row that is on the wire, in doubt, or not out as a whole."""
    facts = {"sender_id": sender_id, "recipient_id": recipient_id, "watermark": watermark}
    return conn.execute(_IN_HAND, facts).first() is not None


def unsettled(conn: Connection, ids: Sequence[int]) -> set[int]:
    """Return those of the rows whose message may still go out, or go on."""
    return {row.id for part in _parts(ids) for row in conn.execute(_UNSETTLED, {"ids": part})}


def answer(conn: Connection, replies: Sequence[Reply]) -> None:
    """Write down who answered, and their first words."""
    if replies:
        rows = sorted(replies, key=lambda reply: reply.delivery_id)
        conn.execute(_ANSWER, [{"id": reply.delivery_id, "at": reply.at, "text": reply.text} for reply in rows])


def unsay(conn: Connection, answers: Sequence[tuple[int, int]]) -> None:
    """Drop the words of answers that people took back: pairs of row and moment."""
    if answers:
        conn.execute(_UNSAY, [{"id": row_id, "at": at} for row_id, at in sorted(answers)])


def extend(conn: Connection, opened: Mapping[tuple[int, str], int]) -> None:
    """Give rows the later closing (epoch ms) that a message has brought their person, by account and person.

    Only those that are pending: of a message that is out, the window counts under which it went. Should it come back,
    a claim looks for a later one.
    """
    rows = [
        {"sender_id": sender_id, "recipient_id": person, "closes_at": opened[sender_id, person]}
        for sender_id, person in sorted(opened)
    ]
    if rows:
        conn.execute(_EXTEND, rows)


def _hold_open(conn: Connection, ids: Sequence[int]) -> None:
    """Keep the campaigns of rows that may go on from being finished meanwhile."""
    campaigns = {row.campaign_id for part in _parts(ids) for row in conn.execute(_CAMPAIGNS, {"ids": part})}
    for campaign_id in sorted(campaigns):
        locks.campaign(conn, campaign_id)


def _locked(conn: Connection, ids: Sequence[int]) -> list[Row[Any]]:
    locks.chunks_of(conn, ids)
    return [row for part in _parts(ids) for row in conn.execute(_ROWS, {"ids": part}).all()]


def _accept(conn: Connection, row: Row[Any], proof: Proof, changes: Counter[Change]) -> None:
    facts = {"id": row.id, "part": proof.part, "at": proof.at, "message_ids": _with(row.message_ids, proof.mid)}
    conn.execute(_ACCEPT, facts)
    changes.update(moved(_place(row), row.state, DeliveryState.ACCEPTED))


def _go_on(conn: Connection, row: Row[Any], proof: Proof, changes: Counter[Change]) -> None:
    """Note a part that arrived; what was in doubt for it alone goes on with the next, while its campaign is open."""
    state = DeliveryState.PENDING if row.open else DeliveryState(row.state)
    facts = {"id": row.id, "part": proof.part, "message_ids": _with(row.message_ids, proof.mid)}
    conn.execute(_PART, facts | {"state": state.value})
    if row.state != state:
        conn.execute(_READY, {"id": row.chunk_id})
        changes.update(moved(_place(row), row.state, state))


def _merged(row: Row[Any], receipts: Sequence[Receipt]) -> Mapping[str, Any] | None:
    """Return what a row becomes by receipts; None where it was never accepted, or knows it all already."""
    receipts = [receipt for receipt in receipts if not _is_over(row, receipt)]
    if row.state not in _RANK or row.accepted_at is None or not receipts:
        return None
    times = {
        state: [receipt.at for receipt in receipts if receipt.state is state]
        for state in (DeliveryState.DELIVERED, DeliveryState.READ)
    }
    best = max(receipts, key=lambda receipt: (_RANK[receipt.state], receipt.code or ""))
    higher = _RANK[best.state] > _RANK[DeliveryState(row.state)]
    fact = {
        "id": row.id,
        "state": best.state.value if higher else row.state,
        "reason": (best.reason.value if best.reason else None) if higher else row.reason,
        "code": best.code if higher else None,
        "delivered_at": min([*times[DeliveryState.DELIVERED], *_given(row.delivered_at)], default=None),
        "read_at": min([*times[DeliveryState.READ], *_given(row.read_at)], default=None),
    }
    same = not higher and (fact["delivered_at"], fact["read_at"]) == (row.delivered_at, row.read_at)
    return None if same else fact


def _is_over(row: Row[Any], receipt: Receipt) -> bool:
    """Whether a failure is that of a message that was sent again since."""
    present = (row.message_ids or "").split()[-max(1, row.part_done) :]
    return receipt.state is DeliveryState.FAILED and receipt.mid != "" and receipt.mid not in present


def _given(moment: int | None) -> list[int]:
    return [] if moment is None else [moment]


def _with(message_ids: str | None, mid: str) -> str:
    known = (message_ids or "").split()
    return " ".join(known if mid in known else [*known, mid])


def _place(row: Row[Any]) -> Place:
    return Place(row.campaign_id, row.page_id, row.chunk_id or 0)


def _parts(ids: Sequence[Any]) -> list[Sequence[Any]]:
    return [ids[start : start + _MOST_NAMED] for start in range(0, len(ids), _MOST_NAMED)]
