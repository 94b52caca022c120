"""Screens that stand under one entry of the menu, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.session import Session
from schemas.right import Right


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the screens."""

    path: str
    word: str
    right: Right = Right.READ


ACTIVITY = (Tab("/audit", "Who did what"), Tab("/events", "What came in"))
SETTINGS = (
    Tab("/settings", "Settings and health"),
    Tab("/keys", "Keys", Right.KEYS),
    Tab("/webhooks", "Notices", Right.WEBHOOKS),
)


def tabs(session: Session, which: Sequence[Tab], here: str, name: str) -> None:
    """Build the links to the screens that somebody may see; none where that is one."""
    shown = [each for each in which if session.may(each.right)]
    if len(shown) <= 1:
        return
    with having(ui.element("nav"), aria_label=name).classes("tabs"):
        for each in shown:
            link = ui.link(each.word, each.path).classes("tab")
            if each.path == here:
                link.props("aria-current=page")
