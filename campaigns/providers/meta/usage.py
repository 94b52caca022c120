"""How much of its quotas Meta says is used, in percent: a warning before the refusals begin.

    X-App-Usage                {"call_count":28,"total_time":25,"total_cputime":25}
    X-Business-Use-Case-Usage  {"<id>":[{"type":"messenger","call_count":95,…,"estimated_time_to_regain_access":19}]}

100 is throttled; the estimate is in minutes. graph.instagram.com has other names (`call_volume`, `cpu_time`), and the
headers are missing where there is little traffic:
https://developers.facebook.com/docs/graph-api/overview/rate-limiting, read in autumn 2026.
"""

import json
from functools import lru_cache

from campaigns.providers.wait import seconds
from schemas.outcome import Scope, Usage

_PERCENTAGES = ("call_count", "total_cputime", "total_time", "call_volume", "cpu_time")
_MESSAGING = ("messenger", "instagram", "pages")


# The platform says the same for many answers on end; a thousand pages have a thousand values.
@lru_cache(maxsize=2048)
def usage(app: str | None, business: str | None, account_id: str) -> Usage | None:
    """Return the highest figure of both headers, of the account where they are equal; None where there is none.

    Only the entries of `account_id` and of messaging count: advertisements have quotas of their own.
    """
    of_account = _of_account(_object(business).get(account_id))
    percent = _percent(_object(app))
    if percent is None or (of_account is not None and of_account.percent >= percent):
        return of_account
    return Usage(percent, None, Scope.APP)


def _of_account(entries: object) -> Usage | None:
    ours = [
        entry
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and entry.get("type", "messenger") in _MESSAGING
    ]
    percentages = [percent for entry in ours if (percent := _percent(entry)) is not None]
    if not percentages:
        return None
    minutes = max(seconds(entry.get("estimated_time_to_regain_access")) or 0.0 for entry in ours)
    return Usage(max(percentages), minutes * 60 or None, Scope.SENDER)


def _percent(entry: dict[str, object]) -> float | None:
    # They are plain numbers from 0 to 100 and more, as seconds are; what is neither does not count.
    return max((known for name in _PERCENTAGES if (known := seconds(entry.get(name))) is not None), default=None)


def _object(header: str | None) -> dict[str, object]:
    try:
        value = json.loads(header or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
