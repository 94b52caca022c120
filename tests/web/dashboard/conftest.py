"""Somebody who looks at the dashboard, without a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from anyio import CapacityLimiter
from nicegui import Client
from nicegui.page import page
from starlette.requests import Request

from campaigns import keys
from campaigns.runtime import now_of
from campaigns.web.dashboard.app import alive
from campaigns.web.dashboard.session import House, Session
from campaigns.web.dashboard.standings import Standings
from campaigns.web.passes import Passes
from campaigns.web.pulse import Pulse
from schemas.api_key import Role
from tests import factories


@asynccontextmanager
async def opened() -> AsyncIterator[Client]:
    """Open an empty screen that something can be built on, as if a browser had it."""
    async with alive():
        asked = Request({"type": "http", "path": "/looked/at", "headers": [], "query_string": b""})
        client = Client(page("/looked/at"), request=asked)
        await client.handle_handshake("socket", "tab", None, "document", None)
        yield client
        client.delete()


@pytest.fixture
def session(runtime):
    """Return what makes a session of somebody with a role."""

    def of(role=Role.ADMIN, scopes=()):
        with runtime.writing() as conn:
            name, now = keys.free_name(conn, f"{role}"), now_of(conn)
            key = keys.create(conn, name, role, now=now, actor="test", scopes=scopes).key
        passes = Passes(runtime)
        admitted = passes.admit(passes.issue(key, now))
        house = House(runtime, factories.ENVIRONMENT, passes, Pulse(runtime), Standings(runtime), CapacityLimiter(1))
        return Session(house, admitted.key, admitted.shown)

    return of
