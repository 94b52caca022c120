"""People who are never messaged: who they are, since when, and how it is known."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from nicegui import ui
from sqlalchemy import Row

from campaigns import pages, suppression
from campaigns.errors import InputError
from campaigns.lifecycle import optouts
from campaigns.policy.words import WORDS
from campaigns.runtime import changing
from campaigns.web.dashboard import ask, buttons, chips, frame, moments, optout_file, sheet
from campaigns.web.dashboard.form import Form, choice, field, text
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Filters, Slice, Table
from schemas.consent import ConsentKind
from schemas.right import Right

Load = Callable[[], Awaitable[None]]
SOURCE = "dashboard"
EVERY_PAGE = "Every page"
_SOURCES = {
    "word": "Their own word",
    "signal": "The platform's own switch",
    "provider": "The provider said so",
    "webhook": "Their own word",
    "import": "A file",
    "erased": "Erased",
}
_KINDS = {
    ConsentKind.OPTED_OUT.value: chips.Look("block", "Opted out", "bad"),
    ConsentKind.OPTED_IN.value: chips.Look("check", "Opted in", "good"),
}


class Barred(NamedTuple):
    """One suppression; `page` is '' where it holds for every one, `at` in epoch milliseconds."""

    recipient_id: str
    sender_id: int
    page: str
    source: str
    note: str
    at: int


@screen("/suppressions", "Suppressions", "block", nav=50, right=Right.READ)
async def show() -> None:
    """Build the screen."""
    session = current()
    with frame.heading("Suppressions", "People who are never messaged, by running campaigns neither."):
        buttons.outlined("Export", lambda: _export(session), icon="download")
        if session.may(Right.SUPPRESS):
            buttons.outlined("Import a file", lambda: optout_file.bring(session, load), icon="upload")
            buttons.primary("Suppress a person", lambda: _add(session, load), icon="block")
    with ui.element("div").classes("filters"):
        who = ui.input("Recipient id").props("outlined dense clearable debounce=300 type=search inputmode=numeric")

    async def load() -> None:
        await table.load()

    table: Table[Barred] = Table(
        "Suppressions",
        _columns(session, load),
        _fetch(session),
        key=lambda row: (row.recipient_id, row.sender_id),
        empty=_teach,
    )
    who.on_value_change(lambda event: table.filter(person=(event.value or "").strip()))
    await table.load()
    _words()


def _fetch(session: Session) -> Fetch[Barred]:
    def fetch(after: tuple[int, str, int] | None, limit: int, filters: Filters) -> Slice[Barred]:
        with session.runtime.reading() as conn:
            found = suppression.listed(conn, limit + 1, after or (-1, "", 0), person=filters.get("person"))
        return Slice.of(found, limit, lambda last: (last.at, last.recipient_id, last.sender_id), show=barred)

    return fetch


def barred(row: Row[Any]) -> Barred:
    """Return a suppression as the list shows it."""
    return Barred(row.recipient_id, row.sender_id, row.page or "", row.source, row.note, row.at)


def source(word: str) -> str:
    """Return who said so, as people read it."""
    return _SOURCES.get(word, "Somebody here")


def _columns(session: Session, load: Load) -> list[Column[Barred]]:
    return [
        Column("Person", lambda row: row.recipient_id, _person, "head"),
        Column("For", lambda row: row.page or EVERY_PAGE),
        Column("Who said so", lambda row: (source(row.source), row.note), _said, "wide anywhere"),
        Column("Since", lambda row: row.at, lambda at: ui.label(moments.stamp(at)).classes("small soft")),
        Column("", lambda row: row.recipient_id, lambda person: _actions(session, person, load)),
    ]


def _person(recipient_id: str) -> None:
    if recipient_id.startswith(suppression.MARK):
        ui.label(recipient_id).classes("code")
    else:
        ui.link(recipient_id, f"/people/{recipient_id}").classes("code")


def _said(of: tuple[str, str]) -> None:
    who, note = of
    ui.label(who)
    if note:
        ui.label(note).classes("small soft")


def _actions(session: Session, person: str, load: Load) -> None:
    with ui.element("div").classes("row-actions"):
        buttons.quiet("History", lambda: history(session, person), icon="history").props("dense")
        if session.may(Right.LIFT):
            buttons.quiet("Remove", lambda: _lift(session, person, load), icon="close").props("dense")


async def history(session: Session, person: str) -> None:
    """Show every time that a person opted out or in."""
    rows = await ask.aside(lambda: _told(session, person))
    form = Form(f"What {person} has said", "The newest word decides; what one of you forbade, only one of you allows.")
    with form.body():
        if not rows:
            ui.label("Nothing is written down: it is older than this history.").classes("soft")
        for row in rows:
            with ui.element("div").classes("moment"):
                chips.chip(_KINDS[row.kind])
                ui.label(f"{source(row.source)}{f', {row.evidence}' if row.evidence else ''}").classes("anywhere")
                by = f", by {row.actor}" if row.actor else ""
                ui.label(f"{moments.stamp(row.at)} for {row.page or EVERY_PAGE.lower()}{by}").classes("small soft")
    await form.read()


def _told(session: Session, person: str) -> list[Row[Any]]:
    with session.runtime.reading() as conn:
        return list(suppression.told(conn, person))


async def suppress(session: Session, person: str = "") -> bool | None:
    """Ask whom to suppress, and do it; return whether it is new, None for none."""
    names = await ask.aside(lambda: page_names(session))
    form = Form("Suppress a person", "They are never messaged from this moment on, in running campaigns too.")
    with form.body():
        who = field("Recipient id", value=person).props("autofocus inputmode=numeric")
        where = choice("For", {"": EVERY_PAGE} | {name: f"Page {name} only" for name in names}, "")
        note = field("Note", "Why, for your colleagues: a letter, a call")

    def bar() -> bool:
        recipient_id = suppression.person(text(who))
        with changing(session.runtime, dry_run=False) as (conn, now):
            sender_id = pages.named(conn, where.value).sender_id if where.value else suppression.EVERY_SENDER
            return suppression.suppress(
                conn, recipient_id, sender_id, note=text(note), now=now, actor=session.actor, source=SOURCE
            )

    return await form.done(
        "Suppress",
        bar,
        right=Right.SUPPRESS,
        done=lambda new: f"{text(who)} {'is suppressed' if new else 'was suppressed already'}.",
    )


def page_names(session: Session) -> list[str]:
    """Return the pages' names; asks the database."""
    with session.runtime.reading() as conn:
        return [page.name for page in pages.all_of(conn)]


async def _add(session: Session, load: Load) -> None:
    if await suppress(session) is not None:
        await load()


async def _lift(session: Session, person: str, load: Load) -> None:
    def lift() -> bool:
        if person.startswith(suppression.MARK):
            raise InputError("That person was erased. Whoever knows the id can allow them: enter it on their screen.")
        with changing(session.runtime, dry_run=False) as (conn, now):
            suppression.lift(conn, person, now=now, actor=session.actor, source=SOURCE)
        return True

    done = await ask.confirmed(
        f"Allow messages to {person} again?",
        "1 person may be messaged again, by every page. Do it only where they asked for it: a person who opted out "
        "and is messaged reports you, and platforms restrict pages for that.",
        "Remove the suppression",
        lift,
        right=Right.LIFT,
        done=f"{person} may be messaged again.",
        grave=True,
    )
    if done:
        await load()


async def _export(session: Session) -> None:
    rows = optouts.everybody
    await sheet.download(session, "suppressions", optouts.COLUMNS, rows, "pagecast suppress list --json")


def _words() -> None:
    with frame.section("Words that opt out"):
        ui.label(
            "A message that is one of these words and nothing else suppresses whoever wrote it, at once and for the "
            "page they wrote to. The second list undoes their own word, and nobody else's. Case, accents and "
            "punctuation do not matter: “STOP!!!” counts, “stop sending me the blue one” is an answer."
        ).classes("soft")
        with ui.expansion(f"All words, in {len(WORDS)} languages").classes("unfold"):
            for language, words in WORDS.items():
                with ui.element("div").classes("pair"):
                    ui.label(language).classes("strong")
                    ui.label(f"Out: {words.out}").props("dir=auto")
                    ui.label(f"In again: {words.again}").props("dir=auto").classes("soft")


def _teach() -> None:
    frame.nothing(
        "block",
        "Nobody is suppressed",
        "Whoever answers STOP is put here by itself; others you add by hand or import from a file. Nobody who stands "
        "here is messaged. A column opted_out holds for that list alone; put people here, or import the file, to have "
        "it kept.",
    )
