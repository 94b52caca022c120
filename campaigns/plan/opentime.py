"""Open time as a line: a clock that runs while a timetable is open and stands while it is closed.

By that clock a queue with quiet hours is a queue without any, so `campaigns.plan.turns` holds for it as it is.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate

import polars as pl

from campaigns.plan.calendar import DAY, Stretch
from campaigns.plan.timetable import Timetable

_FAR = 20 * 366 * DAY * 1000
"""How far from the origin changes of clocks are followed; beyond, time counts as open."""
_FIRST_REACH = 15 * DAY * 1000


class OpenTime:
    """Counts the open milliseconds of a timetable from `origin` (epoch ms) on; negative before it."""

    def __init__(self, timetable: Timetable, origin: int) -> None:
        self.timetable = timetable
        self._origin = origin
        self._reach(origin - _FIRST_REACH, origin + _FIRST_REACH)

    def passed(self, moments: pl.Series) -> pl.Series:
        """Return what the clock shows at moments (epoch ms, Int64); null stays null."""
        start, end, before = self._around(moments)
        known = pl.when(moments.is_not_null()).then(end)
        return before + (pl.select(pl.min_horizontal(pl.lit(moments), known)).to_series() - start)

    def shows(self, moment: int) -> int:
        """Return what the clock shows at a moment (epoch ms)."""
        return int(self.passed(pl.Series([moment], dtype=pl.Int64)).item())

    def first(self, passed: int) -> int:
        """Return the first moment (epoch ms) at which the clock shows this."""
        self._show(passed)
        i = min(bisect_left(self._after, passed), len(self._after) - 1)
        return self._starts[i] + passed - self._before[i]

    def last(self, passed: int) -> int:
        """Return the last moment (epoch ms) at which the clock shows this."""
        self._show(passed)
        i = max(0, bisect_right(self._before, passed) - 1)
        return self._starts[i] + passed - self._before[i]

    def _around(self, moments: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
        """Return the interval in which each moment is or the last before it, and what the clock shows as it begins."""
        low, high = moments.min(), moments.max()
        if low is not None and high is not None:
            self._reach(int(str(low)), int(str(high)))
        table = pl.DataFrame({"start": self._starts, "end": self._ends, "before": self._before}, schema=_TABLE)
        at = (table["start"].search_sorted(moments.fill_null(0), side="right").cast(pl.Int64) - 1).clip(0)
        return table["start"].gather(at), table["end"].gather(at), table["before"].gather(at)

    def _show(self, passed: int) -> None:
        """Reach far enough for the clock to show this."""
        span = _FIRST_REACH
        while not self._before[0] <= passed <= self._after[-1] and span < _FAR:
            span *= 2
            self._reach(self._origin - span, self._origin + span)

    def _reach(self, low: int, high: int) -> None:
        known = getattr(self, "_known", (self._origin, self._origin))
        low, high = max(min(low, known[0]), self._origin - _FAR), min(max(high, known[1]), self._origin + _FAR)
        if (low, high) != known:
            self._known = (low, high)
            self._lay([(low, low), *self.timetable.intervals(low, high)])

    def _lay(self, intervals: list[Stretch]) -> None:
        self._starts = [start for start, _ in intervals]
        self._ends = [end for _, end in intervals]
        before_origin = sum(max(0, min(end, self._origin) - start) for start, end in intervals)
        self._after = [sum_ - before_origin for sum_ in accumulate(end - start for start, end in intervals)]
        self._before = [-before_origin, *self._after[:-1]]


_TABLE = {"start": pl.Int64, "end": pl.Int64, "before": pl.Int64}
