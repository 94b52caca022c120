"""A question with fields. It stays open while what was typed will not do, so that nobody types it twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from nicegui import ui

from campaigns.web.dashboard import ask, buttons
from schemas.right import Right

Made = TypeVar("Made")

_FADED = 1.0


class Form:
    """Build the fields inside `with form.body():`, then `await form.done(...)`; all of it in one event."""

    def __init__(self, title: str, sentence: str = "") -> None:
        with ui.dialog() as self._dialog, ui.card().classes("asking form") as self._card:
            heading = ui.label(title).props("role=heading aria-level=2").classes("subtitle")
            if sentence:
                ui.label(sentence).classes("soft")
        self._dialog.props(f'aria-labelledby="{heading.html_id}"')

    @contextmanager
    def body(self) -> Iterator[None]:
        """Build inside the question."""
        with self._card:
            yield

    async def done(
        self,
        word: str,
        verb: Callable[[], Made],
        *,
        right: Right,
        done: str | Callable[[Made], str] = "",
        grave: bool = False,
    ) -> Made | None:
        """Do the verb when somebody clicks `word`, until it works or they leave it; return what it did, else None.

        The verb runs in a thread: it reads fields through what it closes over, and returns something.
        """

        async def tried() -> None:
            button.disable()
            made = await ask.done_by(verb, right=right, done=done)
            if made is not None:
                self._dialog.submit(made)
            elif not button.is_deleted:
                button.enable()

        with self._card, ui.row().classes("answers"):
            buttons.quiet("Not now", lambda: self._dialog.submit(None))
            button = (buttons.grave if grave else buttons.primary)(word, tried)
        given: Made | None = await self._answer()
        return given

    async def read(self) -> None:
        """Show what there is to read, until somebody closes it."""
        with self._card, ui.row().classes("answers"):
            buttons.primary("Close", lambda: self._dialog.submit(None)).props("autofocus")
        await self._answer()

    async def _answer(self) -> Any:
        given = await self._dialog
        if not self._dialog.is_deleted:
            with self._dialog.client:
                # Once it has faded, and given the focus back to where it was.
                ui.timer(_FADED, self._dialog.delete, once=True)
        return given


def field(label: str, hint: str = "", value: str = "") -> ui.input:
    """Build a line to type into; `hint` stands below it."""
    built = ui.input(label, value=value).props("outlined dense").classes("field")
    return _hinted(built, hint)


def choice(label: str, options: Any, value: Any, hint: str = "", *, multiple: bool = False) -> ui.select:
    """Build a field to choose from."""
    built = ui.select(options, value=value, label=label, multiple=multiple).props("outlined dense options-dense")
    return _hinted(built.classes("field"), hint)


def text(built: ui.input) -> str:
    """Return what was typed, without the space around it."""
    return str(built.value or "").strip()


_Field = TypeVar("_Field", ui.input, ui.select)


def _hinted(built: _Field, hint: str) -> _Field:
    if hint:
        with built.props("bottom-slots").add_slot("hint"):
            ui.label(hint)
    return built
