"""Who wrote to our accounts, until when they may be written to, and what shows it."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from nicegui import ui
from sqlalchemy import Row

from campaigns import contacts as known
from campaigns import pages
from campaigns.lifecycle import roster
from campaigns.runtime import Runtime, now_of
from campaigns.web.dashboard import ask, buttons, chips, frame, moments, sheet
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Filters, Slice, Table
from schemas.contact import ContactSource
from schemas.right import Right

_DAY_MS, _HOUR_MS = 24 * 3_600_000, 3_600_000
_LEFT = {
    0: "Any time",
    15 * 60_000: "15 minutes",
    _HOUR_MS: "1 hour",
    6 * _HOUR_MS: "6 hours",
    12 * _HOUR_MS: "12 hours",
}
_OPEN, _ALL = "open", "all"
SOURCES = {
    ContactSource.WEBHOOK.value: "by webhook",
    ContactSource.PULL.value: "read from the conversations",
    ContactSource.IMPORT.value: "imported",
}


class Writer(NamedTuple):
    """A person who wrote; times in epoch milliseconds, `now` to the minute."""

    recipient_id: str
    closes_at: int
    opened_at: int
    length_ms: int
    kind: str
    source: str
    now: int


@dataclass(frozen=True, slots=True)
class Opened:
    """How many windows are open on a page's account."""

    page: str
    account: tuple[str, str]
    windows: int


@screen("/contacts", "Open windows", "hourglass_top", nav=45, right=Right.READ)
async def show() -> None:
    """Build the screen."""
    session = current()
    found = await ask.aside(lambda: opened(session.runtime))
    with frame.heading("Open windows", "Whom you may write to now, because they wrote to you."):
        if found:
            buttons.outlined("Export", lambda: _export(session, page.value, table.filters), icon="download")
        if any(each.windows for each in found) and session.may(Right.SUBMIT):
            buttons.primary("Write to them", lambda: ui.navigate.to(f"/new?open_of={quote(page.value)}"), icon="send")
    if not found:
        with ui.element("div").classes("nothing"):
            _teach_pages()
        return
    most = max(found, key=lambda each: each.windows)
    with ui.element("div").classes("filters"):
        counted = {each.page: f"{each.page}: {each.windows:,} open" for each in found}
        page = ui.select(counted, value=most.page, label="Page")
        which = ui.select({_OPEN: "Open now", _ALL: "Everybody who wrote"}, value=_OPEN, label="Windows")
        left = ui.select(_LEFT, value=0, label="At least this long left")
        for field in (page, which, left):
            field.props("outlined dense options-dense")
    table = Table("People who wrote", _columns(), _fetch(session), key=lambda row: row.recipient_id, empty=_teach)
    page.on_value_change(lambda event: table.filter(page=event.value))
    which.on_value_change(lambda event: table.filter(which=event.value))
    left.on_value_change(lambda event: table.filter(left=event.value))
    await table.filter(page=most.page, which=_OPEN)


def opened(runtime: Runtime) -> list[Opened]:
    """Return every page with how many windows of its account are open."""
    with runtime.reading() as conn:
        open_now = known.open_now(conn, now_of(conn))
        stored = pages.all_of(conn)
    accounts = [(page.name, (str(page.channel), page.account_id)) for page in stored]
    return [Opened(name, account, open_now.get(account, 0)) for name, account in accounts]


def lasts(length_ms: int) -> str:
    """Return how long a window is, as people say it: `24 h`, `7 days`."""
    return f"{length_ms // _DAY_MS} days" if length_ms > _DAY_MS else f"{length_ms // _HOUR_MS} h"


def evidence(row: Writer) -> str:
    """Return what shows a window."""
    kind = row.kind.replace("_", " ").capitalize()
    return f"{kind}, opens {lasts(row.length_ms)}, {SOURCES.get(row.source, row.source)}"


def closes_after(filters: Filters, now: int) -> int:
    """Return the moment after which the windows that are asked for close; -1 for all of them."""
    left = int(filters.get("left", 0))
    return now + left if left or filters.get("which") == _OPEN else -1


def _fetch(session: Session) -> Fetch[Writer]:
    def fetch(past: tuple[int, str] | None, limit: int, filters: Filters) -> Slice[Writer]:
        with session.runtime.reading() as conn:
            now, page = now_of(conn), pages.named(conn, filters["page"])
            after = closes_after(filters, now)
            place = past or (-1, "")
            asked = (conn, page.channel, page.account_id)
            found = list(known.listed(*asked, closes_after=after, past=place, most=limit + 1))
        return Slice.of(
            found, limit, lambda last: (last.closes_at, last.recipient_id), show=lambda row: _writer(row, now)
        )

    return fetch


def _writer(row: Row[Any], now: int) -> Writer:
    return Writer(row.recipient_id, row.closes_at, row.opened_at, row.length_ms, row.kind, row.source, now)


def _columns() -> list[Column[Writer]]:
    return [
        Column("Person", lambda row: row.recipient_id, _person, "head"),
        Column("Window", lambda row: row.closes_at > row.now, _window),
        Column("Closes", lambda row: (row.closes_at, row.now), _moment),
        Column("Wrote", lambda row: (row.opened_at, row.now), _moment),
        Column("What shows it", evidence, lambda said: ui.label(said).classes("soft"), "wide"),
    ]


def _person(recipient_id: str) -> None:
    ui.link(recipient_id, f"/people/{recipient_id}").classes("code")


def _window(is_open: bool) -> None:
    chips.chip(chips.Look("lock_open", "Open", "good") if is_open else chips.Look("lock", "Closed", "calm"))


def _moment(of: tuple[int, int]) -> None:
    at, now = of
    ui.label(moments.away(at, now).capitalize())
    ui.label(moments.stamp(at)).classes("small soft")


async def _export(session: Session, page: str, filters: Filters) -> None:
    left, is_open = int(filters.get("left", 0)), filters.get("which") == _OPEN
    await sheet.download(
        session,
        f"contacts-{page}",
        roster.COLUMNS,
        lambda conn: roster.people(conn, page, is_open=is_open, left_ms=left),
        f"pagecast contacts export --page {page} --out FILE",
    )


def _teach() -> None:
    frame.nothing(
        "hourglass_top",
        "No window is open here",
        "A window opens for 24 hours when a person writes to you, for 7 days when they come from an ad. "
        "Webhooks bring that here; whoever's window is closed has to write first.",
    )
    ui.link("See what came in", "/events")


def _teach_pages() -> None:
    frame.nothing(
        "hourglass_top",
        "No pages yet",
        "A window opens for 24 hours when a person writes to one of your pages. "
        "Add a page first, then its people stand here as they write.",
    )
    ui.link("Add a page", "/pages")
