"""Who did what to the campaign, and what happened to it; the latest first."""

from dataclasses import dataclass
from typing import Any

from nicegui import background_tasks, ui
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


class History:
    """The tab; it is read again when the campaign moves, for there is an event of it then."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._moved = _motion(watching.seen)
        self._table = Table("History", _columns(watching.seen), self._fetch, key=lambda each: each.id, empty=_nothing)

    async def load(self) -> None:
        """Read the first page, and follow the campaign."""
        await self._table.load()
        self._watching.listen(self._follow)

    async def read(self) -> None:
        """Read the page that is shown once more."""
        await self._table.refresh()

    def _follow(self, seen: Seen) -> None:
        moved = _motion(seen)
        if moved != self._moved:
            self._moved = moved
            background_tasks.create(self.read(), name="read the history")

    def _fetch(self, before: int | None, limit: int, _filters: Filters) -> Slice[Happening]:
        campaign_id = self._watching.seen.campaign.id
        with self._watching.session.runtime.reading() as conn:
            found = events.listed(conn, campaign_id=campaign_id, before=before or events.NEWEST, most=limit + 1)
        return Slice.of(found, limit, lambda last: last.id, show=_happening)


def _motion(seen: Seen) -> tuple[object, ...]:
    """Return what differs once somebody did something, or something happened to the campaign."""
    campaign = seen.campaign
    return seen.state, campaign.sentence, campaign.revision, campaign.changes


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
