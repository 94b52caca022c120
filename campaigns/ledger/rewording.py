"""Rows whose words change: what the new text needs of each, and who cannot get it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from campaigns import locks
from campaigns.ledger.tallies import Change, Place, add, moved
from schemas.delivery import DeliveryState

_CHUNKS = text("SELECT id FROM chunk WHERE campaign_id = :campaign_id")
# Every row that some verb or message may still bring back to pending, not only those that are pending now.
_ROWS = text("""
    SELECT delivery.id, delivery.line, delivery.page_id, delivery.chunk_id, delivery.state, delivery.part_done
    FROM delivery JOIN campaign ON campaign.id = :campaign_id
    WHERE delivery.id BETWEEN campaign.first_id AND campaign.last_id AND delivery.campaign_id = :campaign_id
      AND delivery.state IN ('pending', 'skipped', 'failed', 'unknown', 'cancelled')
""")
_WORDS = text("UPDATE delivery SET variables = :variables WHERE id = :id")
_ASIDE = text("UPDATE delivery SET state = :state, reason = :reason WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Rewording:
    """A line of the list under a new text: its `variables` as JSON, and the reason why it cannot be rendered."""

    line: int
    variables: str
    fault: str | None


def reword(conn: Connection, campaign_id: int, wording: Sequence[Rewording]) -> int:
    """Give every row that is not sent its new variables; return how many pending ones are set aside for a fault.

    The caller holds the campaign, which is paused.
    """
    known = {each.line: each for each in wording}
    locks.chunks(conn, conn.execute(_CHUNKS, {"campaign_id": campaign_id}).scalars().all())
    changes: Counter[Change] = Counter()
    words, aside = [], []
    for row in conn.execute(_ROWS, {"campaign_id": campaign_id}).all():
        told = known[row.line]
        words.append({"id": row.id, "variables": told.variables})
        if told.fault and row.state == DeliveryState.PENDING:
            # Who already got a part is not "skipped": the report must not say that nothing went out.
            state = DeliveryState.FAILED if row.part_done else DeliveryState.SKIPPED
            aside.append({"id": row.id, "state": state.value, "reason": told.fault})
            place = Place(campaign_id, row.page_id, row.chunk_id)
            changes.update(moved(place, DeliveryState.PENDING, state, told.fault))
    if words:
        conn.execute(_WORDS, words)
    if aside:
        conn.execute(_ASIDE, aside)
    add(conn, changes)
    return len(aside)
