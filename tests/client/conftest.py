"""The client against real servers: over a socket, in a process of its own, and over ASGI."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from campaigns import keys
from campaigns.client import Client
from campaigns.runtime import now_of
from campaigns.web.app import application
from schemas.api_key import Role
from tests import factories
from tests.conftest import POSTGRESQL
from tests.web.conftest import runtime, serve, wait_until

__all__ = ["runtime", "serve"]


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
def installation(runtime, dialect, monkeypatch):
    """Web, workers and clock as `pagecast up` runs them; return the address."""
    if dialect == POSTGRESQL:
        monkeypatch.setenv("PAGECAST_FORCE_EMBEDDED", "true")
    with _up(str(runtime.settings.home)) as url:
        yield url


@contextmanager
def _up(home):
    with socket.create_server(("127.0.0.1", 0)) as wire:
        port = wire.getsockname()[1]
    own = {"PAGECAST_HOME": home, "PAGECAST_PORT": str(port)} | factories.ENVIRONMENT
    process = subprocess.Popen(
        [sys.executable, "-m", "campaigns.cli", "up", "--workers", "1"],
        env=os.environ | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"

    def answers():
        assert process.poll() is None, process.communicate()[0]
        try:
            return httpx.get(f"{url}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, "the web answers", 60)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
