"""Every campaign, the newest first: where it stands now, what comes next, and what can be done about it."""

from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from nicegui import ui

from campaigns.campaign_file import zone_of
from campaigns.lifecycle import find
from campaigns.report.pages import accepted, left
from campaigns.runtime import now_of
from campaigns.web.dashboard import ask, buttons, chips, frame, moments
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.campaign import stopping
from campaigns.web.dashboard.campaign.deeds import Begun
from campaigns.web.dashboard.campaign.offers import Deed, allows
from campaigns.web.dashboard.campaign.seen import look, spoken
from campaigns.web.dashboard.live import live
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Filters, Slice, Table, nothing
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile
from schemas.campaign_state import OVER
from schemas.delivery import DeliveryState
from schemas.lane import LaneState
from schemas.right import Right
from schemas.status import Status

_IN_ROW: tuple[tuple[Deed, str, str, Begun], ...] = (
    (Deed.PAUSE, "Pause", "pause", stopping.pause),
    (Deed.RESUME, "Resume", "play_arrow", stopping.resume),
    (Deed.CANCEL, "Cancel", "close", stopping.cancel),
    (Deed.DISCARD, "Discard", "delete_outline", stopping.discard),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """`through` of `goal` people, all that could be sent to, were accepted; `aside` were not sent to.

    `failed` were refused; of those `in_doubt` nobody has heard that the platform took it.
    """

    through: int
    goal: int
    aside: int
    failed: int = 0
    in_doubt: int = 0

    @property
    def words(self) -> str:
        """The numbers that are not zero, in words."""
        said = f"{self.through:,} of {self.goal:,} accepted" if self.goal else ""
        others = ((self.failed, "failed"), (self.in_doubt, "in doubt"), (self.aside, "not sent"))
        return ", ".join(filter(None, (said, *(f"{n:,} {word}" for n, word in others if n))))


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign as the list shows it; `next` is what happens next, and when in full.

    `stuck` is a campaign that sends no more until a person lets its pages go on.
    """

    campaign: Campaign
    progress: Progress
    rate: float
    next: tuple[str, str]
    stuck: bool = False

    @property
    def ref(self) -> str:
        """The campaign's id, as people say it."""
        return self.campaign.ref


@screen("/campaigns", "Campaigns", "campaign", nav=10, right=Right.READ)
async def show() -> None:
    """Build the screen."""
    session = current()
    with frame.heading("Campaigns"):
        if session.may(Right.SUBMIT):
            buttons.primary("New campaign", lambda: ui.navigate.to("/new"), icon="add")
    with ui.element("div").classes("filters"):
        words = {"": "Every state"} | {state.value: look.word for state, look in chips.CAMPAIGN.items()}
        state = ui.select(words, value="", label="State").props("outlined dense options-dense")
        name = ui.input("Name").props("outlined dense clearable debounce=300 type=search")
    table = Table(
        "Campaigns", _columns(session), _fetch(session), key=lambda line: line.ref, empty=lambda: _teach(session)
    )
    state.on_value_change(lambda event: table.filter(state=event.value))
    name.on_value_change(lambda event: table.filter(name=event.value))
    await table.load()
    live(table.refresh)


def _fetch(session: Session) -> Fetch[Line]:
    def fetch(before: int | None, limit: int, filters: Filters) -> Slice[Line]:
        state = CampaignState(filters["state"]) if "state" in filters else None
        with session.runtime.reading() as conn:
            now = now_of(conn)
            before = find.NEWEST if before is None else before
            found = find.latest(conn, limit + 1, state=state, before=before, containing=filters.get("name", ""))
        standings = session.house.standings.of(found[:limit])
        return Slice.of(found, limit, lambda last: last.id, show=lambda each: line_of(each, standings[each.ref], now))

    return fetch


def line_of(campaign: Campaign, status: Status, now: int) -> Line:
    """Return a campaign as the list shows it at `now` (epoch ms)."""
    return Line(
        campaign, _progress_of(status), status.rate.achieved, _next(campaign, status, now), _is_stuck(campaign, status)
    )


def _progress_of(status: Status) -> Progress:
    counts = status.counts
    through, failed = accepted(counts), counts[DeliveryState.FAILED]
    in_doubt = counts[DeliveryState.UNKNOWN] + counts[DeliveryState.ASSUMED_SENT]
    goal = through + left(counts) + failed + in_doubt
    return Progress(through, goal, status.total - goal, failed, in_doubt)


def _is_stuck(campaign: Campaign, status: Status) -> bool:
    """Whether every page that has people left waits for a person."""
    undone = [page for page in status.pages if left(page.counts)]
    parked = all(page.state is LaneState.PARKED for page in undone)
    return campaign.state is CampaignState.SENDING and bool(undone) and parked


def _next(campaign: Campaign, status: Status, now: int) -> tuple[str, str]:
    zone = _zone(campaign)
    if campaign.state is CampaignState.SCHEDULED and campaign.start_at:
        return f"Starts {moments.away(campaign.start_at, now)}", moments.stamp(campaign.start_at, zone)
    if campaign.state is CampaignState.SENDING and status.eta:
        done = moments.epoch(status.eta)
        return f"Done {moments.away(done, now)}", moments.stamp(done, zone)
    if campaign.state in OVER and campaign.finished_at:
        word = chips.CAMPAIGN[campaign.state].word
        return f"{word} {moments.away(campaign.finished_at, now)}", moments.stamp(campaign.finished_at, zone)
    return spoken(status.sentence), ""


def _zone(campaign: Campaign) -> ZoneInfo:
    return zone_of(CampaignFile.model_validate_json(campaign.spec).schedule) or moments.UTC


def _columns(session: Session) -> list[Column[Line]]:
    return [
        Column("Campaign", lambda line: (line.ref, line.campaign.name), _name, "head wide"),
        Column("State", lambda line: (line.campaign.state, line.stuck), _state),
        Column("Progress", lambda line: line.progress, _progress),
        Column("Rate", _rate, classes="number"),
        Column("Next", lambda line: line.next, _moment, "wide"),
        Column("", _choice, lambda choice: _actions(session, *choice)),
    ]


def _choice(line: Line) -> tuple[str, CampaignState]:
    return line.ref, line.campaign.state


def _rate(line: Line) -> str | None:
    return f"{line.rate:,.1f}/s" if line.campaign.state is CampaignState.SENDING else None


def _name(of: tuple[str, str]) -> None:
    ref, name = of
    ui.link(name, f"/campaigns/{ref}").classes("strong")


def _state(of: tuple[CampaignState, bool]) -> None:
    state, stuck = of
    if stuck:
        chips.chip(chips.STUCK)
    else:
        chips.campaign(state)


def _progress(progress: Progress) -> None:
    if not progress.words:
        nothing()
        return
    if progress.goal:
        bar = ui.linear_progress(progress.through / progress.goal, show_value=False)
        having(bar.classes("bar-of"), aria_label=progress.words)
    ui.label(progress.words).classes("small soft figures")


def _moment(of: tuple[str, str]) -> None:
    words, exactly = of
    ui.label(words)
    if exactly:
        ui.label(exactly).classes("small soft")


def _actions(session: Session, ref: str, state: CampaignState) -> None:
    with ui.element("div").classes("row-actions"):
        for deed, word, icon, begin in _IN_ROW:
            if allows(state, deed, session.may):
                buttons.quiet(word, partial(_do, session, ref, begin), icon=icon).props("dense")


async def _do(session: Session, ref: str, begin: Begun) -> None:
    seen = await ask.aside(lambda: look(session, ref))
    await begin(session, seen)


def _teach(session: Session) -> None:
    frame.nothing(
        "campaign",
        "No campaigns yet",
        "Instagram and Messenger let you write to a person for 24 hours after they last wrote to you. "
        "So a list needs the time of each person's last message: everyone whose window is closed is set aside, "
        "with the reason, and nobody is sent to against the rule.",
    )
    if session.may(Right.SUBMIT):
        buttons.outlined("Upload a list and begin", lambda: ui.navigate.to("/new"), icon="upload")
    ui.label("Or in a terminal:").classes("small soft")
    ui.label("pagecast submit CAMPAIGN.toml").classes("command")
