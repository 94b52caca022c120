"""A screen that keeps itself up to date, by NiceGUI's own timer, for a browser that is not there."""

import asyncio

from nicegui import ui
from nicegui.element_filter import ElementFilter
from sqlalchemy.exc import OperationalError

from campaigns.errors import NotFoundError
from campaigns.web.dashboard.live import live
from tests.web.dashboard.conftest import opened

EVERY = 0.001
OFTEN = 3


class Screen:
    """Answers with `answers`, with the last of them for ever; `told` is what the warning said before each."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.calls = 0
        self.told: list[str] = []
        self.enough = asyncio.Event()

    async def refresh(self) -> None:
        """Answer as it is to."""
        self.told += [label.text for label in ElementFilter(kind=ui.label) if label.visible][:1] or [""]
        self.calls += 1
        if self.calls > OFTEN:
            self.enough.set()
        if answer := self.answers[min(self.calls, len(self.answers)) - 1]:
            raise answer

    async def look(self) -> None:
        """Keep it open until it was asked often enough, or is asked no more."""
        async with opened() as client:
            with client:
                live(self.refresh, EVERY)
            timers = [each for each in client.elements.values() if isinstance(each, ui.timer)]
            while not self.enough.is_set() and not all(timer.is_deleted for timer in timers):  # noqa: ASYNC110 - no event
                await asyncio.sleep(EVERY)
            with client:
                self.told += [label.text for label in ElementFilter(kind=ui.label) if label.visible]


def looked_at(*answers):
    async def look():
        screen = Screen(*answers)
        await asyncio.wait_for(screen.look(), 30)
        return screen

    return asyncio.run(look())


def test_what_is_gone_is_told_once_and_asked_for_no_more():
    screen = looked_at(None, NotFoundError("There is no page acme."))
    assert (screen.calls, screen.told) == (2, ["", "", "There is no page acme."])


def test_a_database_that_does_not_answer_is_asked_again_and_the_warning_goes():
    screen = looked_at(OperationalError("SELECT 1", {}, OSError()), None)
    stale = "The database does not answer just now. What you see may be old."
    assert screen.told[:3] == ["", stale, ""]
