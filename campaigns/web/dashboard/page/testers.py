"""Whom tests may go to: people of ours, page by page."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui
from sqlalchemy import Row

from campaigns import suppression, testers
from campaigns.lifecycle import allowlist
from campaigns.runtime import changing
from campaigns.web.dashboard import ask, buttons, frame, moments
from campaigns.web.dashboard.form import Form, field, text
from campaigns.web.dashboard.session import Session
from schemas.account import Account
from schemas.right import Right

_MOST = 500


def build(session: Session, account: Account) -> None:
    """Build the list of a page's testers."""
    with frame.section("Testers"):
        ui.label("A test goes to one of these people and to nobody else; it counts nowhere.").classes("soft")
        listed = _Listed(session, account, ui.element("div").classes("panel pairs-panel"))
    ui.timer(0, listed.load, once=True)


class _Listed:
    """The list, read anew when somebody changes it."""

    def __init__(self, session: Session, account: Account, where: ui.element) -> None:
        self._session = session
        self._account = account
        self._where = where

    async def load(self) -> None:
        rows = await ask.aside(lambda: of(self._session, self._account))
        if self._where.is_deleted:
            return
        self._where.clear()
        with self._where:
            for row in rows:
                self._row(row)
            if not rows:
                ui.label("Nobody yet. Add yourself, after you have written to the page.").classes("soft")
            if self._session.may(Right.CHANGE_TESTERS):
                buttons.outlined("Add a tester", self._add, icon="person_add")

    def _row(self, row: Row[Any]) -> None:
        with ui.element("div").classes("pair"):
            ui.label(row.recipient_id).classes("code")
            with ui.element("div"):
                ui.label(row.note or "A tester")
                tested = f"tested {moments.stamp(row.tested_at)}" if row.tested_at else "not tested yet"
                ui.label(f"added by {row.added_by}, {tested}").classes("small soft")
                if self._session.may(Right.CHANGE_TESTERS):
                    person = row.recipient_id
                    buttons.quiet("Remove", lambda: self._remove(person), icon="close").props("dense")

    async def _add(self) -> None:
        if await _added(self._session, self._account.name) is not None:
            await self.load()

    async def _remove(self, person: str) -> None:
        if await _removed(self._session, self._account.name, person) is not None:
            await self.load()


def of(session: Session, account: Account) -> Sequence[Row[Any]]:
    """Return the testers of a page's account; asks the database."""
    with session.runtime.reading() as conn:
        return testers.listed(conn, account=(account.channel, account.account_id), most=_MOST)


async def _added(session: Session, page: str) -> bool | None:
    form = Form(f"Add a tester of {page}", "Somebody of yours, whose window with the page is open when you test.")
    with form.body():
        who = field("Recipient id").props("autofocus inputmode=numeric")
        note = field("Note", "Who it is")

    def add() -> bool:
        person = suppression.person(text(who))
        with changing(session.runtime, dry_run=False) as (conn, now):
            return allowlist.allow(conn, page, person, note=text(note), now=now, actor=session.actor)

    return await form.done("Add the tester", add, right=Right.CHANGE_TESTERS, done="Tests may go to them.")


async def _removed(session: Session, page: str, person: str) -> int | None:
    def remove() -> int:
        with changing(session.runtime, dry_run=False) as (conn, now):
            return allowlist.disallow(conn, person, page, now=now, actor=session.actor)

    return await ask.confirmed(
        f"Send no more tests to {person}?",
        f"1 person stops being a tester of {page}; they can be added again.",
        "Remove the tester",
        remove,
        right=Right.CHANGE_TESTERS,
        done="They are sent no more tests.",
    )
