"""The field of a time zone: searched by typing, and never without a value."""

from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from nicegui import ui

_OLD = ("Etc/", "posix/", "right/", "SystemV/")


@cache
def names() -> list[str]:
    """Return the zones that people mean, UTC first."""
    found = [name for name in available_timezones() if "/" in name and not name.startswith(_OLD)]
    return ["UTC", *sorted(found)]


def field(label: str, value: str, on_change: Callable[[str], Any]) -> ui.select:
    """Build the field; `on_change` gets the zone's name."""
    known = names() if value in names() else [value, *names()]
    chosen = ui.select(known, value=value, label=label, with_input=True).props("outlined virtual-scroll-slice-size=12")
    chosen.on_value_change(lambda event: on_change(event.value) if event.value else None)
    return chosen
