"""The moments of a rule that repeats (RRULE of RFC 5545), by the wall clock of one zone: 9:00 stays 9:00 all year.

What clocks skip or show twice is settled as `campaigns.zones` says; two readings that fall on one moment are one.
Moments are epoch milliseconds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from typing import Self
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from campaigns import zones

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
"""What is finer has no wall clock to keep."""
_KEYS = frozenset(
    [
        "FREQ",
        "INTERVAL",
        "COUNT",
        "UNTIL",
        "WKST",
        "BYDAY",
        "BYMONTHDAY",
        "BYYEARDAY",
        "BYWEEKNO",
        "BYMONTH",
        "BYSETPOS",
        "BYHOUR",
        "BYMINUTE",
    ]
)
_DATE, _LOCAL, _UTC = "%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"
_MARGIN = timedelta(days=2)
"""More than any zone differs from another."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """`start` is a time without a zone, the first of the rule; `rule` says all but when it ends.

    `until` is the last moment there may be, None where the rule's count ends it or nothing does.
    """

    rule: str
    start: datetime
    zone: ZoneInfo
    until: int | None = None

    @classmethod
    def of(cls, written: str, start: datetime, zone: ZoneInfo) -> Self:
        """Read a rule as it is written; raises ValueError with what is wrong, for a sentence."""
        parts = _parts(written)
        until = parts.pop("UNTIL", None)
        if until and "COUNT" in parts:
            raise ValueError("has both COUNT and UNTIL; give one of them")
        rule = ";".join(f"{key}={value}" for key, value in parts.items())
        found = cls(rule, start.replace(microsecond=0), zone, _until(until, zone) if until else None)
        found._check()
        return found

    def after(self, ms: int) -> Iterator[int]:
        """Yield every moment later than `ms`, in order; there may be no last one."""
        return (moment for moment in self._moments(ms) if moment > ms)

    def _moments(self, ms: int) -> Iterator[int]:
        near = zones.local(self.zone, ms) - _MARGIN
        before = None
        readings = rrulestr(self.rule, dtstart=self.start).xafter(near, inc=True)
        moments = (zones.first(self.zone, reading) for reading in readings)
        for moment in takewhile(lambda moment: self.until is None or moment <= self.until, moments):
            if moment != before:
                yield moment
            before = moment

    def _check(self) -> None:
        try:
            first = next(iter(rrulestr(self.rule, dtstart=self.start)), None)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise ValueError(f"is no rule: {error}") from error
        if first is None or next(self.after(zones.first(self.zone, self.start) - 1), None) is None:
            raise ValueError("names no moment from the start on")
        if first != self.start:
            raise ValueError(f"begins at {first:%Y-%m-%d %H:%M} and not at the start; write that as the start")


def _parts(written: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in written.strip().upper().removeprefix("RRULE:").strip(";").split(";")]
    parts = {key.strip(): value.strip() for key, _, value in pairs}
    if unknown := parts.keys() - _KEYS:
        raise ValueError(f"has {min(unknown) or 'an empty part'}; known are {', '.join(sorted(_KEYS))}")
    if len(parts) < len(pairs):
        raise ValueError("says one thing twice")
    if parts.get("FREQ") not in FREQUENCIES:
        raise ValueError(f"needs FREQ, one of {', '.join(FREQUENCIES)}")
    for key in ("INTERVAL", "COUNT"):
        if key in parts and not re.fullmatch(r"[1-9]\d{0,5}", parts[key]):
            raise ValueError(f"has {key}={parts[key]}, and that is no number from 1 on")
    return parts


def _until(written: str, zone: ZoneInfo) -> int:
    """Return the last moment that UNTIL allows: a day counts to its end, what has no Z is the zone's time."""
    for form in (_DATE, _LOCAL, _UTC):
        try:
            read = datetime.strptime(written, form)  # noqa: DTZ007 - its zone follows
        except ValueError:
            continue
        if form == _UTC:
            return int(read.replace(tzinfo=UTC).timestamp() * 1000)
        return zones.last(zone, datetime.combine(read, time.max) if form == _DATE else read)
    raise ValueError(f"has UNTIL={written}; write it like 20261231 or 20261231T170000Z")
