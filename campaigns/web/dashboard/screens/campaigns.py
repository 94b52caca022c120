"""Every campaign, the newest first: where it stands now, what comes next, and what can be done about it."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui

from campaigns.campaign_file import zone_of
from campaigns.lifecycle import control, find
from campaigns.moments import people
from campaigns.report.pages import accepted, left
from campaigns.runtime import now_of
from campaigns.web.dashboard import ask, buttons, chips, frame, moments
from campaigns.web.dashboard.campaign.seen import spoken
from campaigns.web.dashboard.live import live
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Filters, Slice, Table, nothing
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile
from schemas.right import Right
from schemas.status import Status

_PAUSABLE = frozenset({CampaignState.SENDING, CampaignState.SCHEDULED})
_CANCELLABLE = _PAUSABLE | {CampaignState.DRAFT, CampaignState.PAUSED, CampaignState.AWAITING_APPROVAL}
_OVER = frozenset({CampaignState.FINISHED, CampaignState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Progress:
    """`through` of `goal` people were accepted; `aside` were not sent to."""

    through: int
    goal: int
    aside: int


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign as the list shows it; `next` is what happens next, and when in full."""

    campaign: Campaign
    progress: Progress
    rate: float
    next: tuple[str, str]

    @property
    def ref(self) -> str:
        """The campaign's id, as people say it."""
        return self.campaign.ref

    @property
    def waiting(self) -> int:
        """How many people have not had their turn."""
        return self.progress.goal - self.progress.through


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
        shown = found[:limit]
        standings = session.house.standings.of(shown)
        lines = [line_of(each, standings[each.ref], now) for each in shown]
        return Slice(lines, shown[-1].id if len(found) > limit else None)

    return fetch


def line_of(campaign: Campaign, status: Status, now: int) -> Line:
    """Return a campaign as the list shows it at `now` (epoch ms)."""
    through, rest = accepted(status.counts), left(status.counts)
    progress = Progress(through, through + rest, status.total - through - rest)
    return Line(campaign, progress, status.rate.achieved, _next(campaign, status, now))


def _next(campaign: Campaign, status: Status, now: int) -> tuple[str, str]:
    zone = _zone(campaign)
    if campaign.state is CampaignState.SCHEDULED and campaign.start_at:
        return f"Starts {moments.away(campaign.start_at, now)}", moments.stamp(campaign.start_at, zone)
    if campaign.state is CampaignState.SENDING and status.eta:
        done = moments.epoch(status.eta)
        return f"Done {moments.away(done, now)}", moments.stamp(done, zone)
    if campaign.state in _OVER and campaign.finished_at:
        word = chips.CAMPAIGN[campaign.state].word
        return f"{word} {moments.away(campaign.finished_at, now)}", moments.stamp(campaign.finished_at, zone)
    return spoken(status.sentence), ""


def _zone(campaign: Campaign) -> ZoneInfo:
    return zone_of(CampaignFile.model_validate_json(campaign.spec).schedule) or moments.UTC


def _columns(session: Session) -> list[Column[Line]]:
    return [
        Column("Campaign", lambda line: (line.ref, line.campaign.name), _name, "head wide"),
        Column("State", lambda line: line.campaign.state, chips.campaign),
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


def _progress(progress: Progress) -> None:
    aside = f"{progress.aside:,} not sent" if progress.aside else ""
    if progress.goal:
        said = f"{progress.through:,} of {progress.goal:,} accepted"
        share = progress.through / progress.goal
        ui.linear_progress(share, show_value=False).props(f'aria-label="{said}"').classes("bar-of")
        ui.label(", ".join(filter(None, (said, aside)))).classes("small soft figures")
    elif aside:
        ui.label(aside).classes("small soft figures")
    else:
        nothing()


def _moment(of: tuple[str, str]) -> None:
    words, exactly = of
    ui.label(words)
    if exactly:
        ui.label(exactly).classes("small soft")


def _actions(session: Session, ref: str, state: CampaignState) -> None:
    if state in _OVER:
        return
    with ui.element("div").classes("row-actions"):
        if state in _PAUSABLE and session.may(Right.PAUSE):
            _button("Pause", "pause", lambda: _pause(session, ref))
        if state is CampaignState.PAUSED and session.may(Right.RESUME):
            _button("Resume", "play_arrow", lambda: _resume(session, ref))
        if state in _CANCELLABLE and session.may(Right.CANCEL):
            _button("Cancel", "close", lambda: _cancel(session, ref))


def _button(word: str, icon: str, on_click: Any) -> None:
    buttons.quiet(word, on_click, icon=icon).props("dense")


def _look(session: Session, ref: str) -> Line:
    with session.runtime.reading() as conn:
        found, now = find.exactly(conn, ref), now_of(conn)
    return line_of(found, session.house.standings.of([found])[ref], now)


async def _pause(session: Session, ref: str) -> None:
    line = await ask.aside(lambda: _look(session, ref))
    await ask.confirmed(
        f"Pause {line.campaign.name}?",
        f"{people(line.waiting)} have not got it yet, and wait until somebody resumes it. Their windows go on closing.",
        "Pause",
        lambda: control.pause(session.runtime, line.campaign, session.actor),
        right=Right.PAUSE,
        done=lambda change: f"Paused. {change.in_flight:,} still in flight." if change.in_flight else "Paused.",
    )


async def _resume(session: Session, ref: str) -> None:
    line = await ask.aside(lambda: _look(session, ref))
    await ask.confirmed(
        f"Resume {line.campaign.name}?",
        f"Sending goes on to {people(line.waiting)}; whoever's window has closed meanwhile is skipped.",
        "Resume",
        lambda: control.resume(session.runtime, line.campaign, session.actor),
        right=Right.RESUME,
        done="Resumed.",
    )


async def _cancel(session: Session, ref: str) -> None:
    line = await ask.aside(lambda: _look(session, ref))
    draft = line.campaign.state is CampaignState.DRAFT
    whom = "It was not launched, so nobody has got it." if draft else f"{people(line.waiting)} will not get it."
    await ask.confirmed(
        f"Cancel {line.campaign.name}?",
        f"{whom} Whoever got it stays in the report. A cancelled campaign cannot be resumed.",
        "Cancel the campaign",
        lambda: control.cancel(session.runtime, line.campaign, session.actor),
        right=Right.CANCEL,
        done=lambda change: f"Cancelled: {people(change.withdrawn)} will not get it.",
        grave=True,
    )


def _teach(session: Session) -> None:
    ui.icon("campaign").classes("large")
    ui.label("No campaigns yet").props("role=heading aria-level=2").classes("subtitle")
    ui.label(
        "Instagram and Messenger let you write to a person for 24 hours after they last wrote to you. "
        "So a list needs the time of each person's last message: everyone whose window is closed is set aside, "
        "with the reason, and nobody is sent to against the rule."
    ).classes("soft")
    if session.may(Right.SUBMIT):
        buttons.outlined("Upload a list and begin", lambda: ui.navigate.to("/new"), icon="upload")
    ui.label("Or in a terminal:").classes("small soft")
    ui.label("pagecast submit CAMPAIGN.toml").classes("command")
