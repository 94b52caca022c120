"""The counts of a campaign as its tallies hold them: rows are never counted for a status."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

from schemas.delivery import COUNTED, DUPLICATE, REJECTED, DeliveryState
from schemas.reason import RESCUABLE, Reason

IMPLIED = {
    DUPLICATE: Reason.DUPLICATE.value,
    DeliveryState.UNKNOWN.value: Reason.OUTCOME_UNKNOWN.value,
    DeliveryState.CANCELLED.value: Reason.CANCELLED.value,
}
"""The reason that a state has where its row names none."""
EXPLAINED = frozenset(
    {REJECTED, DUPLICATE, DeliveryState.SKIPPED, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.CANCELLED}
)
"""The states whose rows have a reason."""

_TALLIES = text("""
    SELECT page_id, state, reason, SUM(n) AS n FROM tally WHERE campaign_id = :campaign_id
    GROUP BY page_id, state, reason
""")


@dataclass(frozen=True, slots=True)
class Tally:
    """`n` rows of one page (0 where the row names none) in one state for one reason ('' for none)."""

    page_id: int
    state: str
    reason: str
    n: int


def tallies(conn: Connection, campaign_id: int) -> list[Tally]:
    """Return a campaign's tallies, summed over its chunks."""
    rows = conn.execute(_TALLIES, {"campaign_id": campaign_id})
    return [Tally(row.page_id, row.state, row.reason, int(row.n)) for row in rows if row.n]


def counts(rows: Collection[Tally], page_id: int | None = None) -> dict[str, int]:
    """Return the rows in each state, every key of COUNTED present; of one page where `page_id` is given."""
    found = {str(state): 0 for state in COUNTED}
    for row in rows:
        if page_id in (None, row.page_id):
            found[row.state] += row.n
    return found


def rescuable(rows: Collection[Tally]) -> int:
    """Return how many people would be sent to if they wrote now."""
    aside = {DeliveryState.SKIPPED, DeliveryState.FAILED}
    return sum(row.n for row in rows if row.state in aside and row.reason in RESCUABLE)


def reasons(rows: Collection[Tally], states: Collection[str] = EXPLAINED) -> dict[str, int]:
    """Return the rows that each reason accounts for in `states`, the most frequent first."""
    found: Counter[str] = Counter()
    for row in rows:
        reason = row.reason or IMPLIED.get(row.state, "")
        if row.state in states and reason:
            found[reason] += row.n
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
