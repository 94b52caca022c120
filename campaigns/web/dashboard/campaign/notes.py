"""What waits for a person, with what to do about it."""

from dataclasses import dataclass

from nicegui import ui

from campaigns.moments import people
from campaigns.web.dashboard.campaign.offers import is_canary, is_missed
from campaigns.web.dashboard.campaign.seen import Seen, spoken
from schemas.lane import LaneState

_ICONS = {"warn": "warning_amber", "bad": "front_hand", "info": "visibility"}


@dataclass(frozen=True, slots=True)
class Note:
    """`link` leads to where something can be done, '' where that is here."""

    tone: str
    title: str
    sentence: str
    link: str = ""
    word: str = ""


def notes(seen: Seen) -> tuple[Note, ...]:
    """Return what is to be told, the most pressing first."""
    told = [
        Note("bad", f"Page {page.name} is parked", spoken(page.sentence), "/pages", "To the pages")
        for page in seen.standing.pages
        if page.state is LaneState.PARKED
    ]
    if is_canary(seen):
        sentence = "Look at what became of them, under People. Then go on with the others, or cancel."
        told.append(
            Note(
                "info", f"The first are out: look, then go on with {people(seen.standing.counts['pending'])}", sentence
            )
        )
    if is_missed(seen):
        sentence = "Resume sends to those whose window is still open; Cancel ends it, and nobody gets it."
        told.append(Note("warn", "Its start was missed", sentence))
    if unknown := seen.standing.counts["unknown"]:
        sentence = (
            "No answer came, so nobody is sent to a second time by itself. Look at the conversations, and decide."
        )
        told.append(Note("warn", f"{people(unknown)} may or may not have got it", sentence))
    return (*told, *(Note("warn", "About this installation", warning) for warning in seen.standing.warnings))


def build(told: tuple[Note, ...]) -> None:
    """Build them."""
    for note in told:
        with ui.element("div").classes(f"note {note.tone}").props("role=status"):
            ui.icon(_ICONS[note.tone])
            with ui.element("div"):
                ui.label(note.title).classes("strong")
                ui.label(note.sentence)
                if note.link:
                    ui.link(note.word, note.link)
