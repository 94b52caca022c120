"""Who did what to the campaign, and what happened to it; the latest first."""

from dataclasses import dataclass
from typing import Any

from nicegui import ui
from sqlalchemy import Row

from campaigns import events
from campaigns.web.dashboard.campaign.seen import Seen, spoken
from campaigns.web.dashboard.campaign.watching import Watching
from campaigns.web.dashboard.table import Column, Filters, Slice, Table


@dataclass(frozen=True, slots=True)
class Happening:
    """One event; `at` is in epoch milliseconds."""

    id: int
    at: int
    kind: str
    actor: str
    page: str
    sentence: str


async def build(watching: Watching) -> None:
    """Build the tab."""

    def fetch(before: int | None, limit: int, _filters: Filters) -> Slice[Happening]:
        campaign_id = watching.seen.campaign.id
        with watching.session.runtime.reading() as conn:
            found = events.listed(conn, campaign_id=campaign_id, before=before or events.NEWEST, most=limit + 1)
        return Slice.of(found, limit, lambda last: last.id, show=_happening)

    table = Table("History", _columns(watching.seen), fetch, key=lambda each: each.id, empty=_nothing)
    await table.load()


def _happening(row: Row[Any]) -> Happening:
    return Happening(row.id, row.at, row.kind, row.actor, row.page or "", spoken(row.sentence))


def who(actor: str) -> str:
    """Return who it was, as people say it."""
    kind, _, name = actor.partition(":")
    return {"key": name, "cli": f"{name}, command line"}.get(kind, actor) if name else actor


def _columns(seen: Seen) -> list[Column[Happening]]:
    return [
        Column("When", lambda each: seen.exactly(each.at)),
        Column("Who", lambda each: who(each.actor)),
        Column("What", lambda each: each.sentence, _sentence, "head wide"),
    ]


def _sentence(said: str) -> None:
    ui.label(said).classes("words")


def _nothing() -> None:
    ui.label("Nothing has happened yet.").classes("soft")
