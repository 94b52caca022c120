"""The registry of screens: a module in `screens/` declares its own, and nothing else has to know of it.

    @screen("/campaigns/{ref}", "Campaign", right=Right.READ)
    def show(ref: str) -> None: ...

Parts of the path are parameters of the function. It may be a coroutine; what takes long belongs into `ask.aside`.
What it raises is shown in place of it.
"""

import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, wraps
from importlib import import_module
from typing import Any

from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from campaigns.errors import NotFoundError, PagecastError
from campaigns.web.dashboard import ask, faults, frame
from campaigns.web.dashboard.session import Session, current
from schemas.right import Right

HOME = "/campaigns"
"""Where somebody lands who has just come in."""

Build = Callable[..., Awaitable[None] | None]
_PATIENCE = 20.0
"""Seconds in which a screen is built: when many people open one at the same moment, they wait for each other."""


@dataclass(frozen=True, slots=True)
class Screen:
    """`nav` is its place in the menu, the lowest first; None where the menu does not have it.

    `under` is the path of the entry that is marked in the menu instead.
    """

    path: str
    title: str
    icon: str
    nav: int | None
    right: Right
    under: str = ""


_SCREENS: dict[str, Screen] = {}


def screen(
    path: str, title: str, icon: str = "", *, nav: int | None = None, right: Right = Right.READ, under: str = ""
) -> Callable[[Build], Build]:
    """Register a screen; `icon` is the name of a Material icon, for the menu; `under` the entry that it is part of."""

    def register(build: Build) -> Build:
        _SCREENS[path] = Screen(path, title, icon, nav, right, under)

        @wraps(build)
        async def shown(*args: Any, **given: Any) -> None:
            await _show(_SCREENS[path], current(), lambda: build(*args, **given))

        return ui.page(path, title=f"{title} - Pagecast", response_timeout=_PATIENCE)(shown)

    return register


@cache
def load() -> None:
    """Import every screen once, and lay the answer for unknown paths behind them."""
    package = import_module("campaigns.web.dashboard.screens")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")

    @ui.page("/")
    def first() -> Response:
        return RedirectResponse(HOME, 307)

    @ui.page("/{path:path}", title="Not found - Pagecast")
    async def missing(path: str) -> None:
        await _show(Screen(f"/{path}", "Not found", "", None, Right.READ), current(), _say_missing)


async def _show(which: Screen, session: Session, build: Callable[[], Awaitable[None] | None]) -> None:
    menu = [frame.Entry(each.path, each.title, each.icon) for each in _menu(session)]
    with frame.around(session, menu, which.under or which.path) as content:
        if not session.may(which.right):
            _say_closed(session)
            return
        ui.on_exception(lambda: ask.fail(faults.BROKEN))
        try:
            made = build()
            if inspect.isawaitable(made):
                await made
        except PagecastError as error:
            content.clear()
            _say_refused(error)
        except Exception as error:  # noqa: BLE001 - a page says so, in our words
            faults.tell(error)
            content.clear()
            _say_broken()


def _menu(session: Session) -> list[Screen]:
    shown = [each for each in _SCREENS.values() if each.nav is not None and session.may(each.right)]
    return sorted(shown, key=lambda each: (each.nav or 0, each.title))


def _say_broken() -> None:
    ui.context.client.status_code = 500
    frame.heading("This screen broke")
    ui.label("The log of the web process says where. Nothing was changed by looking at it.").classes("soft")


def _say_missing() -> None:
    ui.context.client.status_code = 404
    frame.heading("There is nothing here")
    ui.label("The address may be old or mistyped. The menu has everything there is.").classes("soft")


def _say_closed(session: Session) -> None:
    ui.context.client.status_code = 403
    frame.heading("This is not yours to see")
    said = f"Your key {session.key.name} has the role {session.key.role}. An admin can make one that may see this."
    ui.label(said).classes("soft")


def _say_refused(error: PagecastError) -> None:
    ui.context.client.status_code = 404 if isinstance(error, NotFoundError) else 409
    frame.heading("This cannot be shown")
    ui.label(str(error)).classes("soft")
