"""Wall-clock times of a zone as moments, also where a change of clocks skips or repeats them.

The rule, everywhere: a time that the clocks skip is the moment after the gap. Of a time that they show twice the first
counts; for the end of a time in which nothing is sent, the last.
"""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

KEPT = 1_000
"""Zones whose names are looked up once."""


@lru_cache(KEPT)
def named(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name; None where there is none of it."""
    try:
        return ZoneInfo(name)
    # What is no name may be a folder of them, or no path at all.
    except (KeyError, ValueError, OSError):
        return None


def first(zone: ZoneInfo, local: datetime) -> int:
    """Return the moment (epoch ms) at which clocks of the zone first show a time or, where they skip it, go past it."""
    earlier, later = _readings(zone, local)
    return _after_gap(zone, later, earlier) if later < earlier else earlier * 1000


def last(zone: ZoneInfo, local: datetime) -> int:
    """Return the moment (epoch ms) at which clocks of the zone last show a time or, where they skip it, go past it."""
    earlier, later = _readings(zone, local)
    return _after_gap(zone, later, earlier) if later < earlier else later * 1000


def is_skipped(zone: ZoneInfo, local: datetime) -> bool:
    """Return whether clocks of the zone never show this time."""
    earlier, later = _readings(zone, local)
    return later < earlier


def is_repeated(zone: ZoneInfo, local: datetime) -> bool:
    """Return whether clocks of the zone show this time twice."""
    earlier, later = _readings(zone, local)
    return earlier < later


def local(zone: ZoneInfo, ms: int) -> datetime:
    """Return what clocks of the zone show at a moment (epoch ms), without the zone."""
    return datetime.fromtimestamp(ms / 1000, zone).replace(tzinfo=None)


def _readings(zone: ZoneInfo, local: datetime) -> tuple[int, int]:
    """Return the time by the offset before a change and by that after it, in epoch seconds; apart only near one."""
    before, after = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return int(before.timestamp()), int(after.timestamp())


def _after_gap(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the moment of the change (epoch ms) between two in epoch seconds."""
    changed = datetime.fromtimestamp(after, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == changed:
            after = middle
        else:
            before = middle
    return after * 1000
