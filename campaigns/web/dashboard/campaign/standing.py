"""How the campaign stands: the sentence, the numbers that add up, the pace, and what comes next."""

from dataclasses import dataclass
from functools import partial

from nicegui import ui

from campaigns.report.conservation import equation
from campaigns.web.dashboard import chips, moments
from campaigns.web.dashboard.campaign.figures import Counter, average, coming, counters, done, outcomes
from campaigns.web.dashboard.campaign.notes import build as build_notes
from campaigns.web.dashboard.campaign.notes import notes
from campaigns.web.dashboard.campaign.piece import Follower, Following, Piece
from campaigns.web.dashboard.campaign.seen import Seen, spoken
from schemas.campaign import CampaignState
from schemas.campaign_state import OVER


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
                self._sentence = Following(_sentence, lambda _said: None)
            self._bar = Following(_bar, lambda shown: [each.key for each in outcomes(shown)])
            self._counters = Following(
                _counters, lambda shown: [(each.key, each.aside != "") for each in shown], "counters"
            )
            self._equation = Following(_equation, bool)
            self._facts = Following(_facts, lambda told: [(fact.name, fact.aside != "") for fact in told], "facts")
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
        self._equation.show(equation(seen.standing, chips.word) if launched else "")
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


def _sentence(said: str, follower: Follower[str]) -> None:
    follower.label(str, said).classes("sentence").props("role=status")


def _bar(shown: tuple[Counter, ...], follower: Follower[tuple[Counter, ...]]) -> None:
    if not shown:
        return
    with ui.element("div").classes("outcomes").props("role=img") as bar:
        follower.attribute(bar, "aria-label", _told, shown)
        for place, each in enumerate(outcomes(shown)):
            follower.styled(partial(_grown, place), shown).classes(f"of-{each.key}")


def _told(shown: tuple[Counter, ...]) -> str:
    return ", ".join(f"{each.n:,} {each.word}" for each in shown if each.n)


def _grown(place: int, shown: tuple[Counter, ...]) -> str:
    return f"flex-grow: {outcomes(shown)[place].n}"


def _counters(shown: tuple[Counter, ...], follower: Follower[tuple[Counter, ...]]) -> None:
    for place, each in enumerate(shown):
        with ui.element("div").classes("counter"):
            with ui.element("div").classes("of"):
                ui.element("span").classes(f"dot of-{each.key}")
                ui.label(each.word).classes("small soft")
            follower.label(partial(_count, place), shown).classes("many figures")
            if each.aside:
                follower.label(partial(_aside, place), shown).classes("small soft figures")


def _count(place: int, shown: tuple[Counter, ...]) -> str:
    return f"{shown[place].n:,}"


def _aside(place: int, shown: "tuple[Counter, ...] | tuple[Fact, ...]") -> str:
    return shown[place].aside


def _equation(said: str, follower: Follower[str]) -> None:
    if said:
        follower.label(str, said).classes("small soft figures equation")


def _facts(told: tuple[Fact, ...], follower: Follower[tuple[Fact, ...]]) -> None:
    for place, fact in enumerate(told):
        with ui.element("div").classes("fact"):
            ui.label(fact.name).classes("small soft")
            follower.label(partial(_value, place), told).classes("strong figures")
            if fact.aside:
                follower.label(partial(_aside, place), told).classes("small soft figures")


def _value(place: int, told: tuple[Fact, ...]) -> str:
    return told[place].value
