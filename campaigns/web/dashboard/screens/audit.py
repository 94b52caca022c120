"""Everything that happened, and who did it."""

from typing import Any, NamedTuple

from nicegui import ui
from sqlalchemy import Connection

from campaigns import events
from campaigns.lifecycle import find
from campaigns.moments import iso
from campaigns.web.dashboard import ask, buttons, frame, moments, sheet
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Filters, Slice, Table, nothing
from campaigns.web.dashboard.tabs import ACTIVITY, tabs
from schemas.right import Right

_COLUMNS = ("at", "actor", "kind", "campaign", "page", "sentence")
_PAGE = 1_000
_CHOICES = 200
"""Campaigns that can be chosen, the newest first; the others have their own history on their screens."""


class Happened(NamedTuple):
    """One event; `at` in epoch milliseconds, `campaign` a campaign's id and `name` its name."""

    id: int
    at: int
    kind: str
    actor: str
    sentence: str
    campaign: str
    name: str
    page: str


@screen("/audit", "Activity", "history", nav=60, right=Right.READ)
async def show() -> None:
    """Build the screen."""
    session = current()
    actors, groups, campaigns = await ask.aside(lambda: _choices(session))
    with frame.heading("Activity", "Every change, written down in the same moment as the change itself."):
        buttons.outlined("Export", lambda: _export(session, table.filters), icon="download")
    tabs(session, ACTIVITY, "/audit", "Activity")
    with ui.element("div").classes("filters"):
        who = ui.select({"": "Everybody"} | {each: each for each in actors}, value="", label="Who")
        what = ui.select({"": "Everything"} | groups, value="", label="What")
        where = ui.select({"": "Every campaign"} | campaigns, value="", label="Campaign", with_input=True)
        for field in (who, what, where):
            field.props("outlined dense options-dense")
    table = Table("What happened", _columns(), _fetch(session), key=lambda row: row.id, empty=_teach)
    who.on_value_change(lambda event: table.filter(actor=event.value))
    what.on_value_change(lambda event: table.filter(kind=event.value))
    where.on_value_change(lambda event: table.filter(campaign=event.value))
    await table.load()


def happened(conn: Connection, filters: Filters, before: int = events.NEWEST, most: int = _PAGE) -> list[Happened]:
    """Return what happened that the filters (`actor`, `kind`, `campaign`) let through, the latest first."""
    campaign_id = find.exactly(conn, filters["campaign"]).id if "campaign" in filters else None
    actor, kind = filters.get("actor", ""), filters.get("kind", "")
    found = events.listed(conn, campaign_id=campaign_id, actor=actor, kind=kind, before=before, most=most)
    return [
        Happened(row.id, row.at, row.kind, row.actor, row.sentence, row.campaign or "", row.name or "", row.page or "")
        for row in found
    ]


def everything(conn: Connection, filters: Filters) -> Any:
    """Yield what happened as rows of a file, the latest first."""
    before = events.NEWEST
    while found := happened(conn, filters, before):
        for row in found:
            yield row._asdict() | {"at": iso(row.at)}
        before = found[-1].id


def _choices(session: Session) -> tuple[list[str], dict[str, str], dict[str, str]]:
    with session.runtime.reading() as conn:
        campaigns = {each.ref: each.name for each in find.latest(conn, _CHOICES)}
        return list(events.actors(conn)), grouped(list(events.kinds(conn))), campaigns


def grouped(kinds: list[str]) -> dict[str, str]:
    """Return what can be chosen: whole groups of kinds, and the kinds below each."""
    shown: dict[str, str] = {}
    for kind in sorted(kinds):
        group, _, verb = kind.partition(".")
        shown.setdefault(group, group.capitalize())
        if verb:
            shown[kind] = f"{group.capitalize()}: {verb.replace('_', ' ').replace('.', ', ')}"
    return shown


def _fetch(session: Session) -> Fetch[Happened]:
    def fetch(before: int | None, limit: int, filters: Filters) -> Slice[Happened]:
        with session.runtime.reading() as conn:
            found = happened(conn, filters, before or events.NEWEST, limit + 1)
        return Slice.of(found, limit, lambda last: last.id)

    return fetch


def _columns() -> list[Column[Happened]]:
    return [
        Column("What", lambda row: (row.sentence, row.kind), _what, "head"),
        Column("Who", lambda row: row.actor),
        Column("About", lambda row: (row.campaign, row.name, row.page), _about),
        Column("When", lambda row: row.at, lambda at: ui.label(moments.stamp(at)).classes("small soft nowrap")),
    ]


def _what(of: tuple[str, str]) -> None:
    sentence, kind = of
    ui.label(sentence)
    ui.label(kind).classes("small soft")


def _about(of: tuple[str, str, str]) -> None:
    campaign, name, page = of
    if campaign:
        with ui.element("div"):
            ui.link(name, f"/campaigns/{campaign}").classes("nowrap")
    if page:
        with ui.element("div"):
            ui.link(page, f"/pages/{page}")
    if not (campaign or page):
        nothing()


async def _export(session: Session, filters: Filters) -> None:
    rows = dict(filters)
    await sheet.download(
        session, "audit", _COLUMNS, lambda conn: everything(conn, rows), "GET /api/v1/audit, page by page"
    )


def _teach() -> None:
    frame.nothing(
        "history",
        "Nothing happened yet",
        "Whatever somebody changes is kept here for good: who, what and when, in one sentence each.",
    )
