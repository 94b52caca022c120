"""How fast a campaign went, from its beginning on, for a picture: a million rows are not read for it.

The rows of a small campaign are counted. Of a large one the chunks are looked at, by the first and the last of their
people and their tallies: one's people go out one after the other, so each interval is close, and the sum is exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from schemas.campaign import Campaign

FEW = 20_000
"""Rows that are counted one by one: 10 ms."""
_INTERVALS = 120
_SECOND = 1_000

_MOMENTS = text("""
    SELECT accepted_at / 1000 AS second, COUNT(*) AS n FROM delivery
    WHERE id BETWEEN :low AND :high AND campaign_id = :id AND accepted_at IS NOT NULL GROUP BY accepted_at / 1000
""")
_CHUNKS = text("""
    SELECT (SELECT COALESCE(accepted_at, sent_at) FROM delivery WHERE chunk_id = chunk.id ORDER BY id LIMIT 1) AS first,
           (SELECT COALESCE(accepted_at, sent_at) FROM delivery WHERE chunk_id = chunk.id ORDER BY id DESC LIMIT 1)
               AS last,
           (SELECT SUM(n) FROM tally WHERE campaign_id = :id AND page_id = chunk.page_id AND chunk_id = chunk.id
                AND state IN ('accepted', 'delivered', 'read')) AS n
    FROM chunk WHERE campaign_id = :id AND fence > 0
""")


@dataclass(frozen=True, slots=True)
class Paces:
    """Messages accepted in each interval of `step` ms from `start` (epoch ms) on; `exact` where they were counted."""

    start: int
    step: int
    accepted: tuple[float, ...]
    exact: bool

    def rates(self) -> list[tuple[int, float]]:
        """Return the end of each interval (epoch ms) with its messages per second."""
        return [(self.start + (i + 1) * self.step, n * 1000 / self.step) for i, n in enumerate(self.accepted)]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """`n` messages from one moment (epoch ms) to another."""

    first: int
    last: int
    n: int


def paces(conn: Connection, found: Campaign) -> Paces | None:
    """Return how fast a campaign went; None where nothing was accepted yet."""
    exact = found.total <= FEW
    stretches = _counted(conn, found) if exact else _looked_at(conn, found)
    if not stretches:
        return None
    first, last = min(each.first for each in stretches), max(each.last for each in stretches)
    step = -(-max(_SECOND, (last - first) // _INTERVALS + 1) // _SECOND) * _SECOND
    start = first // step * step
    return Paces(start, step, _laid_out(stretches, start, step, (last - start) // step + 1), exact)


def _counted(conn: Connection, found: Campaign) -> list[_Stretch]:
    bounds = {"low": found.first_id or 0, "high": found.last_id or 0, "id": found.id}
    rows = conn.execute(_MOMENTS, bounds)
    return [_Stretch(row.second * _SECOND, row.second * _SECOND, row.n) for row in rows]


def _looked_at(conn: Connection, found: Campaign) -> list[_Stretch]:
    rows = conn.execute(_CHUNKS, {"id": found.id})
    told = [(row.first or row.last, row.last or row.first, int(row.n or 0)) for row in rows]
    return [_Stretch(min(first, last), max(first, last), n) for first, last, n in told if first and n]


def _laid_out(stretches: Iterable[_Stretch], start: int, step: int, intervals: int) -> tuple[float, ...]:
    """Spread each stretch evenly over the intervals that it touches."""
    found = [0.0] * intervals
    for each in stretches:
        low, high = (each.first - start) // step, (each.last - start) // step
        for interval in range(low, high + 1):
            begin, end = max(each.first, start + interval * step), min(each.last, start + (interval + 1) * step)
            share = (end - begin) / (each.last - each.first) if low != high else 1.0
            found[interval] += each.n * share
    return tuple(found)
