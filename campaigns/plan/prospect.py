"""What a start and a rate would come to, for somebody who is still choosing them.

Each page's people stand in the order of their last moments, sorted once; every question after that is one pass. Quiet
hours by the page's clocks are time that does not pass. For quiet time by each person's own clocks there is no such
line, so nothing is asked here then: the plan itself has the forecast.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from campaigns.plan import turns
from campaigns.plan.opentime import OpenTime
from campaigns.plan.timetable import Timetable
from schemas.campaign_page import CampaignPage


@dataclass(frozen=True, slots=True)
class Queue:
    """One page's people by their last moments: Int64 epoch ms, ascending, nulls last. `page.rate` is its most."""

    page: CampaignPage
    deadlines: pl.Series


@dataclass(frozen=True, slots=True)
class Point:
    """Where a curve passes: a start (epoch ms) or a rate (messages per second), and how many people it loses."""

    at: float
    lost: int


class Prospect:
    """Queues as of `origin` (epoch ms), each person taking `parts` messages; `open_times` is None for always."""

    def __init__(
        self,
        queues: Iterable[Queue],
        *,
        origin: int,
        parts: int = 1,
        open_times: Timetable | None = None,
        not_after: int | None = None,
    ) -> None:
        self.origin = origin
        self.queues = tuple(each for each in queues if len(each.deadlines))
        self._parts = parts
        self._clock = OpenTime(open_times, origin) if open_times else None
        self._lines = [self._line(each.deadlines, not_after) for each in self.queues]

    @property
    def people(self) -> int:
        """How many could get it, were there time."""
        return sum(len(line) for line in self._lines)

    @property
    def most(self) -> float:
        """The rate above which no page goes, in messages per second; 0 without a page."""
        return max((each.page.rate for each in self.queues), default=0.0)

    @property
    def last(self) -> int | None:
        """The last moment (epoch ms) at which anybody can be sent to; None where nothing ends."""
        found = [known for each in self.queues if (known := each.deadlines.max()) is not None]
        return max(int(str(known)) for known in found) if found else None

    def lost(self, start: int, rate: float | None) -> int:
        """Return how many get no turn in time; `rate` in messages per second of a page, None for the page's own."""
        at = self._shows(start)
        return sum(turns.lost(line, at, turned) for line, turned in zip(self._lines, self._rates(rate), strict=True))

    def finish(self, start: int, rate: float | None) -> int | None:
        """Return when the last turn ends (epoch ms); None where nobody gets one."""
        at, ends = self._shows(start), []
        for line, turned in zip(self._lines, self._rates(rate), strict=True):
            end = turns.finish(len(line) - turns.lost(line, at, turned), at, turned)
            ends += [] if end is None else [end]
        if not ends:
            return None
        return self._clock.first(max(ends)) if self._clock else max(ends)

    def lowest_rate(self, start: int) -> float | None:
        """Return the lowest rate that loses nobody; None where nothing limits it, or no rate of a page is enough."""
        at, needed = self._shows(start), 0.0
        for each, line in zip(self.queues, self._lines, strict=True):
            if turns.lost(line, at, each.page.rate / self._parts):
                return None
            needed = max(needed, (turns.lowest_rate(line, at) or 0.0) * self._parts)
        return needed or None

    def enough(self, start: int) -> float | None:
        """Return a rate that loses no more than the pages' own rate does, at most a thousandth above the lowest such.

        None where nothing limits it.
        """
        exactly, floor = self.lowest_rate(start), self.lost(start, None)
        if exactly is not None or not floor:
            return exactly
        low, high = 0.0, self.most
        while high - low > high / 1000:
            middle = (low + high) / 2
            low, high = (low, middle) if self.lost(start, middle) <= floor else (middle, high)
        return high

    def latest_start(self, rate: float | None) -> int | None:
        """Return the last start (epoch ms) that loses nobody at a rate; None where nothing limits it."""
        found = [turns.latest_start(line, turned) for line, turned in zip(self._lines, self._rates(rate), strict=True)]
        limits = [each for each in found if each is not None]
        if not limits:
            return None
        return self._clock.last(min(limits)) if self._clock else min(limits)

    def over_start(self, starts: Sequence[int], rate: float | None) -> list[Point]:
        """Return the people lost at each of these starts."""
        return [Point(start, self.lost(start, rate)) for start in starts]

    def over_rate(self, rates: Sequence[float], start: int) -> list[Point]:
        """Return the people lost at each of these rates."""
        return [Point(rate, self.lost(start, rate)) for rate in rates]

    def _line(self, deadlines: pl.Series, not_after: int | None) -> pl.Series:
        end = pl.lit(not_after, dtype=pl.Int64)
        limits = pl.select(pl.min_horizontal(pl.lit(deadlines), end)).to_series()
        return self._clock.passed(limits) if self._clock else limits

    def _shows(self, moment: int) -> int:
        return self._clock.shows(moment) if self._clock else moment

    def _rates(self, rate: float | None) -> list[float]:
        """Return the turns per second of each queue."""
        return [min(each.page.rate, rate or math.inf) / self._parts for each in self.queues]
