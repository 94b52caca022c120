"""How long a platform asks us to wait, in seconds, out of whatever an answer holds. Never raises, never negative."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

YEAR = 365 * 86_400.0
"""Longer waits are cut to this: "until 9999" stays a wait, and no timestamp overflows. The page parks long before."""

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?")
_MESSAGING = ("messenger", "instagram", "pages")


def stated_wait(headers: httpx.Headers, received_at: datetime, details: object = None) -> float | None:
    """Return what the answer itself asks for: Retry-After, else `retry_after` in an error's `details`."""
    wait = _retry_after(headers, received_at)
    if wait is None and isinstance(details, dict):
        wait = seconds(details.get("retry_after"))
    return wait


def throttle_wait(
    headers: httpx.Headers, received_at: datetime, details: object = None, account_id: str = ""
) -> float | None:
    """Return the first of Retry-After, `details.retry_after`, X-RateLimit-Reset and Meta's usage header, else None."""
    wait = stated_wait(headers, received_at, details)
    if wait is None:
        wait = until_reset(headers, received_at)
    if wait is None:
        wait = _regain(headers, account_id)
    return wait


def until_reset(headers: httpx.Headers, received_at: datetime) -> float | None:
    """Orbit's X-RateLimit-Reset is in unix seconds; one that is past, or over a year off, tells nothing."""
    reset = headers.get("x-ratelimit-reset", "").strip()
    if not _NUMBER.fullmatch(reset):
        return None
    wait = float(reset) - _now(headers, received_at)
    return wait if 0 < wait <= YEAR else None


def seconds(value: object) -> float | None:
    """Read a number of seconds, or its decimal notation; None where it is neither or negative."""
    if isinstance(value, str) and _NUMBER.fullmatch(text := value.strip()):
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return float(min(value, YEAR))


def _date(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _now(headers: httpx.Headers, received_at: datetime) -> float:
    # The platform's dates are by the platform's clock; ours may be minutes off.
    return (_date(headers.get("date")) or received_at).timestamp()


def _retry_after(headers: httpx.Headers, received_at: datetime) -> float | None:
    value = headers.get("retry-after")
    if value is None:
        return None
    wait = seconds(value)
    if wait is None and (until := _date(value)):
        wait = min(max(0.0, until.timestamp() - _now(headers, received_at)), YEAR)
    return wait


def _regain(headers: httpx.Headers, account_id: str) -> float | None:
    """Meta's estimate is in minutes, and 0 where nothing is throttled.

    https://developers.facebook.com/docs/graph-api/overview/rate-limiting, read in autumn 2026. Meta files the entries
    under business or page ids; where none is ours, all of them count.
    """
    usage = _usage(headers.get("x-business-use-case-usage"))
    if account_id in usage:
        usage = {account_id: usage[account_id]}
    minutes = max((m for entries in usage.values() for m in _estimates(entries)), default=0.0)
    return min(minutes * 60, YEAR) if minutes else None


def _estimates(entries: object) -> Iterator[float]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("type", "messenger") in _MESSAGING:
            yield seconds(entry.get("estimated_time_to_regain_access")) or 0.0


def _usage(value: str | None) -> dict[str, object]:
    try:
        usage = json.loads(value or "{}")
    except (ValueError, RecursionError):
        return {}
    return usage if isinstance(usage, dict) else {}
