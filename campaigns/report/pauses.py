"""The buckets that are paused or slowed now, and what to tell people about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from campaigns import buckets
from campaigns.moments import clock
from campaigns.report.lanes import LaneNow
from schemas.bucket import Bucket

_NAMES = {"meta": "Meta", "orbit": "Orbit"}
_WHOM = {"app": "this app", "key": "this API key"}
_SLOWER = "to slow down"
_RECENT_MS = 120_000
TOLD_BELOW = 0.99
"""The share of the asked rate below which a page is told to be slow: what is gained back in seconds is not news."""
_PAUSES = text("SELECT key, paused_until, sentence FROM bucket WHERE paused_until > :since")


@dataclass(frozen=True, slots=True)
class Pause:
    """A bucket that is or lately was paused; `sentence` goes on after the platform's name ("asked page …")."""

    key: str
    until: int
    sentence: str = ""


Pauses = Mapping[str, Pause]


def pauses(conn: Connection, now_ms: int, live: Mapping[str, int] | None = None) -> Pauses:
    """Return the buckets paused now or in the last two minutes; `live` is what the limiter says (key → epoch ms)."""
    rows = conn.execute(_PAUSES, {"since": now_ms - _RECENT_MS})
    found = {row.key: Pause(row.key, row.paused_until, row.sentence) for row in rows}
    for key, until in (live or {}).items():
        if until > now_ms - _RECENT_MS and (key not in found or until > found[key].until):
            found[key] = Pause(key, until, found[key].sentence if key in found else "")
    return found


def holding(lane: LaneNow, pauses: Pauses, now_ms: int) -> Pause | None:
    """Return the pause that holds a lane longest, None where none holds it."""
    held = [pauses[key] for key in lane.buckets if key in pauses and pauses[key].until > now_ms]
    return max(held, key=lambda pause: pause.until, default=None)


def last_over(lane: LaneNow, pauses: Pauses, now_ms: int) -> int:
    """Return when the last pause of a lane that is over ended; 0 where none ended lately."""
    return max((pauses[key].until for key in lane.buckets if key in pauses and pauses[key].until <= now_ms), default=0)


def allowed(lane: LaneNow, slow: Mapping[str, Bucket], now_ms: int) -> float:
    """Return the messages per second that the buckets of a lane allow now, pauses aside; at most what was asked."""
    rates = (buckets.allowed(slow[key], now_ms) for key in lane.buckets if key in slow)
    return min([lane.asked, *(rate for rate in rates if rate is not None)])


def why_slow(lane: LaneNow, slow: Mapping[str, Bucket], now_ms: int) -> str:
    """Return as a sentence why a lane goes slower than asked; empty where it does not, or hardly."""
    rate = allowed(lane, slow, now_ms)
    if rate >= lane.asked * TOLD_BELOW:
        return ""
    key = next(key for key in lane.buckets if key in slow and buckets.allowed(slow[key], now_ms) == rate)
    whom = _WHOM.get(key.partition(":")[0], f"page {lane.name}")
    platform = _NAMES.get(lane.provider, lane.provider)
    eased = (slow[key].eased_until or 0) > now_ms and rate == buckets.EASED * (slow[key].cap or 0.0)
    what = f"says that most of what {whom} may send is used" if eased else f"throttled {whom}"
    return f"{platform} {what}; sending at {rate:,.3g}/s of {lane.asked:,.3g}/s for now."


def told(lane: LaneNow, pause: Pause, now_ms: int) -> str:
    """Return the pause as one sentence that begins with `Waiting`."""
    until = clock(pause.until, now_ms)
    scope, _, name = pause.key.partition(":")
    if scope == "host":
        return f"Waiting until {until}: {pause.sentence.rstrip('.') or f'{name} cannot be reached'}."
    platform = _NAMES.get(lane.provider, lane.provider)
    what = pause.sentence.rstrip(".") or f"asked {_WHOM.get(scope, f'page {lane.name}')} {_SLOWER}"
    if what.endswith(_SLOWER):
        return f"Waiting: {platform} {what} until {until}."
    return f"Waiting until {until}: {platform} {what}."
