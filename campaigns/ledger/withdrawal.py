"""Taking back what has not been sent: a cancelled campaign, a passed deadline, a message that the platform refuses.

Work goes chunk by chunk, a few chunks a transaction, so that a million rows never hold the database for long.
"""

from collections import Counter

from sqlalchemy import Connection, text

from campaigns import locks
from campaigns.ledger.tallies import Change, Place, add, moved
from schemas.delivery import DeliveryState
from schemas.reason import Reason

CHUNKS = 20

_WITH_PENDING = text("""
    SELECT campaign_id, page_id, chunk_id FROM tally
    WHERE campaign_id = :campaign_id AND state = 'pending' AND n > 0 ORDER BY chunk_id LIMIT :n
""")
_WITHDRAW = text("""
    UPDATE delivery SET state = :state, reason = :reason WHERE chunk_id = :chunk_id AND state = 'pending'
""")
_CLOSE = text("UPDATE chunk SET state = 'done' WHERE id = :id AND state IN ('ready', 'stopped')")
_BOUNDS = text("SELECT first_id, last_id FROM campaign WHERE id = :id")
_FAILED = text("""
    SELECT count(*) FROM delivery
    WHERE id BETWEEN :low AND :high AND state = 'failed' AND reason = :reason AND provider_code = :code
""")
_FAILED_CHUNKS = text("""
    SELECT DISTINCT page_id, chunk_id FROM delivery
    WHERE id BETWEEN :low AND :high AND state = 'failed' AND reason = :reason AND provider_code = :code
    ORDER BY chunk_id
""")
_RETURN = text("""
    UPDATE delivery SET state = 'pending', reason = NULL, claim = NULL, part_open = part_done
    WHERE chunk_id = :chunk_id AND state = 'failed' AND reason = :reason AND provider_code = :code
""")
_OPEN = text("UPDATE chunk SET state = 'ready', rung_at = NULL WHERE id = :id AND state = 'done'")


def withdraw(conn: Connection, campaign_id: int, state: DeliveryState, reason: Reason, *, wait: bool = True) -> int:
    """Move pending rows of a few chunks to `state`; return how many, 0 when none is left.

    It is 0 too where others are writing to all of those chunks, with `wait` only where they took the rows: the clock
    comes back to them.
    """
    rows = conn.execute(_WITH_PENDING, {"campaign_id": campaign_id, "n": CHUNKS}).all()
    held = locks.chunks(conn, [row.chunk_id for row in rows], wait=False)
    if rows and wait and not held:
        # Never for one chunk while holding another.
        held = locks.chunks(conn, [rows[0].chunk_id])
    places = [Place(campaign_id, row.page_id, row.chunk_id) for row in rows if row.chunk_id in held]
    changes: Counter[Change] = Counter()
    total = 0
    for place in places:
        facts = {"state": state.value, "reason": reason.value, "chunk_id": place.chunk_id}
        n = conn.execute(_WITHDRAW, facts).rowcount
        conn.execute(_CLOSE, {"id": place.chunk_id})
        changes.update(moved(place, "pending", state, reason, n))
        total += n
    add(conn, changes)
    return total


def failed_with(conn: Connection, campaign_id: int, code: str) -> int:
    """Count the rows that the platform refused for the message's sake with `code`."""
    return int(conn.execute(_FAILED, _refused(conn, campaign_id, code)).scalar_one())


def return_failed(conn: Connection, campaign_id: int, code: str) -> None:
    """Return those rows to pending."""
    facts = _refused(conn, campaign_id, code)
    changes: Counter[Change] = Counter()
    rows = conn.execute(_FAILED_CHUNKS, facts).all()
    locks.chunks(conn, [row.chunk_id for row in rows])
    for row in rows:
        n = conn.execute(_RETURN, facts | {"chunk_id": row.chunk_id}).rowcount
        place = Place(campaign_id, row.page_id, row.chunk_id)
        changes[place, "failed", Reason.MESSAGE_REJECTED.value] -= n
        changes[place, "pending", ""] += n
        conn.execute(_OPEN, {"id": row.chunk_id})
    add(conn, changes)


def _refused(conn: Connection, campaign_id: int, code: str) -> dict[str, object]:
    bounds = conn.execute(_BOUNDS, {"id": campaign_id}).one()
    return {"low": bounds.first_id, "high": bounds.last_id, "reason": Reason.MESSAGE_REJECTED.value, "code": code}
