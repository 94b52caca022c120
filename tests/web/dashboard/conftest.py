"""Somebody who looks at the dashboard, without a browser."""

import pytest
from anyio import CapacityLimiter

from campaigns import keys
from campaigns.runtime import now_of
from campaigns.web.dashboard.session import House, Session
from campaigns.web.dashboard.standings import Standings
from campaigns.web.passes import Passes
from campaigns.web.pulse import Pulse
from schemas.api_key import Role
from tests import factories


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
