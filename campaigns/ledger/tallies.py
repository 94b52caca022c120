"""Counts by state and reason, kept a chunk at a time in the same transaction as the rows they count."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from campaigns.ledger.batch import Batch
from schemas.delivery import OPEN

_ADD = Batch(
    """
    INSERT INTO tally (campaign_id, page_id, chunk_id, state, reason, n)
    SELECT campaign_id, page_id, chunk_id, state, reason, n FROM given WHERE true
    ON CONFLICT (campaign_id, page_id, chunk_id, state, reason) DO UPDATE SET n = tally.n + excluded.n
    """,
    campaign_id=int,
    page_id=int,
    chunk_id=int,
    state=str,
    reason=str,
    n=int,
)
_OPEN = text("""
    SELECT COALESCE(SUM(n), 0) FROM tally WHERE campaign_id = :campaign_id AND state IN ('pending', 'sending')
""")


@dataclass(frozen=True, slots=True)
class Place:
    """The chunk whose tallies change."""

    campaign_id: int
    page_id: int
    chunk_id: int


Change = tuple[Place, str, str]
"""A place, a state, and a reason ('' for none)."""


def add(conn: Connection, changes: Mapping[Change, int]) -> None:
    """Add every change to its tally; zero changes cost nothing."""
    rows = [
        (place.campaign_id, place.page_id, place.chunk_id, state, reason, n)
        for (place, state, reason), n in sorted(changes.items(), key=lambda item: (item[0][0].chunk_id, item[0][1]))
        if n
    ]
    if rows:
        _ADD.run(conn, rows)


def moved(place: Place, old: str, new: str, reason: str | None = None, n: int = 1) -> Counter[Change]:
    """Return the change of `n` rows going from `old` to `new`; only a new state has a reason."""
    change: Counter[Change] = Counter({(place, old, ""): -n})
    change[place, new, reason or ""] += n
    return change


def open_rows(conn: Connection, campaign_id: int) -> int:
    """Return how many rows of a campaign are pending or sending; 0 means finished."""
    return int(conn.execute(_OPEN, {"campaign_id": campaign_id}).scalar_one())


assert {"pending", "sending"} == OPEN, "the query above names them"
