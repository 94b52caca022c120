"""When a campaign may send: by the page's clocks to everybody, and by each person's own to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from campaigns import zones
from campaigns.plan.calendar import DAY, Calendar, Stretch
from schemas.campaign_file import Schedule

NEVER = 2**62
"""The moment of what does not come within the time that is searched."""
_SEARCHED_MS = 60 * DAY * 1000
_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Timetable:
    """What is open in all of these calendars, each by the clocks of its zone. Moments are epoch milliseconds."""

    kept: tuple[tuple[Calendar, ZoneInfo], ...]

    def open_at(self, ms: int) -> bool:
        """Return whether something may be sent at a moment."""
        return all(calendar.open_at(zone, ms) for calendar, zone in self.kept)

    def next_open(self, ms: int) -> int:
        """Return the first moment from `ms` on that is open; NEVER where none is within two months."""
        moment, before = ms, -1
        while moment != before:
            if moment - ms > _SEARCHED_MS:
                return NEVER
            before = moment
            for calendar, zone in self.kept:
                moment = calendar.next_open(zone, moment)
        return moment

    def next_close(self, ms: int) -> int:
        """Return the first moment from `ms` on that is closed."""
        return min(calendar.next_close(zone, ms) for calendar, zone in self.kept)

    def intervals(self, from_ms: int, until_ms: int) -> Iterator[Stretch]:
        """Yield what is open of a span of time, in order."""
        start = self.next_open(from_ms)
        while start < until_ms:
            end = self.next_close(start)
            yield start, min(end, until_ms)
            start = self.next_open(end)

    def after(self, ms: int, open_ms: int) -> int:
        """Return when so many open milliseconds have passed since a moment; NEVER where they do not."""
        start = self.next_open(ms)
        while start < NEVER:
            end = self.next_close(start)
            if end - start >= open_ms:
                return start + open_ms
            open_ms -= end - start
            start = self.next_open(end)
        return NEVER


@dataclass(frozen=True, slots=True)
class Times:
    """The calendars of a campaign: `page` holds all of it, by the clocks of `zone`; `people` each person, by theirs."""

    zone: ZoneInfo
    page: Calendar | None
    people: Calendar | None

    @classmethod
    def of(cls, schedule: Schedule, zone: ZoneInfo) -> Self | None:
        """Return the times of a schedule, None where it sends at any; raises ValueError where it never could."""
        quiet, own = schedule.quiet, schedule.quiet is not None and schedule.quiet.zone == "recipient"
        page = Calendar.of(schedule.hours, None if own else quiet)
        people = Calendar.of(None, quiet) if own else None
        return cls(zone, page, people) if page or people else None

    @property
    def whole(self) -> Timetable | None:
        """When the campaign may send at all; None where that is always."""
        return Timetable(((self.page, self.zone),)) if self.page else None

    def person(self, zone: str | None) -> Timetable:
        """Return when one person may be sent to; without a zone that exists, the page's stands in."""
        return _person(self, zone)


@lru_cache(_KEPT)
def _person(times: Times, zone: str | None) -> Timetable:
    own = (zones.named(zone) if zone else None) or times.zone
    both = (times.page, times.zone), (times.people, own)
    return Timetable(tuple((calendar, where) for calendar, where in both if calendar))
