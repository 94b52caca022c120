"""Watching a campaign: a live line on a terminal, now and then a plain line elsewhere."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table

from campaigns.cli import output
from schemas.campaign_state import OVER
from schemas.status import Status

Seen = TypeVar("Seen", bound=Status)

LOOK = 0.5
_PLAIN_EVERY = 10.0
_BAR = 30
_NAME = 24


def watch(statuses: Iterable[Seen], ended: Callable[[Seen], bool]) -> Seen:
    """Show a campaign on stderr until `ended`, or until nothing more is told; return its last status."""
    with _display() as show:
        for status in statuses:
            show(status)
            if ended(status):
                break
    return status


def looks(look: Callable[[], Status]) -> Iterator[Status]:
    """Yield how a campaign stands, twice a second."""
    while True:
        yield look()
        time.sleep(LOOK)


def over(status: Status) -> bool:
    """Whether a campaign is finished or cancelled, with nothing on the wire."""
    return status.state in OVER and not status.in_flight


@contextmanager
def _display() -> Iterator[Callable[[Status], None]]:
    if not output.err.is_terminal:
        yield _Plain().show
        return
    with Live(console=output.err, refresh_per_second=4, transient=True) as live:
        yield lambda status: live.update(_drawn(status))


class _Plain:
    """Speaks when the state or a page's state changes, and every ten seconds."""

    def __init__(self) -> None:
        self._said_at = 0.0
        self._shape: object = None

    def show(self, status: Status) -> None:
        shape = (status.state, [(page.name, page.state) for page in status.pages])
        if shape == self._shape and time.monotonic() - self._said_at < _PLAIN_EVERY:
            return
        self._shape, self._said_at = shape, time.monotonic()
        output.note(f"{status.name}: {status.sentence}")


def _done(status: Status) -> tuple[int, int]:
    aside = sum(status.counts[state] for state in ("rejected", "duplicate", "skipped"))
    goal = status.total - aside
    return goal - status.counts["pending"] - status.counts["sending"], goal


def _drawn(status: Status) -> Group:
    """Return a bar with its count, and the sentence below, which may need a line of its own."""
    done, goal = _done(status)
    bar = Table.grid(Column(no_wrap=True, max_width=_NAME), Column(width=_BAR), Column(no_wrap=True), padding=(0, 1))
    bar.add_row(output.harmless(status.name), ProgressBar(goal or 1, done, width=_BAR), f"{done:,} of {goal:,}")
    return Group(bar, output.harmless(status.sentence))
