"""A question with fields.

One that is `done` stays open while what was typed will not do, so that nobody types it twice; one that `answers` goes
at the click, because another question follows, or what was typed has been examined before.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from nicegui import ui

from campaigns.web.dashboard import ask, buttons
from schemas.right import Right

Made = TypeVar("Made")


class Form:
    """Build the fields inside `with form.body():`, then `await` how it ends; all of it in one event.

    It ends by `done`, by `read`, or by `answers` and then `answer`. A `wide` one has room for a preview.
    """

    def __init__(self, title: str, sentence: str = "", *, wide: bool = False) -> None:
        self._dialog, self._card = ask.opened(title, "asking wide-asking" if wide else "asking form")
        if sentence:
            with self._card:
                ui.label(sentence).classes("soft")

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
            ask.not_now(self._dialog)
            button = buttons.primary(word, tried)
        given: Made | None = await self.answer()
        return given

    async def read(self) -> None:
        """Show what there is to read, until somebody closes it."""
        with self._card, ui.row().classes("answers"):
            buttons.primary("Close", lambda: self._dialog.submit(None)).props("autofocus")
        await self.answer()

    def answers(self, word: str, answer: Callable[[], Any] = lambda: True) -> ui.button:
        """Build the buttons; return the one that answers, with what `answer` returns when it is clicked."""
        with self._card, ui.row().classes("answers"):
            ask.not_now(self._dialog).props("autofocus")
            return buttons.primary(word, lambda: self._dialog.submit(answer()))

    async def answer(self) -> Any:
        """Ask; return the answer, None for none."""
        return await ask.closed(self._dialog)


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
