"""Watching a campaign: a live line on a terminal, now and then a plain line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn

from campaigns.cli import output
from schemas.campaign import CampaignState
from schemas.status import Status

LOOK = 0.5
_PLAIN_EVERY = 10.0
_ENDED = frozenset({CampaignState.FINISHED, CampaignState.CANCELLED})


def watch(look: Callable[[], Status], ended: Callable[[Status], bool]) -> Status:
    """Show a campaign on stderr until `ended`; return its last status."""
    with _display() as show:
        while True:
            status = look()
            show(status)
            if ended(status):
                return status
            time.sleep(LOOK)


def over(status: Status) -> bool:
    """Whether a campaign is finished or cancelled, with nothing on the wire."""
    return status.state in _ENDED and not status.in_flight


@contextmanager
def _display() -> Iterator[Callable[[Status], None]]:
    if not output.err.is_terminal:
        yield _Plain().show
        return
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.fields[said]}"), console=output.err
    )
    task = progress.add_task("", total=None, said="")
    with Live(progress, console=output.err, refresh_per_second=4, transient=True):

        def show(status: Status) -> None:
            done, goal = _done(status)
            progress.update(task, description=status.name, total=goal or None, completed=done, said=_line(status))

        yield show


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
        output.note(f"{status.name}: {_line(status)}")


def _done(status: Status) -> tuple[int, int]:
    aside = sum(status.counts[state] for state in ("rejected", "duplicate", "skipped"))
    goal = status.total - aside
    return goal - status.counts["pending"] - status.counts["sending"], goal


def _line(status: Status) -> str:
    done, goal = _done(status)
    share = f"{done:,}/{goal:,}" if goal else ""
    return f"{share}  {status.sentence}"
