"""One person over all campaigns: what they got, what they said, and whether they may be written to."""

from collections.abc import Sequence

from nicegui import ui

from campaigns import suppression
from campaigns.lifecycle import erase as erasing
from campaigns.lifecycle.erase import Erased
from campaigns.moments import some
from campaigns.web.dashboard import ask, buttons, chips, frame, moments
from campaigns.web.dashboard.copying import copyable
from campaigns.web.dashboard.form import text
from campaigns.web.dashboard.life import Chapter, Life, answer, life
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.screens.contacts import SOURCES, lasts
from campaigns.web.dashboard.screens.suppressions import history, suppress
from campaigns.web.dashboard.session import Session, current
from schemas.explanation import Line
from schemas.person import Message
from schemas.right import Right

_FEW = 20
"""Chapters of a story that are shown at once; the others unfold."""


@screen("/people", "People", "person_search", nav=40, right=Right.READ)
async def search() -> None:
    """Build the field that finds somebody."""
    frame.heading("People", "Everything about one person, over all campaigns.")
    with ui.element("div").classes("panel finder"):
        who = ui.input("Recipient id").props("outlined autofocus inputmode=numeric type=search").classes("field")

        who.on("keydown.enter", buttons.in_page(lambda: _go(text(who))))
        buttons.primary("Look up", lambda: _go(text(who)), icon="search")
    with ui.element("div").classes("nothing q-mt-md"):
        frame.nothing(
            "person_search",
            "“I got two messages”",
            "Enter the id that the platform has for the person: it stands in your list, in results.csv and in the "
            "inbox. You see every message with its ids, what they answered, and when they may be written to.",
        )


async def _go(wanted: str) -> None:
    person = await ask.done_by(lambda: suppression.person(wanted), right=Right.READ)
    if person is not None:
        ui.navigate.to(f"/people/{person}")


@screen("/people/{recipient}", "Person", right=Right.READ)
async def show(recipient: str) -> None:
    """Build the screen."""
    session = current()
    found = await ask.aside(lambda: _read(session, recipient.strip()))
    person = found.person
    with frame.heading(person.recipient_id, answer(person)):
        buttons.quiet("Copy the id", lambda: _copy(person.recipient_id), icon="content_copy")
        if not person.recipient_id.startswith(suppression.MARK):
            _actions(session, person.recipient_id, suppressed=bool(person.suppressed))
    with ui.element("div").classes("columns"):
        _rights(found)
        _windows(found)
    _messages(person.messages)
    _story(found)


def _read(session: Session, recipient: str) -> Life:
    with session.runtime.reading() as conn:
        return life(conn, recipient)


def _actions(session: Session, person: str, *, suppressed: bool) -> None:
    buttons.quiet("Opt-outs", lambda: history(session, person), icon="history")
    if session.may(Right.SUPPRESS) and not suppressed:
        buttons.outlined("Suppress", lambda: _suppress(session, person), icon="block")
    if session.may(Right.ERASE):
        buttons.outlined("Erase", lambda: _erase(session, person), icon="delete_forever")


def _copy(recipient_id: str) -> None:
    ui.clipboard.write(recipient_id)
    ask.tell("Copied the recipient id.")


def _rights(found: Life) -> None:
    with frame.section("May they be messaged?"), ui.element("div").classes("panel"):
        if found.person.suppressed:
            chips.chip(chips.Look("block", "Suppressed", "bad"))
        else:
            chips.chip(chips.Look("check", "Not suppressed", "good"))
        for sentence in found.person.suppressed:
            ui.label(sentence)


def _windows(found: Life) -> None:
    with frame.section("Windows"), ui.element("div").classes("panel"):
        if not found.person.windows:
            ui.label("They have not written to any account here, as far as is known.").classes("soft")
        for window in found.person.windows:
            with ui.element("div").classes("moment"):
                ui.label(window.page).classes("strong")
                open_ = chips.Look("lock_open", "Open", "good") if window.open else chips.Look("lock", "Closed", "calm")
                chips.chip(open_)
                if window.closes_at:
                    at = moments.epoch(window.closes_at)
                    closes = "closes" if window.open else "closed"
                    ui.label(f"{closes} {moments.away(at, found.now)}: {moments.stamp(at)}")
                ui.label(window.source or "as a list says").classes("small soft anywhere")
        for row in found.windows:
            length, source = lasts(row.length_ms), SOURCES.get(row.source, row.source)
            said = f"The last one lasts {length} from {moments.stamp(row.opened_at)}, {source}."
            ui.label(said).classes("small soft")


def _messages(messages: list[Message]) -> None:
    with frame.section("Messages"):
        if not messages:
            ui.label("No launched campaign has this person.").classes("soft")
        for message in reversed(messages):
            with ui.element("article").classes("panel message"):
                _message(message)


def _message(message: Message) -> None:
    line = message.delivery
    with ui.element("div").classes("message-head"):
        ui.link(message.campaign, f"/campaigns/{message.id}").classes("strong")
        chips.delivery(line.state)
        if line.page:
            ui.label(f"page {line.page}").classes("soft")
        ui.label(f"line {line.line:,}").classes("soft")
    ui.label(line.sentence)
    if line.reason_sentence:
        ui.label(f"{line.reason_sentence} What to do: {line.next_step}").classes("soft")
    with ui.element("dl").classes("pairs"):
        for label, at in _moments_of(line):
            _fact(label, moments.stamp(moments.epoch(at)))
        if line.reply:
            _fact("Answer", line.reply)
        for each in line.message_ids:
            _fact("Message id", each, "the message id")
        if line.request_id:
            _fact("Request id", line.request_id, "the request id")
        if line.provider_code:
            _fact("Platform's code", line.provider_code)
        if line.attempts > 1:
            _fact("Tries", f"{line.attempts:,}")


def _moments_of(line: Line) -> list[tuple[str, str]]:
    named = (
        ("Sent", line.sent_at),
        ("Accepted", line.accepted_at),
        ("Delivered", line.delivered_at),
        ("Read", line.read_at),
        ("Answered", line.replied_at),
    )
    return [(label, at) for label, at in named if at]


def _fact(label: str, value: str, copied: str = "") -> None:
    with ui.element("div").classes("pair"):
        with ui.element("dt"):
            ui.label(label).classes("soft")
        with ui.element("dd"):
            copyable(value, copied) if copied else ui.label(value).classes("anywhere")


def _story(found: Life) -> None:
    if not found.chapters:
        return
    latest = list(reversed(found.chapters))
    with frame.section("Timeline"), ui.element("div").classes("panel"):
        _chapters(found, latest[:_FEW])
        if rest := latest[_FEW:]:
            with ui.expansion(f"{len(rest):,} before that").classes("unfold"):
                _chapters(found, rest)


def _chapters(found: Life, chapters: Sequence[Chapter]) -> None:
    for each in chapters:
        at = moments.epoch(each.at)
        with ui.element("div").classes("chapter"):
            with ui.element("div").classes("when"):
                ui.label(moments.away(at, found.now).capitalize())
                ui.label(moments.stamp(at)).classes("small soft")
            with ui.element("div"):
                ui.label(each.sentence).classes("anywhere")
                if each.about:
                    ui.label(each.about).classes("small soft")


async def _suppress(session: Session, person: str) -> None:
    if await suppress(session, person) is not None:
        ui.navigate.to(f"/people/{person}")


async def _erase(session: Session, person: str) -> None:
    would = await ask.done_by(
        lambda: erasing.erase(session.runtime, person, session.actor, dry_run=True), right=Right.ERASE
    )
    if would is None:
        return
    done = await ask.confirmed(
        f"Erase {person} for good?",
        consequence(would),
        "Erase the person",
        lambda: erasing.erase(session.runtime, person, session.actor),
        right=Right.ERASE,
        done=lambda erased: " ".join(["Erased.", *left_over(erased)]),
        grave=True,
    )
    if done is not None:
        ui.navigate.to("/people")


def consequence(would: Erased) -> str:
    """Return what an erasure takes out, and what it keeps."""
    taken = (
        f"{some(would.contacts, 'window')}, {some(would.events, 'event that came in', 'events that came in')}, "
        f"{some(would.lists, 'list')} and {some(would.bodies, 'webhook body', 'webhook bodies')} lose them"
    )
    stay = some(would.deliveries, "message stays", "messages stay")
    rows = f"{stay}, counted and proven, under a name that tells nobody who it was"
    waiting = f" Still to be sent, and not sent now: {would.set_aside:,} of them." if would.set_aside else ""
    return (
        f"{taken}; {rows}.{waiting} What is kept of the opt-out is a keyed hash of the id: enough to never message "
        "them again, whatever list names them. It cannot be undone."
    )


def left_over(erased: Erased) -> list[str]:
    """Return what a person has to do besides."""
    said = []
    if erased.waiting:
        said.append(f"{erased.waiting:,} webhooks that name them wait: erase again once they are applied.")
    if erased.campaigns:
        said.append(f"Reports written before still name them; delete yours of {', '.join(erased.campaigns)}.")
    if erased.copies:
        so = "So do" if erased.campaigns else "Copies of an earlier state still name them:"
        said.append(f"{so} {', '.join(map(str, erased.copies))}.")
    so_too = bool(erased.campaigns or erased.copies)
    return [*said, "So do backups made before." if so_too else "Backups made before may still name them."]
