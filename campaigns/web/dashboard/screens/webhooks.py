"""Who is told what happens, by webhook, chat or e-mail, and whether it arrives."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from nicegui import ui
from sqlalchemy import Row

from campaigns.errors import StoppedError
from campaigns.notices import attempts, roll, targets
from campaigns.notices.wire import Wire
from campaigns.runtime import Runtime, changing, now_of
from campaigns.web.dashboard import ask, buttons, chips, frame, moments
from campaigns.web.dashboard.copying import copyable
from campaigns.web.dashboard.form import Form, choice, field, text
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Filters, Slice, Table, counted, nothing
from campaigns.web.dashboard.tabs import SETTINGS, tabs
from schemas.notice import URGENT, NoticeKind, NoticeState, Way
from schemas.right import Right

Load = Callable[[], Awaitable[None]]
_NEWEST = 1 << 62
_WAYS = {Way.WEBHOOK.value: "Signed JSON to a URL", Way.APPRISE.value: "Words to chat or e-mail, by a URL of Apprise"}
_STATES = {
    NoticeState.SENT.value: chips.Look("check", "Arrived", "good"),
    NoticeState.QUEUED.value: chips.Look("schedule", "Waiting", "info"),
    NoticeState.DEAD.value: chips.Look("error_outline", "Given up", "bad"),
}


class Target(NamedTuple):
    """Whom we tell, how much arrived, and what hinders the rest."""

    name: str
    way: str
    url: str
    on: tuple[str, ...]
    sent: int
    queued: int
    dead: int
    sentence: str


class Told(NamedTuple):
    """One notice; `at` when it was written, `next` when it is tried again or was settled, in epoch milliseconds."""

    id: int
    key: str
    kind: str
    state: str
    attempts: int
    error: str
    at: int
    next: int


@screen("/webhooks", "Notices", right=Right.WEBHOOKS, under="/settings")
async def show() -> None:
    """Build the screen."""
    session = current()

    async def load() -> None:
        await table.load()

    with frame.heading("Notices", "Who is told without asking when a campaign or a page needs somebody."):
        buttons.primary("Tell somebody", lambda: _add(session, load), icon="add_alert")
    tabs(session, SETTINGS, "/webhooks", "Settings")
    table: Table[Target] = Table(
        "Who is told", _columns(session, load), _fetch(session.runtime), key=lambda row: row.name, empty=_teach
    )
    await table.load()


@screen("/webhooks/{name}", "Notices", right=Right.WEBHOOKS, under="/settings")
async def deliveries(name: str) -> None:
    """Build the screen of one target: what it was told."""
    session = current()
    await ask.aside(lambda: _named(session.runtime, name))

    async def load() -> None:
        await table.load()

    with frame.heading(f"What {name} was told", "The latest first; ids stay, so a receiver knows a copy."):
        buttons.outlined("Try the dead again", lambda: _replay(session, name, load), icon="replay")
        buttons.quiet("All targets", lambda: ui.navigate.to("/webhooks"), icon="arrow_back")
    with ui.element("div").classes("filters"):
        states = {"": "Every state"} | {word: look.word for word, look in _STATES.items()}
        state = ui.select(states, value="", label="State").props("outlined dense options-dense")
    table: Table[Told] = Table(
        "Notices", _told_columns(session, name, load), _told(session.runtime, name), key=_key, empty=_teach_told
    )
    state.on_value_change(lambda event: table.filter(state=event.value))
    await table.load()


def listed(runtime: Runtime) -> list[Target]:
    """Return every target by name."""
    with runtime.reading() as conn:
        found = roll.listed(conn)
    return [
        Target(each.name, each.kind, each.url, tuple(each.events), each.sent, each.queued, each.dead, each.sentence)
        for each in found
    ]


def _fetch(runtime: Runtime) -> Fetch[Target]:
    return counted(lambda start, most, _: listed(runtime)[start : start + most])


def _named(runtime: Runtime, name: str) -> Any:
    with runtime.reading() as conn:
        return targets.named(conn, name)


def _columns(session: Session, load: Load) -> list[Column[Target]]:
    return [
        Column("Name", lambda row: (row.name, row.url), _name, "head anywhere"),
        Column("Told of", lambda row: row.on, _kinds, "wide"),
        Column("Arrived", lambda row: f"{row.sent:,}", classes="number"),
        Column("Waiting", lambda row: f"{row.queued:,}", classes="number"),
        Column("Given up", lambda row: f"{row.dead:,}", classes="number"),
        Column("What hinders it", lambda row: row.sentence or None, classes="anywhere"),
        Column("", lambda row: (row.name, row.dead), lambda of: _actions(session, of[0], of[1], load)),
    ]


def _name(of: tuple[str, str]) -> None:
    name, url = of
    ui.link(name, f"/webhooks/{name}").classes("strong")
    ui.label(url).classes("small soft")


def _kinds(kinds: tuple[str, ...]) -> None:
    shown = "everything" if len(kinds) == len(NoticeKind) else ", ".join(said(kind) for kind in kinds)
    ui.label(shown).classes("small")


def said(kind: str) -> str:
    """Return a kind of notice as people read it."""
    return kind.replace(".", " ").replace("_", " ")


def _actions(session: Session, name: str, dead: int, load: Load) -> None:
    with ui.element("div").classes("row-actions"):
        buttons.quiet("Test", lambda: _test(session, name), icon="send").props("dense")
        if dead:
            buttons.quiet("Replay", lambda: _replay(session, name, load), icon="replay").props("dense")
        buttons.quiet("Remove", lambda: _remove(session, name, load), icon="close").props("dense")


async def _add(session: Session, load: Load) -> None:
    form = Form("Tell somebody", "They hear of it within seconds; what does not arrive is tried again for a day.")
    with form.body():
        name = field("Name", "Whom you tell, in a word: ops").props("autofocus")
        way = choice("By", _WAYS, Way.WEBHOOK.value)
        url = field("URL", "https://…, or @{secret:NAME} where the URL is a secret itself")
        secret = field("Signing secret", "@{secret:NAME}: the environment variable that holds it, never itself")
        kinds = {kind.value: said(kind.value).capitalize() for kind in NoticeKind}
        urgent = [kind.value for kind in URGENT]
        on = choice("Of what", kinds, urgent, "What needs a person is chosen already", multiple=True)
    secret.bind_visibility_from(way, "value", value=Way.WEBHOOK.value)

    def add() -> list[str]:
        signed = text(secret) if way.value == Way.WEBHOOK.value else ""
        target = targets.entered(text(name), Way(way.value), text(url), signed, ",".join(on.value or []))
        with changing(session.runtime, dry_run=False) as (conn, now):
            targets.add(conn, target, now, session.actor)
        return list(roll.doubts(target, session.runtime.settings, session.environment))

    def told(doubts: list[str]) -> str:
        return " ".join([f"{text(name)} is told from now on.", *doubts])

    if await form.done("Tell them", add, right=Right.WEBHOOKS, done=told) is not None:
        await load()


async def _test(session: Session, name: str) -> None:
    def probe() -> str:
        with session.runtime.reading() as conn:
            target, now = targets.named(conn, name), now_of(conn)
        wire = Wire(session.runtime.settings, session.environment)
        key, error = asyncio.run(attempts.test(wire, target, now))
        if error:
            raise StoppedError(f"{name} was not told. {error}")
        return key

    await ask.done_by(probe, right=Right.WEBHOOKS, done=lambda key: f"{name} was told ({key}).")


async def _replay(session: Session, name: str, load: Load) -> None:
    def replay() -> int:
        with changing(session.runtime, dry_run=False) as (conn, now):
            return attempts.replay(conn, targets.named(conn, name), now, session.actor, dead=True)

    done = await ask.done_by(
        replay, right=Right.WEBHOOKS, done=lambda n: f"{n:,} will be tried again at once." if n else "Nothing waits."
    )
    if done is not None:
        await load()


async def _remove(session: Session, name: str, load: Load) -> None:
    def remove() -> bool:
        with changing(session.runtime, dry_run=False) as (conn, now):
            targets.remove(conn, targets.named(conn, name), now, session.actor)
        return True

    done = await ask.confirmed(
        f"Tell {name} nothing any more?",
        "What waits for them is dropped. Somebody else should hear of pages that park and campaigns that stop.",
        "Remove the target",
        remove,
        right=Right.WEBHOOKS,
        done=f"{name} is told nothing any more.",
        grave=True,
    )
    if done:
        await load()


def _key(row: Told) -> int:
    return row.id


def _told(runtime: Runtime, name: str) -> Fetch[Told]:
    def fetch(before: int | None, limit: int, filters: Filters) -> Slice[Told]:
        state = NoticeState(filters["state"]) if "state" in filters else None
        with runtime.reading() as conn:
            target = targets.named(conn, name)
            found = attempts.listed(conn, target, state=state, before=before or _NEWEST, most=limit + 1)
        return Slice.of(found, limit, lambda last: last.id, show=_line)

    return fetch


def _line(row: Row[Any]) -> Told:
    return Told(row.id, row.key, row.type, row.state, row.attempts, row.last_error, row.created_at, row.due_at)


def _told_columns(session: Session, name: str, load: Load) -> list[Column[Told]]:
    return [
        Column("Of", lambda row: said(row.kind).capitalize(), classes="head"),
        Column("State", lambda row: row.state, lambda state: chips.chip(_STATES[state])),
        Column("Tries", lambda row: f"{row.attempts:,}", classes="number"),
        Column("Why not", lambda row: row.error or None, classes="wide anywhere"),
        Column("Id", lambda row: row.key, lambda key: copyable(key, "the notice's id")),
        Column("When", lambda row: (row.at, row.next, row.state), _when),
        Column("", lambda row: row.key, lambda key: _again(session, name, key, load)),
    ]


def _when(of: tuple[int, int, str]) -> None:
    at, due, state = of
    ui.label(moments.stamp(at)).classes("small soft")
    ui.label(f"next try {moments.stamp(due)}").classes("small soft") if state == NoticeState.QUEUED else nothing()


def _again(session: Session, name: str, key: str, load: Load) -> None:
    def again() -> bool:
        with changing(session.runtime, dry_run=False) as (conn, now):
            attempts.again(conn, targets.named(conn, name), key, now, session.actor)
        return True

    async def clicked() -> None:
        if await ask.done_by(again, right=Right.WEBHOOKS, done="It will be told again at once."):
            await load()

    with ui.element("div").classes("row-actions"):
        buttons.quiet("Tell again", clicked, icon="replay").props("dense")


def _teach() -> None:
    frame.nothing(
        "notifications",
        "Nobody is told yet",
        "A campaign may run for hours. Let somebody hear when it ends, stops by itself or a page is parked: "
        "by a signed webhook, or in words to chat or e-mail.",
    )


def _teach_told() -> None:
    frame.nothing(
        "notifications",
        "Nothing was told yet",
        "The first notice comes with the next campaign that ends. Test the way before that.",
    )
