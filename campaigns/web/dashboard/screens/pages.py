"""The sending pages: how each is, and what to do where one cannot send."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from campaigns import events
from campaigns import pages as stored
from campaigns.moments import people
from campaigns.runtime import Runtime
from campaigns.web.dashboard import ask, buttons, chips, frame, moments
from campaigns.web.dashboard.copying import copyable
from campaigns.web.dashboard.live import live
from campaigns.web.dashboard.page import entry, testers
from campaigns.web.dashboard.page.deeds import ICONS, Deed, do, offered
from campaigns.web.dashboard.page.health import Health, health, healths, rates, wait
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.table import Column, Fetch, Table, counted
from schemas.account import Account
from schemas.page import Route
from schemas.right import Right

Load = Callable[[], Awaitable[None]]
_EVERY = 2.0
_IN_ROW = frozenset({Deed.CHECK, Deed.PAUSE, Deed.RESUME})
_EVENTS = 20


@screen("/pages", "Pages", "storefront", nav=30, right=Right.READ)
async def show() -> None:
    """Build the screen."""
    session = current()

    async def load() -> None:
        await table.load()

    with frame.heading("Pages", "The accounts that send. A page that cannot is parked; the others go on."):
        if session.may(Right.CHANGE_PAGES):
            buttons.primary("Add a page", lambda: _add(session, load), icon="add")
    table: Table[Health] = Table(
        "Pages", _columns(session, load), _fetch(session), key=lambda row: row.name, empty=_teach
    )
    await table.load()
    live(table.refresh, _EVERY)


@screen("/pages/{name}", "Page", right=Right.READ)
async def one(name: str) -> None:
    """Build the screen of one page."""
    session = current()
    found = await ask.aside(lambda: health(session, name))
    account = found.account
    with frame.heading(name, f"{account.channel.title()} account {account.account_id}, by {account.provider.title()}"):
        actions = ui.element("div").classes("actions-row")
    body = ui.element("div")
    shown: list[Health] = []

    async def load() -> None:
        fresh = await ask.aside(lambda: health(session, name))
        if shown != [fresh] and not body.is_deleted:
            fill(fresh)

    def fill(fresh: Health) -> None:
        if not shown or offered(shown[0], session.may) != offered(fresh, session.may):
            actions.clear()
            with actions:
                _deeds(session, fresh, load)
        shown[:] = [fresh]
        body.clear()
        with body:
            _health(fresh)

    fill(found)
    live(load, _EVERY)
    _facts(account)
    testers.build(session, account)
    await _history(session.runtime, name)


def _fetch(session: Session) -> Fetch[Health]:
    return counted(lambda start, most, _: healths(session, start, most))


def _columns(session: Session, load: Load) -> list[Column[Health]]:
    return [
        Column("Page", lambda row: row.account, _name, "head"),
        Column("State", lambda row: (row.look, row.sentence, row.next_step, wait(row)), _state, "wide"),
        Column("Rate", lambda row: (row.achieved, rates(row)), _rate),
        Column("Last check", lambda row: (row.checked, row.now), _checked),
        Column("", lambda row: (row.name, _row_deeds(session, row)), lambda of: _row_buttons(session, of, load)),
    ]


def _row_deeds(session: Session, row: Health) -> tuple[Deed, ...]:
    return tuple(deed for deed in offered(row, session.may) if deed in _IN_ROW)


def _name(account: Account) -> None:
    ui.link(account.name, f"/pages/{account.name}").classes("strong")
    ui.label(f"{account.channel.title()} by {account.provider.title()}").classes("small soft")
    ui.label(account.account_id).classes("small soft figures nowrap")


def _state(of: tuple[chips.Look, str, str, str]) -> None:
    look, *said = of
    chips.chip(look)
    for sentence in filter(None, said):
        ui.label(sentence).classes("small soft anywhere")


def _rate(of: tuple[float, str]) -> None:
    achieved, said = of
    ui.label(f"{achieved:,.1f}/s now").classes("figures nowrap")
    ui.label(said).classes("small soft figures")


def _checked(of: tuple[tuple[int, str] | None, int]) -> None:
    checked, now = of
    if checked is None:
        ui.label("Not checked here yet").classes("soft")
        return
    at, sentence = checked
    ui.label(moments.away(at, max(at, now)).capitalize())
    ui.label(sentence).classes("small soft anywhere")


def _row_buttons(session: Session, of: tuple[str, tuple[Deed, ...]], load: Load) -> None:
    name, deeds = of
    with ui.element("div").classes("row-actions"):
        for deed in deeds:
            word = "Check" if deed is Deed.CHECK else deed.value
            buttons.quiet(word, _doing(session, deed, name, load), icon=ICONS[deed]).props("dense")


def _doing(session: Session, deed: Deed, name: str, load: Load) -> Load:
    async def clicked() -> None:
        if await do(session, deed, name) is None:
            return
        if deed is Deed.REMOVE:
            ui.navigate.to("/pages")
        else:
            await load()

    return clicked


async def _add(session: Session, load: Load) -> None:
    if await entry.added(session) is not None:
        await load()


def _deeds(session: Session, found: Health, load: Load) -> None:
    for deed in offered(found, session.may):
        make = buttons.primary if deed is Deed.RESUME else buttons.outlined
        make(deed.value, _doing(session, deed, found.name, load), icon=ICONS[deed])
    if session.may(Right.CHANGE_PAGES):
        buttons.outlined("Change", lambda: _change(session, found.account, load), icon="edit")


async def _change(session: Session, account: Account, load: Load) -> None:
    route = await ask.aside(lambda: _route(session.runtime, account.name))
    if await entry.changed(session, account, route) is not None:
        await load()
        ui.navigate.to(f"/pages/{account.name}")


def _route(runtime: Runtime, name: str) -> Route:
    with runtime.reading() as conn:
        return Route.model_validate_json(stored.named(conn, name).route)


def _health(found: Health) -> None:
    with frame.section("Health"), ui.element("div").classes("panel pairs-panel"):
        chips.chip(found.look)
        for sentence in filter(None, (found.sentence, found.next_step, wait(found))):
            ui.label(sentence).classes("anywhere")
        with ui.element("div").classes("numbers"):
            _number("Reached now", f"{found.achieved:,.1f}/s")
            _number("Asked", f"{found.asked:,.4g}/s")
            _number("Allowed", "no limit" if found.allowed is None else f"{found.allowed:,.4g}/s")
            _number("Cap", f"{found.cap:,.4g}/s" if found.cap else "none")
            _number("Waiting", people(found.people))
        if found.checked:
            at, sentence = found.checked
            ui.label(f"Token checked {moments.stamp(at)}: {sentence}").classes("soft anywhere")
        else:
            ui.label("Its token was not checked here yet.").classes("soft")
    if found.uses:
        with frame.section("Campaigns that use it"), ui.element("div").classes("panel pairs-panel"):
            for use in found.uses:
                with ui.element("div").classes("pair"):
                    ui.link(use.name, f"/campaigns/{use.ref}").classes("strong")
                    with ui.element("div"):
                        chips.campaign(use.state)
                        ui.label(f"{people(use.people)} left").classes("small soft")


def _number(label: str, value: str) -> None:
    with ui.element("div").classes("number-of"):
        ui.label(label).classes("small soft")
        ui.label(value).classes("subtitle figures")


def _facts(account: Account) -> None:
    with frame.section("How it is reached"), ui.element("div").classes("panel pairs-panel"):
        for label, value in (("Account id", account.account_id), ("Token is in", account.token)):
            with ui.element("div").classes("pair"):
                ui.label(label).classes("soft")
                copyable(value, f"the {label.lower()}" if label == "Account id" else "the reference")
        with ui.element("div").classes("pair"):
            ui.label("Address").classes("soft")
            ui.label(account.base_url).classes("anywhere")


async def _history(runtime: Runtime, name: str) -> None:
    with frame.section("What happened to it"), ui.element("div").classes("panel pairs-panel"):
        for at, actor, sentence in await ask.aside(lambda: _happened(runtime, name)):
            with ui.element("div").classes("pair"):
                ui.label(moments.stamp(at)).classes("small soft")
                ui.label(f"{sentence} ({actor})").classes("anywhere")


def _happened(runtime: Runtime, name: str) -> list[tuple[int, str, str]]:
    with runtime.reading() as conn:
        found = events.listed(conn, page_id=stored.named(conn, name).id, most=_EVENTS)
    return [(row.at, row.actor, row.sentence) for row in found]


def _teach() -> None:
    frame.nothing(
        "storefront",
        "No pages yet",
        "A page is an account that sends: an Instagram professional account or a Facebook Page. It may write to a "
        "person for 24 hours after they wrote to it, so nobody else's list will do.",
    )
    ui.label("pagecast pages add acme --channel instagram …").classes("command")
