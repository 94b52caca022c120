"""Moments and numbers as people and programs read them. All times are UTC."""

from datetime import UTC, datetime


def iso(ms: int) -> str:
    """Return epoch milliseconds as ISO 8601 with milliseconds, ending in Z."""
    return _utc(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(ms: int | None) -> str | None:
    """Return `iso(ms)`, or None for a moment that has not come."""
    return None if ms is None else iso(ms)


def clock(ms: int, now_ms: int) -> str:
    """Return the time of day, with the date in front where it is not today's."""
    moment = _utc(ms)
    form = "%H:%M:%S UTC" if moment.date() == _utc(now_ms).date() else "%Y-%m-%d %H:%M:%S UTC"
    return moment.strftime(form)


def dated(ms: int) -> str:
    """Return date and time of day to the second."""
    return _utc(ms).strftime("%Y-%m-%d %H:%M:%S UTC")


def lasting(ms: int) -> str:
    """Return a duration in its two largest units: `2 h 5 min`, `41 s`."""
    seconds = max(0, round(ms / 1000))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((i for i, (n, _) in enumerate(units) if n), 3)
    shown = [f"{n} {unit}" for n, unit in units[first : first + 2] if n]
    return " ".join(shown) or "0 s"


def some(n: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun: `1 list`, `2,000 lists`; `nouns` where the plural is not the noun and an s."""
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"


def people(n: int) -> str:
    """Return `1 person`, `1,240 people`."""
    return f"{n:,} {'person' if n == 1 else 'people'}"


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
