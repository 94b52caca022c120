"""A part of a screen that is built anew when what it shows changes, and only then: focus stays where nothing did."""

from collections.abc import Callable
from typing import Generic, TypeVar

from nicegui import ui

Shown = TypeVar("Shown")


class Piece(Generic[Shown]):
    """Built empty; `show` fills it. `Shown` has to be comparable."""

    def __init__(self, build: Callable[[Shown], object], classes: str = "", tag: str = "div") -> None:
        self._build = build
        self._shown: tuple[Shown] | None = None
        self.element = ui.element(tag).classes(classes)

    def show(self, value: Shown) -> None:
        """Show a value; what is shown already stays as it is."""
        if self._shown == (value,) or self.element.is_deleted:
            return
        self._shown = (value,)
        self.element.clear()
        with self.element:
            self._build(value)
