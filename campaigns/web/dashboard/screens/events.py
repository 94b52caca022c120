"""What came in by webhook, what was refused at the door, and how far behind the rest is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nicegui import ui

from campaigns import pages
from campaigns.inbound import roll
from campaigns.inbox import Inbox
from campaigns.moments import lasting
from campaigns.report.refusals import troubles
from campaigns.runtime import Runtime, now_of
from campaigns.web.dashboard import ask, frame, moments
from campaigns.web.dashboard.live import live
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Filters, Slice, Table, nothing
from campaigns.web.dashboard.tabs import ACTIVITY, tabs
from schemas.inbound import InboundKind
from schemas.page import Page, ProviderName
from schemas.right import Right

_EVERY = 3.0
_LONG = 120
"""Characters of what somebody wrote that a list shows."""


class Came(NamedTuple):
    """One event that came in; times ISO 8601, `text` what was written or pressed."""

    id: int
    at: str
    kind: str
    page: str
    person: str
    text: str
    campaign: str


@dataclass(frozen=True, slots=True)
class Intake:
    """How webhooks come in: `latest` by provider (epoch ms), and how long the first that is not applied has waited."""

    now: int
    waiting: int
    lag_ms: int
    latest: tuple[tuple[str, int], ...]
    refused: tuple[str, ...]


@screen("/events", "What came in", right=Right.READ, under="/audit")
async def show() -> None:
    """Build the screen."""
    session = current()
    stored, first = await ask.aside(lambda: (_stored(session), intake(session.runtime)))
    frame.heading("Activity", "What the platforms sent to your webhooks: messages, receipts, opt-outs.")
    tabs(session, ACTIVITY, "/events", "Activity")
    strip = ui.element("div").classes("intake")
    told = _fill(strip, first, None)
    with ui.element("div").classes("filters"):
        kinds = {"": "Every kind"} | {kind.value: word(kind.value) for kind in InboundKind}
        kind = ui.select(kinds, value="", label="Kind")
        names = {"": "Every page"} | {page.name: page.name for page in stored}
        page = ui.select(names, value="", label="Page")
        for field in (kind, page):
            field.props("outlined dense options-dense")
    table = Table("What came in", _columns(), _fetch(session), key=lambda row: row.id, empty=_teach)
    kind.on_value_change(lambda event: table.filter(kind=event.value))
    page.on_value_change(lambda event: table.filter(page=event.value))
    await table.load()

    async def refresh() -> None:
        nonlocal told
        found = await ask.aside(lambda: intake(session.runtime))
        if not strip.is_deleted:
            told = _fill(strip, found, told)
        await table.refresh()

    live(refresh, _EVERY)


def word(kind: str) -> str:
    """Return a kind as people read it."""
    return kind.replace("_", " ").capitalize()


def intake(runtime: Runtime) -> Intake:
    """Return how webhooks come in at this moment."""
    with runtime.reading() as conn:
        now = now_of(conn)
    with Inbox.opened(runtime) as inbox:
        backlog = inbox.backlog()
        latest = tuple((name.value, at) for name in ProviderName if (at := inbox.latest(name)) is not None)
        refused = tuple(each.sentence for each in troubles(inbox, now))
    lag = now - backlog.since if backlog.since is not None else 0
    return Intake(now, backlog.bodies, lag, latest, refused)


def sentences(found: Intake) -> list[str]:
    """Return in plain words how webhooks come in."""
    said = []
    if found.waiting:
        n = f"{found.waiting:,} webhook{'s wait' if found.waiting > 1 else ' waits'}"
        said.append(f"{n} to be applied, the first for {lasting(found.lag_ms)}. Is `pagecast up` running?")
    else:
        said.append("No webhook waits: everything that came in is applied.")
    said += [f"The latest from {name.capitalize()} came {moments.away(at, found.now)}." for name, at in found.latest]
    if not found.latest:
        said.append("None has come in so far.")
    return said


def _fill(strip: ui.element, found: Intake, told: list[str] | None) -> list[str]:
    """Show how webhooks come in where that is not `told` already; return what is."""
    said = sentences(found)
    if [*said, *found.refused] != told:
        strip.clear()
        with strip:
            for sentence in said:
                ui.label(sentence).classes("soft")
            for sentence in found.refused:
                ui.label(sentence).props("role=status").classes("warning")
    return [*said, *found.refused]


def _stored(session: Session) -> Sequence[Page]:
    with session.runtime.reading() as conn:
        return pages.all_of(conn)


def _fetch(session: Session) -> Fetch[Came]:
    def fetch(before: int | None, limit: int, filters: Filters) -> Slice[Came]:
        kind = InboundKind(filters["kind"]) if "kind" in filters else None
        with session.runtime.reading() as conn:
            sender_id = pages.named(conn, filters["page"]).sender_id if "page" in filters else 0
            before = before or roll.EVERYTHING
            found = list(roll.listed(conn, kind=kind, sender_id=sender_id, before=before, most=limit + 1))
        return Slice.of(found, limit, lambda last: last["id"], show=came)

    return fetch


def came(event: dict[str, object]) -> Came:
    """Return an event as the list shows it."""
    words = str(event["text"] or event["payload"] or "")
    text = f"{words[:_LONG]}…" if len(words) > _LONG else words
    page = str(event["page"] or f"{event['channel']} account {event['account_id']}")
    person, campaign = str(event["person"] or ""), str(event["campaign"] or "")
    return Came(int(str(event["id"])), str(event["at"]), str(event["kind"]), page, person, text, campaign)


def _columns() -> list[Column[Came]]:
    return [
        Column("Person", lambda row: row.person, _person, "head"),
        Column("Kind", lambda row: word(row.kind)),
        Column("Page", lambda row: row.page),
        Column("Words", lambda row: row.text or None, classes="wide anywhere"),
        Column("Campaign", lambda row: row.campaign, _campaign),
        Column("When", lambda row: row.at, lambda at: ui.label(moments.stamp(moments.epoch(at))).classes("small soft")),
    ]


def _person(person: str) -> None:
    ui.link(person, f"/people/{person}").classes("code") if person else ui.label("Nobody in particular")


def _campaign(campaign: str) -> None:
    ui.link(campaign, f"/campaigns/{campaign}").classes("nowrap") if campaign else nothing()


def _teach() -> None:
    frame.nothing(
        "move_to_inbox",
        "Nothing has come in yet",
        "A message from a person opens their window for 24 hours, and the platform's webhooks tell of it at once. "
        "Point them to the address below; a page of Meta can be read without webhooks too, on its own screen.",
    )
    ui.label("/webhooks/meta and /webhooks/orbit").classes("command")
