"""Times as people read them on a screen: how far away, and by whose clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

from campaigns.moments import lasting

UTC = ZoneInfo("UTC")
_SOON_MS = 1_000


def stamp(ms: int, zone: ZoneInfo = UTC) -> str:
    """Return epoch milliseconds as `Tue 1 Dec 2026, 09:00 Europe/Paris`; the zone is always there."""
    local = datetime.fromtimestamp(ms / 1000, zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {zone.key}"


def away(ms: int, now_ms: int) -> str:
    """Return how far a moment is: `in 2 h 10 min`, `5 min ago`, `now`."""
    distance = ms - now_ms
    if abs(distance) < _SOON_MS:
        return "now"
    return f"in {lasting(distance)}" if distance > 0 else f"{lasting(-distance)} ago"


def epoch(iso: str) -> int:
    """Return the epoch milliseconds of an ISO 8601 time, as statuses have them."""
    return int(datetime.fromisoformat(iso).timestamp() * 1000)
