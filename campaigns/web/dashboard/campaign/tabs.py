"""The tabs of the screen: each is built when somebody opens it for the first time."""

import inspect
from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui

Build = Callable[[], Awaitable[None] | None]


class Tabs:
    """`named` is built in this order; the first one is open."""

    def __init__(self, named: Mapping[str, Build], first: str) -> None:
        self._named = named
        self._built: set[str] = set()
        names = list(named)
        first = first if first in named else names[0]
        with ui.tabs(value=None).props("no-caps align=left inline-label outside-arrows mobile-arrows") as self._tabs:
            for name in names:
                ui.tab(name)
        self._tabs.classes("views")
        with ui.tab_panels(self._tabs, value=first, animated=False).classes("tab-panels"):
            self._panels = {name: ui.tab_panel(name) for name in names}
        self._tabs.on_value_change(lambda event: self._fill(str(event.value)))

    @property
    def open_one(self) -> str:
        """The name of the open tab."""
        return str(self._tabs.value)

    async def open(self, name: str) -> None:
        """Open a tab, built if it was not."""
        await self._fill(name)
        self._tabs.value = name

    async def _fill(self, name: str) -> None:
        if name in self._built or name not in self._named:
            return
        self._built.add(name)
        with self._panels[name]:
            made = self._named[name]()
            if inspect.isawaitable(made):
                await made
