"""NiceGUI under our own application: set up once a process, and mounted behind the guard by each application.

NiceGUI is one application for the whole process. Its pages find their database through the session that the guard puts
into each request, so that any number of applications (the tests make many) share them.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache

import nicegui
from anyio import CapacityLimiter
from fastapi import FastAPI
from nicegui import ui
from nicegui.storage import Storage
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware

from campaigns.runtime import Runtime
from campaigns.web.dashboard import faults, screen, theme
from campaigns.web.dashboard.bounds import Bounded
from campaigns.web.dashboard.guard import Guard
from campaigns.web.dashboard.session import House
from campaigns.web.dashboard.standings import Standings
from campaigns.web.passes import Passes
from campaigns.web.pulse import Pulse

_RECONNECT = 10.0
"""Seconds that a screen is kept for a browser whose line broke."""


def dashboard(
    runtime: Runtime, environment: Mapping[str, str], passes: Passes, pulse: Pulse, heavy: CapacityLimiter
) -> Guard:
    """Build the dashboard on opened resources, to be mounted at /; `alive` has to surround its life."""
    _shell()
    Storage.path = runtime.settings.home / "dashboard"
    return Guard(Bounded(nicegui.app), House(runtime, environment, passes, pulse, Standings(runtime), heavy))


@asynccontextmanager
async def alive() -> AsyncIterator[None]:
    """Keep NiceGUI's loops going."""
    shell = _shell()
    async with shell.router.lifespan_context(shell):
        yield


@cache
def _shell() -> FastAPI:
    """Set NiceGUI up, and return an application that serves nothing and has its lifespan.

    The shell names a session middleware, which never runs: it tells NiceGUI to use the session that it finds. The guard
    puts one there, so there is one cookie.
    """
    shell = FastAPI(middleware=[Middleware(SessionMiddleware, secret_key=secrets.token_hex())])
    ui.run_with(
        shell,
        title="Pagecast",
        favicon=theme.ICON,
        dark=None,
        language="en-US",
        tailwind=False,
        reconnect_timeout=_RECONNECT,
        show_welcome_message=False,
    )
    ui.add_head_html(f"<style>{theme.sheet()}</style>", shared=True)
    faults.hush()
    screen.load()
    return shell
