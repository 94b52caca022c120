"""A table of one page at a time, read in a thread; on a narrow screen each row is a card.

`fetch(cursor, limit, filters)` returns one page; the cursor is whatever it gave for the next one, None for the first.
A refresh reads the same page again and builds only the cells anew whose value changed, so that nobody's focus is lost.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from nicegui import ui

from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.attributes import having

Row = TypeVar("Row")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of rows; `next` is the cursor of the following one, None where this is the last."""

    rows: Sequence[Row]
    next: Any = None

    @classmethod
    def of(
        cls,
        found: Sequence[Found],
        limit: int,
        place: Callable[[Found], Any],
        show: Callable[[Found], Row] = lambda row: cast("Row", row),
    ) -> "Slice[Row]":
        """Return a page of what was `found` with one more than the limit, which says whether there is another.

        `place` takes the next page's cursor out of the last that is shown, `show` makes a row of what was found.
        """
        shown = found[:limit]
        return cls([show(each) for each in shown], place(shown[-1]) if len(found) > limit else None)


Filters = Mapping[str, Any]
Fetch = Callable[[Any, int, Filters], Slice[Row]]


def counted(find: Callable[[int, int, Filters], Sequence[Row]]) -> Fetch[Row]:
    """Return how to fetch what has no better cursor than how many rows come before.

    `find(start, most, filters)` returns up to so many rows from the n-th on.
    """

    def fetch(cursor: int | None, limit: int, filters: Filters) -> Slice[Row]:
        start = cursor or 0
        return Slice.of(find(start, limit + 1, filters), limit, lambda _last: start + limit)

    return fetch


def nothing() -> None:
    """Build the dash of a cell that has no value; on phones the cell is left out."""
    ui.label("-").classes("none soft")


def plain(value: Any) -> None:
    """Build a cell that shows a value as it is; a dash for None."""
    ui.label(str(value)) if value is not None else nothing()


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """`value` takes out of a row what `cell` builds from; equal values keep the cell that there is.

    Classes: `number` stands right in figures of one width, `wide` takes what room there is, `only-wide` is left out on
    phones, `head` is a card's first line.
    """

    label: str
    value: Callable[[Row], Any]
    cell: Callable[[Any], object] = plain
    classes: str = ""


@dataclass(slots=True)
class _Line:
    """A row that is built: its cells with the values that they show."""

    row: ui.element
    cells: list[ui.element]
    values: list[Any] = field(default_factory=list)


class Table(Generic[Row]):
    """Built empty; `await load()` fills it."""

    def __init__(
        self,
        name: str,
        columns: Sequence[Column[Row]],
        fetch: Fetch[Row],
        *,
        key: Callable[[Row], Hashable],
        empty: Callable[[], None],
        limit: int = 25,
    ) -> None:
        """`name` is for screen readers; `empty` builds what stands there while no filter is set and nothing found."""
        self._columns = columns
        self._fetch = fetch
        self._key = key
        self._empty = empty
        self._limit = limit
        self._cursors: list[Any] = [None]
        self._next: Any = None
        self._filters: dict[str, Any] = {}
        self._lines: dict[Hashable, _Line] = {}
        with ui.element("div").classes("table") as self._outside:
            with having(ui.element("table"), aria_label=name) as self._inside:
                self._head()
                self._body = ui.element("tbody")
            self._foot()
        self._nothing = ui.element("div").classes("nothing")
        self._nothing.visible = False

    @property
    def filters(self) -> Filters:
        """The filters that are set."""
        return dict(self._filters)

    async def load(self) -> None:
        """Read the first page."""
        self._cursors = [None]
        await self.refresh()

    async def filter(self, **filters: Any) -> None:
        """Set filters, '' or None to take one away, and read the first page."""
        self._filters = {name: value for name, value in (self._filters | filters).items() if value not in {None, ""}}
        await self.load()

    async def refresh(self) -> None:
        """Read the page that is shown once more."""
        cursor, filters = self._cursors[-1], dict(self._filters)
        found = await ask.aside(lambda: self._fetch(cursor, self._limit, filters))
        if cursor != self._cursors[-1] or filters != self._filters or self._body.is_deleted:
            return  # somebody went on meanwhile
        self._next = found.next
        self._show(found.rows)

    def _show(self, rows: Sequence[Row]) -> None:
        keys = [self._key(row) for row in rows]
        if keys != list(self._lines):
            self._body.clear()
            self._lines = {key: self._line() for key in keys}
        for key, row in zip(keys, rows, strict=True):
            self._fill(self._lines[key], row)
        self._say_nothing(not rows)
        self._back.set_enabled(len(self._cursors) > 1)
        self._on.set_enabled(self._next is not None)
        self._turning.visible = len(self._cursors) > 1 or self._next is not None
        self._page.text = f"Page {len(self._cursors)}"

    def _line(self) -> _Line:
        with self._body, ui.element("tr") as row:
            cells = [_cell(column) for column in self._columns]
        return _Line(row, cells)

    def _fill(self, line: _Line, row: Row) -> None:
        values = [column.value(row) for column in self._columns]
        known = line.values or [object()] * len(values)
        for column, cell, old, new in zip(self._columns, line.cells, known, values, strict=True):
            if old != new:
                cell.clear()
                with cell:
                    column.cell(new)
        line.values = values

    def _say_nothing(self, nothing: bool) -> None:
        self._outside.visible = not nothing
        if nothing == self._nothing.visible:
            return
        self._nothing.visible = nothing
        self._nothing.clear()
        if nothing:
            with self._nothing:
                ui.label("Nothing matches. Take a filter away to see more.") if self._filters else self._empty()

    def _head(self) -> None:
        with ui.element("thead"), ui.element("tr"):
            for column in self._columns:
                with ui.element("th").props("scope=col").classes(column.classes):
                    ui.label(column.label)

    def _foot(self) -> None:
        with ui.element("div").classes("turning") as self._turning:
            self._page = ui.label().classes("soft")
            self._back = buttons.quiet("Previous", self._go_back)
            self._on = buttons.quiet("Next", self._go_on)

    async def _go_on(self) -> None:
        if self._next is not None:
            self._cursors.append(self._next)
            await self.refresh()

    async def _go_back(self) -> None:
        if len(self._cursors) > 1:
            self._cursors.pop()
            await self.refresh()


def _cell(column: Column[Any]) -> ui.element:
    with having(ui.element("td").classes(column.classes), data_label=column.label):
        return ui.element("div").classes("value")
