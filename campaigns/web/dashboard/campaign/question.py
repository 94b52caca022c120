"""A question with fields: what is to be done, what it means, and a button that does it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from campaigns.web.dashboard import buttons

_FADED = 1.0


class Question:
    """What stands in `with question:` is its body; then `answers` and `await answer()`, all in one page."""

    def __init__(self, title: str, *, wide: bool = False) -> None:
        with ui.dialog() as self._dialog, ui.card().classes("asking wide-asking" if wide else "asking") as self._card:
            heading = ui.label(title).props("role=heading aria-level=2").classes("subtitle")
        self._dialog.props(f'aria-labelledby="{heading.html_id}"')

    @contextmanager
    def body(self) -> Iterator[None]:
        """Build inside the question."""
        with self._card:
            yield

    def answers(self, word: str, answer: Callable[[], Any] = lambda: True, *, grave: bool = False) -> ui.button:
        """Build the buttons; return the one that answers, with what `answer` returns when it is clicked."""
        with self._card, ui.row().classes("answers"):
            buttons.quiet("Not now", lambda: self._dialog.submit(None)).props("autofocus")
            make = buttons.grave if grave else buttons.primary
            return make(word, lambda: self._dialog.submit(answer()))

    @property
    def is_over(self) -> bool:
        """Whether somebody has answered, or left."""
        return self._dialog.is_deleted or not self._dialog.value

    async def answer(self) -> Any:
        """Ask; return the answer, None for none."""
        given = await self._dialog
        if not self._dialog.is_deleted:
            with self._dialog.client:
                # Once it has faded, and given the focus back to where it was.
                ui.timer(_FADED, self._dialog.delete, once=True)
        return given
