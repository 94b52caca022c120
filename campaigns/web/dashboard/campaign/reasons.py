"""Why people did not get it: how many, what it means, and what to do next."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nicegui import ui

from campaigns.report.latest import Refusal
from campaigns.web.dashboard import buttons, moments
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.campaign.piece import Follower, Following
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.copying import copyable
from schemas.meaning import meaning
from schemas.reason import Reason, Stage


@dataclass(frozen=True, slots=True)
class Why:
    """`listed` says that the ledger has these people, so that they can be looked at."""

    reason: str
    n: int
    sentence: str
    next_step: str
    listed: bool


def whys(seen: Seen) -> tuple[Why, ...]:
    """Return every reason that somebody has, the most frequent first."""
    return tuple(_why(reason, n) for reason, n in seen.standing.reasons.items())


def table(choose: Callable[[str], object]) -> Following[tuple[Why, ...]]:
    """Return a piece with the table; `choose` shows the people of a reason."""
    return Following(partial(_build, choose), lambda rows: [row.reason for row in rows])


def build_refusals(rows: tuple[Refusal, ...], seen: Seen) -> None:
    """Build the latest refusals by the platform's own code."""
    with ui.element("div").classes("table"), ui.element("table").props('aria-label="Latest refusals"'):
        with ui.element("thead"), ui.element("tr"):
            for label in ("People", "Code", "What it means", "Last", "One example"):
                with ui.element("th").props("scope=col").classes("number" if label == "People" else ""):
                    ui.label(label)
        with ui.element("tbody"):
            for row in rows:
                _refusal(row, seen)


def _build(choose: Callable[[str], object], rows: tuple[Why, ...], follower: Follower[tuple[Why, ...]]) -> None:
    if not rows:
        ui.label("Nobody was set aside or refused.").classes("soft")
        return
    with ui.element("div").classes("table"), ui.element("table").props('aria-label="Reasons"'):
        with ui.element("thead"), ui.element("tr"):
            for label in ("People", "Reason", "What to do next"):
                with ui.element("th").props("scope=col").classes("number" if label == "People" else ""):
                    ui.label(label)
        with ui.element("tbody"):
            for place, row in enumerate(rows):
                with ui.element("tr"):
                    with _cell("People", "number"):
                        follower.label(partial(_people, place), rows).classes("strong figures")
                    _row(row, choose)


def _people(place: int, rows: tuple[Why, ...]) -> str:
    return f"{rows[place].n:,}"


def _refusal(row: Refusal, seen: Seen) -> None:
    with ui.element("tr"):
        with _cell("People", "number"):
            ui.label(f"{row.n:,}").classes("strong figures")
        with _cell("Code", "head"):
            ui.label(row.code or "no answer").classes("strong")
        with _cell("Means", "wide"):
            ui.label(row.sentence)
        with _cell("Last", ""):
            _last(row, seen)
        with _cell("Request id", ""):
            copyable(row.request_id, "the request id") if row.request_id else ui.label("-").classes("none soft")


def _last(row: Refusal, seen: Seen) -> None:
    if not row.last:
        ui.label("-").classes("none soft")
        return
    at = moments.epoch(row.last)
    ui.label(moments.away(at, seen.now)).classes("figures")
    ui.label(seen.stamp(at)).classes("small soft")


def _why(reason: str, n: int) -> Why:
    about = meaning(reason)
    return Why(reason, n, about.sentence, about.next_step, about.stage != Stage.LIST and reason in set(Reason))


def _row(row: Why, choose: Callable[[str], object]) -> None:
    with _cell("Reason", "head"):
        name = row.reason.replace("_", " ")
        if row.listed:
            said = f"Show who: {name}"
            link = having(ui.link(name, "#").classes("name-of"), aria_label=said)
            link.on("click.prevent", buttons.in_page(lambda: choose(row.reason)))
        else:
            ui.label(name).classes("strong")
        ui.label(row.sentence).classes("soft")
    with _cell("Next", "wide"):
        ui.label(row.next_step)


def _cell(label: str, classes: str) -> ui.element:
    with having(ui.element("td").classes(classes), data_label=label):
        return ui.element("div").classes("value")
