"""A new campaign: the wizard, and the unfinished ones that wait for somebody to go on."""

import json
from typing import Annotated

from fastapi import Query
from nicegui import ui

from campaigns import sketches
from campaigns.errors import PagecastError
from campaigns.runtime import now_of
from campaigns.web.dashboard import ask, buttons, frame, moments
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.wizard import origin
from campaigns.web.dashboard.wizard.content import STEPS
from campaigns.web.dashboard.wizard.steps import Steps
from campaigns.web.dashboard.wizard.visit import Visit
from schemas.campaign_file import CONTACTS
from schemas.right import Right
from schemas.sketch import Sketch

_SHOWN = 5


@screen("/new", "New campaign", "add_circle", nav=20, right=Right.SUBMIT)
async def begin(source: Annotated[str, Query(alias="from")] = "", open_of: str = "") -> None:
    """Build an empty wizard, one with the content of the campaign `from`, or one for the open windows of a page."""
    session = current()
    if source:
        await _take_up(session, source)
        return
    frame.heading("New campaign")
    found, now = await ask.aside(lambda: _latest(session))
    visit = Visit(session, {"list": CONTACTS, "page": open_of} if open_of else {})
    if found:
        waiting = _list(session, found, now)
        visit.on_first = lambda: waiting.set_visibility(False)
    await _walk(visit)


@screen("/new/{ref}", "New campaign", "add_circle", right=Right.SUBMIT)
async def go_on(ref: str) -> None:
    """Build the wizard where somebody left it."""
    session = current()
    with_ref = await ask.aside(lambda: _find(session, ref))
    await _open(session, with_ref)


async def _take_up(session: Session, ref: str) -> None:
    """Build the wizard of a campaign; its list may have to be laid among the uploads again, which takes a while."""
    frame.heading("New campaign")
    waits = ui.skeleton().props("height=240px").classes("full-width")
    room = ui.element("div")

    async def fill() -> None:
        with room:
            try:
                visit = await ask.aside(lambda: origin.visit_of(session, ref))
            except PagecastError as error:
                ui.label(str(error)).classes("soft")
            else:
                await _walk(visit)
        waits.delete()

    ui.timer(0, fill, once=True)


async def _open(session: Session, sketch: Sketch) -> None:
    content = json.loads(sketch.content)
    with frame.heading(content.get("name") or "New campaign"):
        buttons.quiet("Delete", lambda: _delete(session, sketch.ref, leave=True), icon="delete_outline")
    await _walk(Visit(session, content, sketch, step=sketch.step))


async def _walk(visit: Visit) -> None:
    ui.context.client.on_delete(visit.leave)
    await Steps(visit).show()


def _find(session: Session, ref: str) -> Sketch:
    with session.runtime.reading() as conn:
        return sketches.find(conn, ref)


def _latest(session: Session) -> tuple[list[Sketch], int]:
    with session.runtime.reading() as conn:
        return list(sketches.latest(conn, _SHOWN)), now_of(conn)


def _list(session: Session, found: list[Sketch], now: int) -> ui.element:
    section = ui.element("section").classes("sketches").props('aria-label="Unfinished campaigns"')
    with section:
        ui.label("Go on with").classes("small soft")
        for sketch in found:
            name = json.loads(sketch.content).get("name") or "Without a name"
            with ui.element("div").classes("sketch") as line:
                ui.icon("edit_note").classes("soft")
                with ui.element("div").classes("grow"):
                    ui.link(name, f"/new/{sketch.ref}").classes("strong")
                    who = sketch.updated_by.removeprefix("key:")
                    ui.label(f"{STEPS[sketch.step]}, saved {moments.away(sketch.updated_at, now)} by {who}").classes(
                        "small soft"
                    )
                buttons.icon_only(
                    "delete_outline", f"Delete {name}", lambda ref=sketch.ref, line=line: _forget(session, ref, line)
                )

    return section


async def _forget(session: Session, ref: str, line: ui.element) -> None:
    if await _delete(session, ref, leave=False):
        line.delete()


async def _delete(session: Session, ref: str, *, leave: bool) -> bool:
    def verb() -> bool:
        with session.runtime.writing() as conn:
            return sketches.forget(conn, ref)

    gone = await ask.confirmed(
        "Delete this unfinished campaign?",
        "What was written is gone then. The list that was uploaded stays for its week; nobody has got anything.",
        "Delete it",
        verb,
        right=Right.SUBMIT,
        done="Deleted.",
        grave=True,
    )
    if gone is not None and leave:
        ui.navigate.to("/new")
    return gone is not None
