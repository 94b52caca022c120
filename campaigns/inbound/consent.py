"""What people themselves say about being written to: by a word, by the platform's own switch, through a provider."""

from collections.abc import Sequence

from sqlalchemy import Connection

from campaigns import suppression
from campaigns.suppression import Said

__all__ = ["Said", "note"]

AHEAD_MS = 60 * 60 * 1000
"""How far ahead of ours a platform's clock is believed: a time from next year would outlive every later word."""


def note(conn: Connection, events: Sequence[Said], now: int) -> list[tuple[str, int]]:
    """Keep events of consent, once by key; return each (recipient, sender) who may now, or no longer, be messaged.

    Events may come in any order. `now` (epoch ms) stands in for a time that is missing (0) or lies in the future. An
    event with sender 0 speaks for every account. `campaigns.suppression.history` has the rules.
    """
    return suppression.follow(conn, [each._replace(at=_believed(each.at, now)) for each in events])


def _believed(at: int, now: int) -> int:
    return at if 0 < at <= now + AHEAD_MS else now
