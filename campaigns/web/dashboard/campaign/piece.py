"""A part of a screen that is built anew when what it shows changes, and only then: focus stays where nothing did."""

from collections.abc import Callable
from typing import Generic, TypeVar

from nicegui import ui

Shown = TypeVar("Shown")
Reader = Callable[[Shown], str]


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
        before, self._shown = self._shown, (value,)
        self._change(before, value)

    def _change(self, _before: tuple[Shown] | None, value: Shown) -> None:
        self.element.clear()
        with self.element:
            self._build(value)


class Follower(Generic[Shown]):
    """What of a part changes in its place: each of these is called with every later value of the same form."""

    def __init__(self) -> None:
        self._changes: list[Callable[[Shown], object]] = []

    def label(self, read: Reader[Shown], now: Shown) -> ui.label:
        """Make a label whose text is read from what is shown."""
        made = ui.label(read(now))
        self._changes.append(lambda value: made.set_text(read(value)))
        return made

    def styled(self, read: Reader[Shown], now: Shown) -> ui.element:
        """Make an element whose style is read from what is shown."""
        made = ui.element("div").style(read(now))
        self._changes.append(lambda value: made.style(replace=read(value)))
        return made

    def attribute(self, element: ui.element, name: str, read: Reader[Shown], now: Shown) -> None:
        """Set an attribute that is read from what is shown."""

        def change(value: Shown) -> None:
            element.props[name] = read(value)

        element.props[name] = read(now)
        self._changes.append(change)

    def follow(self, value: Shown) -> None:
        """Show a later value."""
        for change in self._changes:
            change(value)


class Following(Piece[Shown]):
    """A piece that is built anew only where the `form` of what it shows changes; else its words change in their places.

    For what changes every second: fifty browsers that look on would else cost the web process a whole core.
    """

    def __init__(
        self,
        build: Callable[[Shown, Follower[Shown]], object],
        form: Callable[[Shown], object],
        classes: str = "",
    ) -> None:
        super().__init__(lambda value: build(value, self._follower), classes)
        self._form = form
        self._follower = Follower[Shown]()

    def _change(self, before: tuple[Shown] | None, value: Shown) -> None:
        if before and self._form(before[0]) == self._form(value):
            self._follower.follow(value)
            return
        self._follower = Follower()
        super()._change(before, value)
