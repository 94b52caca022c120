"""An erased person's rows: the proof of what happened stays, and the person goes out of it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from campaigns import locks
from campaigns.ledger.tallies import Change, Place, add, moved
from schemas.delivery import DeliveryState
from schemas.reason import Reason

# The unique index leads with the sender, so the senders there are find the person without a scan.
_ROWS = text("""
    SELECT delivery.id, delivery.campaign_id, delivery.page_id, delivery.chunk_id, delivery.state, delivery.part_done
    FROM (SELECT DISTINCT sender_id FROM page) AS account
    JOIN delivery ON delivery.sender_id = account.sender_id AND delivery.recipient_id = :person
    ORDER BY delivery.id
""")
_SET_ASIDE = text("UPDATE delivery SET state = :state, reason = :reason, due_at = NULL WHERE id = :id")
_RENAME = text("UPDATE delivery SET recipient_id = :name, variables = '[]', reply = NULL WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Renamed:
    """The campaigns whose rows named the person, how many rows, and how many of those were still to be sent."""

    campaigns: frozenset[int]
    rows: int
    set_aside: int


def rename(conn: Connection, recipient_id: str, name: str) -> Renamed:
    """Give a person's rows the name, without their variables and answers; what was to be sent is set aside first.

    What is on the wire is settled by its claim, whatever the row is called; should it come back to pending, the next
    claim finds the name among the suppressed.
    """
    found = conn.execute(_ROWS, {"person": recipient_id}).all()
    locks.chunks(conn, sorted({row.chunk_id for row in found if row.chunk_id is not None}))
    rows = conn.execute(_ROWS, {"person": recipient_id}).all()
    pending = [row for row in rows if row.state == DeliveryState.PENDING]
    _set_aside(conn, pending)
    if rows:
        conn.execute(_RENAME, [{"id": row.id, "name": name} for row in rows])
    return Renamed(frozenset(row.campaign_id for row in rows), len(rows), len(pending))


def _set_aside(conn: Connection, rows: list[Row[Any]]) -> None:
    changes: Counter[Change] = Counter()
    for row in rows:
        # Who already got a part is not "skipped": the report must not say that nothing went out.
        state = DeliveryState.FAILED if row.part_done else DeliveryState.SKIPPED
        conn.execute(_SET_ASIDE, {"id": row.id, "state": state.value, "reason": Reason.OPTED_OUT.value})
        place = Place(row.campaign_id, row.page_id, row.chunk_id or 0)
        changes.update(moved(place, DeliveryState.PENDING, state, Reason.OPTED_OUT))
    add(conn, changes)
