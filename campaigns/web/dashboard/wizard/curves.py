"""Two pictures of what a choice costs: people lost over the start, and over the rate, with the choice marked in both.

Closing times are read and sorted once; moving a slider asks that sorted line alone, in a thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from nicegui import background_tasks, ui

from campaigns.campaign_file import moment
from campaigns.errors import InputError, PagecastError
from campaigns.lifecycle import glance
from campaigns.lifecycle.glance import Listed
from campaigns.moments import people
from campaigns.plan.prospect import Point, Prospect
from campaigns.web.dashboard import ask, buttons, moments
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard import picture
from campaigns.web.dashboard.wizard.visit import Visit
from schemas.campaign_file import PROFILES

OnStart = Callable[[int | None], object]
OnRate = Callable[[float | None], object]
POINTS = 49
_MINUTE = 60_000
_DAY = 86_400_000
_LEAST_RATE = 0.01


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything that the pictures show of one choice; times in epoch milliseconds, rates in messages per second."""

    starts: list[Point]
    rates: list[Point]
    start: int
    rate: float
    lost: int
    finish: int | None
    floor: int
    """How many are lost at this start whatever the rate."""
    lowest: float | None
    """The lowest rate that loses no more than these."""
    latest: int | None


class Curves:
    """Built empty; `await load()` reads the people and draws. `on_start`, `on_rate` hear what is chosen here."""

    def __init__(self, visit: Visit, listed: Listed, now: int) -> None:
        self._visit, self._listed, self._now = visit, listed, now
        self._prospect: Prospect | None = None
        self._loading = self._drawing = False
        self._load_again = self._draw_again = False
        self._grid: tuple[list[int], list[float]] = ([], [])
        self._found: Drawn | None = None
        self.on_start: OnStart = lambda _: None
        self.on_rate: OnRate = lambda _: None
        with ui.element("section").classes("panel curves").props('aria-label="People lost"'):
            self._said = ui.label("Working out who can be reached…").classes("subtitle").props("role=status")
            self._more = ui.label().classes("soft small")
            self._body = ui.element("div")
            with self._body:
                self._start = picture.Picture("People lost, by start", self._slid_start)
                self._rate = picture.Picture("People lost, by rate", self._slid_rate)
                with ui.row().classes("q-mt-sm"):
                    self._lowest = buttons.outlined("Lowest rate without loss", self._take_lowest)
                    self._latest = buttons.outlined("Latest start without loss", self._take_latest)
        self._body.set_visibility(False)

    @property
    def zone(self) -> str:
        """The zone in which starts are shown."""
        return str(getattr(self._visit.fields.get("schedule.zone"), "value", None) or "UTC")

    async def load(self) -> None:
        """Read and sort the people anew, and draw."""
        if self._loading:
            self._load_again = True
            return
        self._loading = True
        try:
            await self._load()
            while self._load_again:
                self._load_again = False
                await self._load()
        finally:
            self._loading = False

    def again(self) -> None:
        """Load in the background."""
        background_tasks.create(self.load(), name="read the people")

    def moved(self) -> None:
        """Draw in the background, for another start or rate."""
        background_tasks.create(self.draw(), name="draw the curves")

    async def draw(self) -> None:
        """Draw for the present start and rate; the latest of many moves counts."""
        if self._drawing:
            self._draw_again = True
            return
        self._drawing = True
        try:
            await self._draw()
            while self._draw_again:
                self._draw_again = False
                await self._draw()
        finally:
            self._drawing = False

    async def _load(self) -> None:
        content = contents.copied(self._visit.content)
        session = self._visit.session

        def work() -> Prospect:
            until = contents.get(content, "schedule.not_after")
            file = contents.trial(content)
            not_after = moment(until, "not_after") if until else None
            return glance.prospect(session.runtime, file, self._listed, session.environment, not_after)

        try:
            self._prospect = await ask.aside(work)
        except PagecastError as error:
            self._prospect = None
            self._refuse(str(error))
            return
        if not self._body.is_deleted:
            await self.draw()

    def _refuse(self, sentence: str, more: str = "") -> None:
        if not self._body.is_deleted:
            self._said.set_text(sentence)
            self._more.set_text(more)
            self._body.set_visibility(False)

    async def _draw(self) -> None:
        prospect = self._prospect
        if prospect is None or self._body.is_deleted:
            return
        if self._visit.get("schedule.quiet.zone") == "recipient":
            more = "Quiet time goes by each person's own clocks: the review says what that comes to."
            self._refuse(f"{people(prospect.people)} can get it now.", more)
            return
        if not prospect.people:
            self._refuse("Nobody on the list can get it now.", "The review says why, one reason a person.")
            return
        start, rate = self._chosen(prospect)
        self._grid = grid(prospect, start)
        drawn = await ask.aside(lambda: drawn_of(prospect, self._grid, start, rate))
        if not self._body.is_deleted:
            self._show(prospect, drawn)

    def _chosen(self, prospect: Prospect) -> tuple[int, float]:
        written = self._visit.get("schedule.start")
        try:
            start = moment(written, "start") if written else prospect.origin
        except InputError:
            start = prospect.origin
        rate = self._visit.get("limits.rate") or PROFILES.get(self._visit.get("limits.profile", ""), prospect.most)
        return max(start, prospect.origin), min(float(rate), prospect.most)

    def _show(self, prospect: Prospect, drawn: Drawn) -> None:
        self._body.set_visibility(True)
        self._said.set_text(sentence(prospect.people, drawn.lost))
        zone = ZoneInfo(self.zone)
        done = f"Done {moments.stamp(drawn.finish, zone)}. " if drawn.finish else ""
        closed = f" {closing(drawn.floor)}" if drawn.floor else ""
        self._more.set_text(f"{done}Of {people(prospect.people)} who could get it now.{closed}")
        starts, rates = self._grid
        at_start, at_rate = picture.nearest(starts, drawn.start), picture.nearest(rates, drawn.rate)
        self._start.draw(
            [(moments_label(point.at, zone), point.lost) for point in drawn.starts],
            at_start,
            "Now" if at_start == 0 else moments.stamp(drawn.start, zone),
        )
        self._rate.draw([(rate_label(point.at), point.lost) for point in drawn.rates], at_rate, rate_label(drawn.rate))
        self._lowest.set_enabled(drawn.lowest is not None)
        self._lowest.set_text("Lowest rate without more loss" if drawn.floor else "Lowest rate without loss")
        self._latest.set_enabled(drawn.latest is not None and drawn.latest >= prospect.origin)
        self._found = drawn

    def _slid_start(self, place: int) -> None:
        starts, _ = self._grid
        start = None if place == 0 else starts[place]
        if start is None:
            self._visit.put("schedule.start", None)
        self.on_start(start)
        self.moved()

    def _slid_rate(self, place: int) -> None:
        _, rates = self._grid
        rate = None if place == len(rates) - 1 else rates[place]
        self.on_rate(rate)
        self.moved()

    def _take_lowest(self) -> None:
        if self._found and self._found.lowest is not None:
            self.on_rate(rounded_up(self._found.lowest))
            self.moved()

    def _take_latest(self) -> None:
        if self._found and self._found.latest is not None:
            self.on_start(self._found.latest // _MINUTE * _MINUTE)
            self.moved()


def sentence(total: int, lost: int) -> str:
    """Say what a choice comes to."""
    if not lost:
        return "Nobody loses their turn with this choice."
    who = "1 person loses their turn" if lost == 1 else f"{lost:,} people lose their turn"
    return f"{who} with this choice ({100 * lost / total:.2g} %)."


def closing(lost: int) -> str:
    """Say that a start is too late for some at any rate."""
    return f"This start is too late for {people(lost)}, whatever the rate."


def grid(prospect: Prospect, start: int) -> tuple[list[int], list[float]]:
    """Return the starts and the rates of the pictures; the first start is now, the last rate is the page's own."""
    end = max(prospect.last or 0, start + _MINUTE, prospect.origin + 30 * _MINUTE)
    end = min(end, max(start + _MINUTE, prospect.origin + 7 * _DAY))
    span = end - prospect.origin
    minutes = [(prospect.origin + span * n // (POINTS - 1)) // _MINUTE * _MINUTE for n in range(1, POINTS)]
    most = prospect.most
    least = min(max(_LEAST_RATE, most / 1_000), most / 2)
    steps = [float(f"{least * (most / least) ** (n / (POINTS - 1)):.3g}") for n in range(POINTS - 1)]
    return [prospect.origin, *minutes], [*steps, most]


def drawn_of(prospect: Prospect, points: tuple[list[int], list[float]], start: int, rate: float) -> Drawn:
    """Work out everything that the pictures show; a few passes over the sorted people."""
    starts, rates = points
    return Drawn(
        starts=prospect.over_start(starts, rate),
        rates=prospect.over_rate(rates, start),
        start=start,
        rate=rate,
        lost=prospect.lost(start, rate),
        finish=prospect.finish(start, rate),
        floor=prospect.lost(start, None),
        lowest=prospect.enough(start),
        latest=prospect.latest_start(rate),
    )


def rounded_up(rate: float) -> float:
    """Return a rate of few digits that is not below another."""
    short = float(f"{rate:.3g}")
    return short if short >= rate else float(f"{rate * 1.01:.3g}")


def moments_label(ms: float, zone: ZoneInfo) -> str:
    """Return a start as an axis has it."""
    return contents.short(int(ms), zone)


def rate_label(rate: float) -> str:
    """Return a rate as people say it: by the second, or by the hour where it is slow."""
    return f"{rate:.3g}/s" if rate >= 1 else f"{rate * 3600:,.0f}/h"
