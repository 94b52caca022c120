"""How the campaign stands: the sentence, the numbers that add up, the pace, and what comes next."""

from dataclasses import dataclass

from nicegui import ui

from campaigns.report.conservation import equation
from campaigns.web.dashboard import chips, moments
from campaigns.web.dashboard.campaign.figures import Counter, average, coming, counters, done, outcomes
from campaigns.web.dashboard.campaign.notes import build as build_notes
from campaigns.web.dashboard.campaign.notes import notes
from campaigns.web.dashboard.campaign.piece import Piece
from campaigns.web.dashboard.campaign.seen import OVER, Seen, spoken
from schemas.campaign import CampaignState


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is said beside the numbers: a name, a value, and what explains it."""

    name: str
    value: str
    aside: str = ""


class Panel:
    """Built empty; `show` keeps it up to date."""

    def __init__(self) -> None:
        with ui.element("section").classes("panel standing").props('aria-label="How it stands"'):
            with ui.element("div").classes("said"):
                self._chip = Piece(chips.campaign)
                self._sentence = Piece(_sentence)
            self._bar = Piece(_bar)
            self._counters = Piece(_counters, "counters")
            self._equation = Piece(_equation)
            self._facts = Piece(_facts, "facts")
        self._notes = Piece(build_notes, "notes")

    def show(self, seen: Seen) -> None:
        """Show how it stands now."""
        self._chip.show(seen.state)
        self._sentence.show(spoken(seen.standing.sentence))
        self._notes.show(notes(seen))
        launched = seen.standing.total > 0
        shown = counters(seen) if launched else ()
        self._bar.show(shown)
        self._counters.show(shown)
        self._equation.show(equation(seen.standing) if launched else "")
        self._facts.show(facts(seen))


def facts(seen: Seen) -> tuple[Fact, ...]:
    """Return what is told beside the numbers."""
    if not seen.standing.total:
        return _before(seen)
    told = [*_pace(seen), Fact("In flight", f"{seen.standing.in_flight:,}", "calls without an answer yet")]
    if end := done(seen):
        told.append(Fact("Ended" if seen.state in OVER else "Done", *end))
    if ahead := coming(seen):
        what, at = ahead
        told.append(Fact("Next", f"{what} {moments.away(at, seen.now)}", seen.stamp(at)))
    return tuple(told if seen.state not in OVER else [fact for fact in told if fact.name != "In flight"])


def _before(seen: Seen) -> tuple[Fact, ...]:
    told = [Fact("The list", f"{seen.rows:,} {'row' if seen.rows == 1 else 'rows'}", "before anybody is set aside")]
    if seen.channels:
        pages = ", ".join(f"{name} ({channel.title()})" for name, channel in seen.channels.items())
        told.append(Fact("From", pages))
    if seen.campaign.start_at:
        at = seen.campaign.start_at
        told.append(Fact("Start", moments.away(at, seen.now), seen.stamp(at)))
    return tuple(told)


def _pace(seen: Seen) -> list[Fact]:
    rate, told = seen.standing.rate, []
    if seen.state not in OVER and seen.state is not CampaignState.DRAFT:
        now = f"allowed {rate.allowed:,.4g}/s of {rate.asked:,.4g}/s asked"
        told.append(Fact("Rate now", f"{rate.achieved:,.1f}/s", now))
    mean = average(seen)
    return [*told, Fact("Average rate", f"{mean:,.1f}/s", "pauses included")] if mean else told


def _sentence(said: str) -> None:
    ui.label(said).classes("sentence").props("role=status")


def _bar(shown: tuple[Counter, ...]) -> None:
    if not shown:
        return
    told = ", ".join(f"{each.n:,} {each.word}" for each in shown if each.n)
    with ui.element("div").classes("outcomes").props(f'role=img aria-label="{told}"'):
        for each in outcomes(shown):
            ui.element("div").classes(f"of-{each.key}").style(f"flex-grow: {each.n}")


def _counters(shown: tuple[Counter, ...]) -> None:
    for each in shown:
        with ui.element("div").classes("counter"):
            with ui.element("div").classes("of"):
                ui.element("span").classes(f"dot of-{each.key}")
                ui.label(each.word).classes("small soft")
            ui.label(f"{each.n:,}").classes("many figures")
            if each.aside:
                ui.label(each.aside).classes("small soft figures")


def _equation(said: str) -> None:
    if said:
        ui.label(said).classes("small soft figures equation")


def _facts(told: tuple[Fact, ...]) -> None:
    for fact in told:
        with ui.element("div").classes("fact"):
            ui.label(fact.name).classes("small soft")
            ui.label(fact.value).classes("strong figures")
            if fact.aside:
                ui.label(fact.aside).classes("small soft figures")
