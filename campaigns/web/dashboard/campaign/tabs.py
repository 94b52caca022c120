"""The tabs of the screen: each is built when somebody opens it for the first time, and some are read again later."""

import inspect
from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui

Build = Callable[[], Awaitable[None] | None]


class Tabs:
    """`named` is built in this order; the first one is open. `again` is called when somebody comes back to a tab."""

    def __init__(self, named: Mapping[str, Build], first: str, again: Mapping[str, Build]) -> None:
        self._named = named
        self._again = again
        self._built: set[str] = set()
        names = list(named)
        first = first if first in named else names[0]
        with ui.tabs(value=None).props("no-caps align=left inline-label outside-arrows mobile-arrows") as self._tabs:
            for name in names:
                ui.tab(name)
        self._tabs.classes("views")
        with ui.tab_panels(self._tabs, value=first, animated=False).classes("tab-panels"):
            self._panels = {name: ui.tab_panel(name) for name in names}
        self._tabs.on_value_change(lambda event: self._come(str(event.value)))

    @property
    def open_one(self) -> str:
        """The name of the open tab."""
        return str(self._tabs.value)

    async def open(self, name: str) -> None:
        """Open a tab, built if it was not."""
        await self._fill(name)
        self._tabs.value = name

    async def _come(self, name: str) -> None:
        if name not in self._built:
            await self._fill(name)
        elif name in self._again:
            await _done(self._again[name])

    async def _fill(self, name: str) -> None:
        if name in self._built or name not in self._named:
            return
        self._built.add(name)
        with self._panels[name]:
            await _done(self._named[name])


async def _done(build: Build) -> None:
    made = build()
    if inspect.isawaitable(made):
        await made
