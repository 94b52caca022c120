"""Buttons in the theme's four looks. Quasar's own colours are off: its rules for them cannot be overruled.

What a click starts runs in the page, not in the button: a row that is built anew meanwhile takes its buttons along, and
would take the question with it that one of them asks.
"""

import inspect
from collections.abc import Callable
from typing import Any

from nicegui import ui

from campaigns.web.dashboard.attributes import having

_Click = Callable[..., Any] | None


def primary(word: str, on_click: _Click = None, *, icon: str | None = None) -> ui.button:
    """Build the one button of a screen or question that does what it is for."""
    return _button(word, on_click, icon, "unelevated", "primary")


def quiet(word: str, on_click: _Click = None, *, icon: str | None = None) -> ui.button:
    """Build a button without ground, for everything else."""
    return _button(word, on_click, icon, "flat", "quiet")


def outlined(word: str, on_click: _Click = None, *, icon: str | None = None) -> ui.button:
    """Build a button with a line around it, for what stands beside the primary one."""
    return _button(word, on_click, icon, "outline", "outlined")


def grave(word: str, on_click: _Click = None, *, icon: str | None = None) -> ui.button:
    """Build the button of what cannot be taken back."""
    return _button(word, on_click, icon, "unelevated", "grave")


def icon_only(icon: str, said: str, on_click: _Click = None) -> ui.button:
    """Build a button of an icon alone; `said` is what screen readers and the tooltip say."""
    built = having(ui.button(icon=icon, on_click=in_page(on_click), color=None), aria_label=said)
    built.props("flat round dense")
    with built.classes("quiet"):
        ui.tooltip(said)
    return built


def in_page(on_click: _Click) -> _Click:
    """Return what does the same, and outlives the element that it was clicked on."""
    if on_click is None:
        return None
    client = ui.context.client

    async def clicked() -> None:
        with client:
            made = on_click()
            if inspect.isawaitable(made):
                await made

    return clicked


def _button(word: str, on_click: _Click, icon: str | None, props: str, look: str) -> ui.button:
    return (
        ui.button(word, icon=icon, on_click=in_page(on_click), color=None).props(props).props("no-caps").classes(look)
    )
