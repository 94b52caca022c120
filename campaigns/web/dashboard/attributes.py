"""Attributes of elements whose values are somebody's words."""

from typing import TypeVar

from nicegui import ui

Built = TypeVar("Built", bound=ui.element)


def having(element: Built, **attributes: object) -> Built:
    """Set attributes as they are; `_` in a name stands for `-`.

    What `props()` is given is parsed: a quote in a value would end it, and what follows could be code.
    """
    for name, value in attributes.items():
        element.props[name.replace("_", "-")] = value
    return element
