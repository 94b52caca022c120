"""What came back: how many answered and how, what they tapped, and what they wrote."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from campaigns.report.letters import NEWEST, Letter, letters
from campaigns.report.pages import accepted
from campaigns.report.replies import Answered, answered, buttons
from campaigns.web.dashboard import ask, chips, frame, moments
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.campaign.watching import Watching
from campaigns.web.dashboard.table import Column, Fetch, Filters, Slice, Table
from schemas.replies import Button

_OUT = chips.Look("do_not_disturb_on", "Opted out", "warn")


@dataclass(frozen=True, slots=True)
class Back:
    """What came back to `accepted` people, and what they tapped."""

    accepted: int
    told: Answered
    buttons: Sequence[Button]


async def build(watching: Watching) -> None:
    """Build the tab."""
    back = await ask.aside(lambda: _read(watching))
    with ui.element("div").classes("panel counters"):
        for name, n, aside in numbers(back):
            with ui.element("div").classes("counter"):
                ui.label(name).classes("small soft")
                ui.label(f"{n:,}").classes("many figures")
                ui.label(aside).classes("small soft figures")
    if back.buttons:
        with frame.section("Quick replies"):
            _taps(back)
    with frame.section("What people wrote"):
        table = Table("Answers", _columns(watching.seen), _fetch(watching), key=lambda each: each.id, empty=_silence)
    await table.load()


def numbers(back: Back) -> tuple[tuple[str, int, str], ...]:
    """Return what is counted: its name, how many people, and their share of those who got it."""
    told = back.told
    counted = (
        ("Answered", told.people),
        ("Wrote something", told.wrote),
        ("Tapped a button", told.tapped),
        ("Opted out by an answer", told.opted_out),
    )
    return tuple(
        (name, n, f"{n / back.accepted:.1%} of {back.accepted:,}" if back.accepted else "") for name, n in counted
    )


def _read(watching: Watching) -> Back:
    seen = watching.seen
    with watching.session.runtime.reading() as conn:
        told = answered(conn, seen.campaign.id or 0)
        return Back(accepted(seen.standing.counts), told, buttons(conn, seen.campaign))


def _taps(back: Back) -> None:
    most = max((button.people for button in back.buttons), default=0) or 1
    with ui.element("div").classes("panel ways taps").props('role=list aria-label="Quick replies"'):
        for button in back.buttons:
            with ui.element("div").classes("way").props("role=listitem"):
                ui.label(button.title or button.payload)
                with ui.element("div").classes("track").props("aria-hidden=true"):
                    if button.people:
                        ui.element("div").style(f"width: {100 * button.people / most:.2f}%")
                ui.label(f"{button.people:,}").classes("strong figures right")
                ui.label(f"{button.people / back.accepted:.1%}" if back.accepted else "").classes("small soft right")
                ui.label("" if button.offered else "of an earlier message").classes("small soft lost")


def _fetch(watching: Watching) -> Fetch[Letter]:
    def fetch(before: int | None, limit: int, _filters: Filters) -> Slice[Letter]:
        campaign_id = watching.seen.campaign.id or 0
        with watching.session.runtime.reading() as conn:
            found = letters(conn, campaign_id, before=before or NEWEST, most=limit + 1)
        return Slice.of(found, limit, lambda last: last.id)

    return fetch


def _columns(seen: Seen) -> list[Column[Letter]]:
    return [
        Column("Person", lambda each: each.person, _person, "head"),
        Column("When", lambda each: seen.exactly(moments.epoch(each.at))),
        Column("Page", lambda each: each.page),
        Column("What they wrote", lambda each: (each.text, each.opted_out), _words, "wide"),
    ]


def _person(recipient: str) -> None:
    ui.link(recipient, f"/people/{recipient}").classes("figures")


def _words(of: tuple[str, bool]) -> None:
    said, opted_out = of
    ui.label(said or "(no text)").classes("words")
    if opted_out:
        chips.chip(_OUT)


def _silence() -> None:
    ui.label("Nobody has written yet").props("role=heading aria-level=3").classes("subtitle")
    ui.label("Answers come by webhook, or by a page that is asked for them; they stand here as they come.").classes(
        "soft"
    )
