"""Keys: who has one, what each may do, and when it was last used. Each is shown once, to whoever made it."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from nicegui import ui

from campaigns import keys as stored
from campaigns.access import RIGHTS, allowed, granted, rights_of
from campaigns.errors import StateError
from campaigns.keys import Created
from campaigns.runtime import Runtime, changing, now_of
from campaigns.web.dashboard import ask, buttons, chips, frame, moments
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.copying import copyable
from campaigns.web.dashboard.form import Form, choice, field, text
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Table, counted, nothing
from campaigns.web.dashboard.tabs import SETTINGS, tabs
from schemas.api_key import ApiKey, Role
from schemas.right import Right

Load = Callable[[], Awaitable[None]]
_LIVES = {"": "Until it is revoked", "24h": "1 day", "30d": "30 days", "90d": "90 days", "365d": "1 year"}
_STATES = {
    "live": chips.Look("check", "Live", "good"),
    "expired": chips.Look("timer_off", "Expired", "calm"),
    "revoked": chips.Look("block", "Revoked", "calm"),
}
_ROLES = {
    Role.VIEWER: "sees everything, changes nothing",
    Role.AUTHOR: "writes campaigns and sends tests",
    Role.APPROVER: "approves what others wrote",
    Role.SENDER: "launches, pauses and cancels",
    Role.ADMIN: "may do all of it, pages and keys too",
}
MEANING: dict[Right, str] = {
    Right.ME: "Ask who one is",
    Right.READ: "See everything",
    Right.UPLOAD: "Bring lists",
    Right.SUBMIT: "Write campaigns",
    Right.PLAN: "Plan them",
    Right.CLONE: "Copy them",
    Right.REMAINDER: "Get who is left over",
    Right.TEST: "Send tests",
    Right.APPROVE: "Approve",
    Right.LAUNCH: "Launch",
    Right.PAUSE: "Pause",
    Right.RESUME: "Resume",
    Right.CANCEL: "Cancel",
    Right.RETRY: "Send again to who failed",
    Right.RESOLVE: "Decide what is unknown",
    Right.REVISE: "Correct the text",
    Right.CHANGE: "Change pace and hours",
    Right.STOP_PAGES: "Pause and resume pages",
    Right.CHANGE_PAGES: "Add and remove pages",
    Right.CHECK_PAGES: "Check tokens",
    Right.PULL_PAGES: "Read conversations",
    Right.CHANGE_TESTERS: "Choose testers",
    Right.SUPPRESS: "Suppress people",
    Right.LIFT: "Allow them again",
    Right.ERASE: "Erase people",
    Right.WEBHOOKS: "Choose who is told",
    Right.KEYS: "Make and revoke keys",
}


class Line(NamedTuple):
    """One key as the list shows it; times in epoch milliseconds."""

    id: int
    name: str
    role: str
    scopes: str
    state: str
    prefix: str
    created: tuple[int, str]
    expires_at: int | None
    last_used_at: int | None
    now: int


@screen("/keys", "Keys", right=Right.KEYS, under="/settings")
async def show() -> None:
    """Build the screen."""
    session = current()

    async def load() -> None:
        await table.load()

    with frame.heading("Keys", "A person or program comes in with a key; what it did stands under its name."):
        buttons.primary("Create a key", lambda: _create(session, load), icon="add")
    tabs(session, SETTINGS, "/keys", "Settings")
    with ui.element("div").classes("filters"):
        which = ui.select({"": "Every key", **{word: look.word for word, look in _STATES.items()}}, value="live")
        which.props('outlined dense options-dense label="State"')
    table: Table[Line] = Table(
        "Keys", _columns(session, load), _fetch(session.runtime), key=lambda line: line.id, empty=_teach
    )
    which.on_value_change(lambda event: table.filter(state=event.value))
    await table.filter(state="live")
    _matrix()


def lines(runtime: Runtime, state: str = "") -> list[Line]:
    """Return the keys in a state, or all, the newest first."""
    with runtime.reading() as conn:
        now = now_of(conn)
        found = [line_of(key, now) for key in stored.listed(conn)]
    return [line for line in reversed(found) if state in {"", line.state}]


def line_of(key: ApiKey, now: int) -> Line:
    """Return a key as the list shows it at `now` (epoch ms)."""
    return Line(
        key.id or 0,
        key.name,
        key.role,
        key.scopes,
        stored.state(key, now),
        f"pc_{key.prefix}…",
        (key.created_at, key.created_by),
        key.expires_at,
        key.last_used_at,
        now - now % 60_000,
    )


def _fetch(runtime: Runtime) -> Fetch[Line]:
    return counted(lambda start, most, filters: lines(runtime, filters.get("state", ""))[start : start + most])


def _columns(session: Session, load: Load) -> list[Column[Line]]:
    return [
        Column("Name", lambda line: (line.name, line.prefix), _name, "head"),
        Column("Role", lambda line: (line.role, line.scopes), _role),
        Column("State", lambda line: line.state, lambda state: chips.chip(_STATES[state])),
        Column("Last used", lambda line: (line.last_used_at, line.now, "Never"), _moment),
        Column("Expires", lambda line: (line.expires_at, line.now, "Never"), _moment),
        Column("Made", lambda line: line.created, _made),
        Column("", lambda line: (line.name, line.state), lambda of: _actions(session, of[0], of[1], load)),
    ]


def _name(of: tuple[str, str]) -> None:
    name, prefix = of
    ui.label(name).classes("strong")
    ui.label(prefix).classes("small soft code nowrap")


def _role(of: tuple[str, str]) -> None:
    role, scopes = of
    ui.label(role.capitalize())
    if scopes:
        ui.label(f"only: {scopes.replace(' ', ', ')}").classes("small soft anywhere")


def _moment(of: tuple[int | None, int, str]) -> None:
    at, now, never = of
    if at is None:
        ui.label(never).classes("soft")
        return
    ui.label(moments.away(at, now).capitalize()).classes("nowrap")
    ui.label(moments.stamp(at)).classes("small soft")


def _made(of: tuple[int, str]) -> None:
    at, by = of
    ui.label(by) if by else nothing()
    ui.label(moments.stamp(at)).classes("small soft")


def _actions(session: Session, name: str, state: str, load: Load) -> None:
    if state == "revoked":
        return
    with ui.element("div").classes("row-actions"):
        buttons.quiet("Revoke", lambda: _revoke(session, name, load), icon="block").props("dense")


async def _create(session: Session, load: Load) -> None:
    form = Form("Create a key")
    with form.body():
        name = field("Name", "Who or what comes in with it: maria, crm-export").props("autofocus")
        roles = {role.value: f"{role.value.capitalize()}: {said}" for role, said in _ROLES.items()}
        role = choice("Role", roles, Role.VIEWER.value)
        scopes = choice("Only these rights", _scopes(Role.VIEWER), [], "Empty: all of the role", multiple=True)
        expires = choice("It ends after", _LIVES, "90d")
    role.on_value_change(lambda event: scopes.set_options(_scopes(Role(event.value)), value=[]))

    def create() -> Created:
        wanted = {Right(each) for each in scopes.value or []}
        return made(session, text(name), Role(role.value), wanted, expires.value)

    created = await form.done("Create the key", create, right=Right.KEYS)
    if created is not None:
        await _shown_once(created)
        await load()


def made(session: Session, name: str, role: Role, scopes: set[Right], expires: str) -> Created:
    """Make a key that has no right which its maker lacks; raises StateError for one that would."""
    with changing(session.runtime, dry_run=False) as (conn, now):
        ends = now + stored.lifetime(expires, "The end") if expires else None
        created = stored.create(conn, name, role, now=now, actor=session.actor, expires_at=ends, scopes=scopes)
        beyond = [right.value for right in granted(created.key) if not session.may(right)]
        if beyond:
            raise StateError(f"Your own key lacks {', '.join(beyond)}. Leave that out, or ask an admin.")
    return created


async def _shown_once(created: Created) -> None:
    form = Form(f"The key {created.key.name}", "Copy it now and keep it in a safe place: it is not shown again.")
    with form.body(), ui.element("div").classes("secret"):
        copyable(created.secret, "the key")
    await form.read()


async def _revoke(session: Session, name: str, load: Load) -> None:
    def revoke() -> ApiKey:
        with changing(session.runtime, dry_run=False) as (conn, now):
            return stored.revoke(conn, name, now=now, actor=session.actor)

    own = " It is the key that you are logged in with: you are out at once." if name == session.key.name else ""
    done = await ask.confirmed(
        f"Revoke the key {name}?",
        f"Whoever uses it is out at once, and the screens that it has open are closed.{own} What it did stays in the "
        "audit. It cannot be undone; a new key can be made.",
        "Revoke the key",
        revoke,
        right=Right.KEYS,
        done=f"{name} is revoked.",
        grave=True,
    )
    if done is not None:
        await load()


def _scopes(role: Role) -> dict[str, str]:
    return {right.value: MEANING[right] for right in rights_of(role) if right is not Right.ME}


def _matrix() -> None:
    with (
        frame.section("Who may do what"),
        ui.element("div").classes("scroll").props('tabindex=0 role=region aria-label="Rights by role"'),
        ui.element("table").classes("matrix"),
    ):
        with ui.element("thead"), ui.element("tr"):
            for head in ("Right", *(role.value.capitalize() for role in Role)):
                with ui.element("th").props("scope=col"):
                    ui.label(head)
        with ui.element("tbody"):
            for right in RIGHTS:
                _rights(right)


def _rights(right: Right) -> None:
    with ui.element("tr"):
        with ui.element("th").props("scope=row"):
            ui.label(MEANING[right])
            ui.label(right.value).classes("small soft code")
        for role in Role:
            may = allowed(role, right)
            with ui.element("td"):
                said = "yes" if may else "no"
                having(ui.icon("check" if may else "remove").classes(said), role="img", aria_label=said)


def _teach() -> None:
    frame.nothing(
        "key", "No key yet", "Each person and each program gets a key of its own, with no more rights than they need."
    )
