"""A rendered message as Instagram and Messenger show it to the person who gets it."""

from nicegui import ui

from campaigns.lifecycle.glance import Glimpse
from campaigns.web.dashboard.attributes import having
from schemas.page import Channel
from schemas.view import PartView, View


def show(channel: Channel, glimpse: Glimpse) -> None:
    """Build what one channel shows one person."""
    view = glimpse.views[channel]
    with having(ui.element("section").classes(f"phone {channel}"), aria_label=f"As {channel.title()} shows it"):
        with ui.element("div").classes("phone-head"):
            ui.icon("photo_camera" if channel is Channel.INSTAGRAM else "chat_bubble")
            ui.label(channel.title()).classes("strong")
        if glimpse.blank is not None:
            which = f"{glimpse.blank} is blank" if glimpse.blank else "The text is blank"
            ui.label(f"{which} for this person, so they are skipped.").classes("bubble skipped")
            return
        for part in view.parts:
            _part(part, view)
        for sentence in (*view.problems, *view.cuts):
            ui.label(sentence).classes("small bad-ink")


def _part(part: PartView, view: View) -> None:
    with ui.element("div").classes("bubble"):
        ui.label(part.text)
    if part.quick_replies:
        with ui.element("div").classes("pills"):
            for button in part.quick_replies:
                ui.label(button.shown or "…").classes("pill")
    over = " over" if part.length > view.limit else ""
    ui.label(f"{part.length:,} of {view.limit:,} {view.unit}").classes(f"small figures count{over}")
