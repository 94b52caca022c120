"""The client against real servers: over a socket, in a process of its own, and over ASGI."""

import signal

import httpx
import pytest

from campaigns import keys
from campaigns.client import Client
from campaigns.runtime import now_of
from campaigns.web.app import application
from schemas.api_key import Role
from tests import factories
from tests.installation import installation
from tests.web.conftest import serve

__all__ = ["serve"]


@pytest.fixture
def key(runtime):
    with runtime.writing() as conn:
        return keys.create(conn, "client", Role.ADMIN, now=now_of(conn), actor="test").secret


@pytest.fixture
def served(serve, key):
    """A client of a web process that is a thread of this one."""
    with serve(**factories.ENVIRONMENT) as site, Client(site.url, key) as client:
        yield client


@pytest.fixture
def transport(runtime):
    """The application, without a wire."""
    return httpx.ASGITransport(app=application(runtime, factories.ENVIRONMENT))


@pytest.fixture
def installed(runtime):
    """Web, workers and clock as `pagecast up` runs them until somebody presses Ctrl-C; return the address."""
    with installation(runtime.settings.home, end=signal.SIGINT) as url:
        yield url
