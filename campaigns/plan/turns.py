"""The arithmetic of one page's queue: who can be reached, what it would take to reach all.

Everyone takes one turn of equal length and the queue is sorted by deadline, so serving the earliest deadline first and
dropping whoever would come too late loses the fewest people possible. With deadlines d1 <= d2 <= … (null: none), start
s and r turns a second, cap(k) = floor((d_k - s) * r) turns end by d_k, and the first k people yield

    kept(k) = k + min(0, min over j <= k of (cap(j) - j))

reached ones. Times are epoch milliseconds, deadlines Int64 in ascending order with the nulls last.
"""

import math

import polars as pl

_SLACK = 1e-6
"""Turns by which a float may miss the whole number that it stands for."""
_GRAIN = 1e6
"""Rates are rounded up to a millionth of a turn per second."""


def kept(deadlines: pl.Series, start_ms: int, rate: float) -> pl.Series:
    """Return for each person whether they get a turn in time; `rate` in turns per second."""
    turns = _turns(deadlines)
    reached = turns + (_capacity(deadlines, start_ms, rate) - turns).cum_min().clip(upper_bound=0)
    return reached > reached.shift(fill_value=0)


def lost(deadlines: pl.Series, start_ms: int, rate: float) -> int:
    """Return how many people get no turn in time, whom `kept` names; `rate` in turns per second."""
    late = (_turns(deadlines) - _capacity(deadlines, start_ms, rate)).to_frame("late").max().item()
    return 0 if late is None else int(max(late, 0.0))


def finish(people: int, start_ms: int, rate: float) -> int | None:
    """Return when the last of `people` turns ends; None without any."""
    return start_ms + math.ceil(people * 1000 / rate - _SLACK) if people else None


def lowest_rate(deadlines: pl.Series, start_ms: int) -> float | None:
    """Return the fewest turns per second that reach everyone; None where nothing limits them or nothing is enough."""
    known = deadlines.drop_nulls()
    if known.is_empty() or known[0] <= start_ms:
        return None
    needed: float = (_turns(known) / (known - start_ms)).to_frame("needed").max().item() * 1000
    return math.ceil(needed * _GRAIN) / _GRAIN


def latest_start(deadlines: pl.Series, rate: float) -> int | None:
    """Return the last start that reaches everyone at `rate`; None where nothing limits them."""
    known = deadlines.drop_nulls()
    if known.is_empty():
        return None
    start: float = (known - _turns(known) * (1000 / rate)).to_frame("start").min().item()
    return math.floor(start)


def _capacity(deadlines: pl.Series, start_ms: int, rate: float) -> pl.Series:
    return ((deadlines - start_ms) * (rate / 1000) + _SLACK).floor().clip(0).fill_null(math.inf)


def _turns(deadlines: pl.Series) -> pl.Series:
    return pl.int_range(1, len(deadlines) + 1, eager=True)
