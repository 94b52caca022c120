"""The geometry of the report's charts, in percent of their box: the page scales, its text does not."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.page import Channel
from schemas.replies import Response
from schemas.summary import Interval

_MARKS = 4
_ROUND = (2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 50, 60, 80, 100)
_GAP = 0.18
"""The part of an interval's width that stays empty beside its bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `told` says in words what it shows."""

    x: float
    y: float
    width: float
    height: float
    told: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars and a cumulative line over one time axis. `top` and `whole` are the values at the upper edges."""

    bars: tuple[Bar, ...]
    line: str
    top: int
    whole: int
    moments: tuple[str, ...]
    each: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One state's part of the stacked bar."""

    state: str
    n: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way from accepted to answered: `n` people, `share` in words, the bar as wide as their part."""

    key: str
    name: str
    n: int
    width: float
    share: str


def chart(interval: Interval) -> Chart:
    """Draw the messages accepted per interval, and their running total."""
    values = interval.accepted
    start = datetime.fromisoformat(interval.start)
    step = timedelta(seconds=interval.seconds)
    top, width = _ceiling(max(values)), 100 / len(values)
    bars = tuple(
        Bar(
            x=round(i * width + width * _GAP / 2, 3),
            y=round(100 - 100 * n / top, 3),
            width=round(width * (1 - _GAP), 3),
            height=round(100 * n / top, 3),
            told=f"{start + i * step:%Y-%m-%d %H:%M:%S} UTC: {n:,} accepted",
        )
        for i, n in enumerate(values)
    )
    ends = _moments(start, step * len(values))
    return Chart(bars, _running(values), top, sum(values), ends, _each(step))


def stacked(counts: Sequence[tuple[str, int]]) -> tuple[Segment, ...]:
    """Lay the states side by side; a state that has rows is wide enough to be seen."""
    shown = [(state, n) for state, n in counts if n]
    total = sum(n for _, n in shown) or 1
    wide = [max(100 * n / total, 0.6) for _, n in shown]
    scale = 100 / sum(wide) if wide else 1
    segments, x = [], 0.0
    for (state, n), width in zip(shown, wide, strict=True):
        segments.append(Segment(state, n, round(x, 3), round(width * scale, 3)))
        x += width * scale
    return tuple(segments)


def funnel(replies: Response, channels: Collection[str]) -> tuple[Stage, ...]:
    """Lay the steps under each other, in the words of the channels; a delivery is no step where nobody tells of it."""
    alone = len(channels) == 1
    steps = [("accepted", "Accepted", replies.accepted, replies.accepted)]
    if replies.delivered is not None:
        name = "Delivered" if alone else "Delivered by Messenger"
        steps.append(("arrived", name, replies.delivered, replies.delivery_known))
    steps += [
        ("read", seen(channels), replies.read, replies.accepted),
        ("series", "Replied", replies.replied, replies.accepted),
    ]
    return tuple(
        Stage(key, name, n, round(100 * n / replies.accepted, 3), _share(n, of, replies.accepted))
        for key, name, n, of in steps
        if replies.accepted
    )


def seen(channels: Collection[str]) -> str:
    """Return what the channels call it when somebody opens a message."""
    words = {Channel.INSTAGRAM.value: "Seen", Channel.MESSENGER.value: "Read"}
    return words[next(iter(channels))] if len(channels) == 1 else "Seen or read"


def _share(n: int, of: int, whole: int) -> str:
    told = f"{n / of:.1%}"
    return told if of == whole else f"{told} of {of:,}"


def _running(values: Sequence[int]) -> str:
    total, so_far, points = sum(values), 0, ["0,100"]
    for i, n in enumerate(values, 1):
        so_far += n
        points.append(f"{100 * i / len(values):.3f},{100 - 100 * so_far / total:.3f}")
    return " ".join(points)


def _ceiling(n: int) -> int:
    """Return the next round number at or above `n`, even, so that its half can be written at the axis."""
    power: int = 10 ** max(0, len(str(n)) - 2)
    return next(step * power for step in _ROUND if step * power >= n)


def _moments(start: datetime, span: timedelta) -> tuple[str, ...]:
    form = "%d %b %H:%M" if span >= timedelta(days=1) else "%H:%M" if span >= timedelta(minutes=10) else "%H:%M:%S"
    return tuple(f"{start + span * i / _MARKS:{form}}" for i in range(_MARKS + 1))


def _each(step: timedelta) -> str:
    seconds = round(step.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            n = seconds // size
            return unit if n == 1 else f"{n} {unit}s"
    return f"{seconds} seconds"
