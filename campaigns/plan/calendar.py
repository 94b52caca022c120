"""When a campaign may send: allowed hours and quiet ones, by the wall clock of a zone, week after week.

What is closed is held to be closed: where clocks are set back within it, from the first reading of its beginning to the
last one of its end; where they are set forward over its beginning or end, from or until the moment after the gap
(`campaigns.zones`). Open is what is left, so no moment that is open ever reads as a closed time.

Moments are epoch milliseconds.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from campaigns import zones
from schemas.campaign_file import DAYS, Hours, Quiet, seconds

DAY = 86_400
WEEK = 7 * DAY

_MONDAY = date(1970, 1, 5)
_EPOCH_WEEK_MS = 4 * DAY * 1000
"""From the epoch to that Monday."""
_KEPT = 10_000
"""Weeks of zones that are worked out once."""

Stretch = tuple[int, int]
"""From, and until before."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`closed` are the stretches of a week in which nothing is sent: seconds of the wall clock since Monday 0:00.

    They are in order and apart from one another; the last may end in the week after. Neither all of the week nor
    nothing of it is closed.
    """

    closed: tuple[Stretch, ...]

    @classmethod
    def of(cls, hours: Hours | None, quiet: Quiet | None) -> Self | None:
        """Return the calendar of hours and quiet time, None where all is open; raises ValueError where nothing is."""
        closed = _merged([*_outside(hours), *_quiet(quiet)])
        if not closed:
            return None
        if closed[0][1] - closed[0][0] >= WEEK:
            raise ValueError("with these hours and quiet times nothing could ever be sent; leave some time open")
        return cls(closed)

    def open_at(self, zone: ZoneInfo, ms: int) -> bool:
        """Return whether something may be sent at a moment."""
        return self.next_open(zone, ms) == ms

    def next_open(self, zone: ZoneInfo, ms: int) -> int:
        """Return the first moment from `ms` on that is open: `ms` itself where it is."""
        starts, ends = _around(self, zone, _week_of(ms))
        return max(ms, ends[bisect_right(starts, ms) - 1])

    def next_close(self, zone: ZoneInfo, ms: int) -> int:
        """Return the first moment from `ms` on that is closed: `ms` itself where it is."""
        starts, ends = _around(self, zone, _week_of(ms))
        return max(ms, starts[bisect_right(ends, ms)])

    def intervals(self, zone: ZoneInfo, from_ms: int, until_ms: int) -> Iterator[Stretch]:
        """Yield what is open of a span of time, in order."""
        start = self.next_open(zone, from_ms)
        while start < until_ms:
            end = self.next_close(zone, start)
            yield start, min(end, until_ms)
            start = self.next_open(zone, end)


def _outside(hours: Hours | None) -> Iterator[Stretch]:
    """Yield what lies outside the allowed hours of a week that has no end."""
    if hours is None:
        return
    opened = sorted(DAYS.index(day) * DAY + seconds(hours.begin) for day in set(hours.days))
    length = (seconds(hours.end) - seconds(hours.begin)) % DAY or DAY
    for start, following in zip(opened, [*opened[1:], opened[0] + WEEK], strict=True):
        yield start + length, following


def _quiet(quiet: Quiet | None) -> Iterator[Stretch]:
    if quiet is not None:
        begin, length = seconds(quiet.begin), (seconds(quiet.end) - seconds(quiet.begin)) % DAY
        for start in range(begin, begin + WEEK, DAY):
            yield start, start + length


def _merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """Return the union of stretches of a week, in which what runs past its end is the beginning of the next."""
    cut: list[Stretch] = []
    for start, until in stretches:
        if start < until:
            begin, end = start % WEEK, start % WEEK + until - start
            cut += [(begin, end)] if end <= WEEK else [(begin, WEEK), (0, end - WEEK)]
    union = _union(cut)
    if len(union) > 1 and union[0][0] == 0 and union[-1][1] == WEEK:
        union = [*union[1:-1], (union[-1][0], WEEK + union[0][1])]
    return tuple(union)


def _union(stretches: Iterable[Stretch]) -> list[Stretch]:
    union: list[Stretch] = []
    for start, end in sorted(stretches):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return union


def _week_of(ms: int) -> int:
    """Return the week by UTC, which a zone's own may differ from by one."""
    return (ms - _EPOCH_WEEK_MS) // (WEEK * 1000)


@lru_cache(_KEPT)
def _around(calendar: Calendar, zone: ZoneInfo, week: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return where closed stretches begin and end, those of a week and of enough others to have one on each side."""
    around = _union(stretch for each in range(week - 3, week + 5) for stretch in _closed(calendar, zone, each))
    return tuple(start for start, _ in around), tuple(end for _, end in around)


@lru_cache(_KEPT)
def _closed(calendar: Calendar, zone: ZoneInfo, week: int) -> tuple[Stretch, ...]:
    """Return the closed moments that begin in a week of the zone."""
    monday = datetime.combine(_MONDAY, datetime.min.time()) + timedelta(weeks=week)
    moments = (
        (zones.first(zone, monday + timedelta(seconds=start)), zones.last(zone, monday + timedelta(seconds=end)))
        for start, end in calendar.closed
    )
    return tuple((start, end) for start, end in moments if start < end)
