"""The web process as platforms meet it: over a socket, in this process or in one of its own."""

import hashlib
import hmac
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from campaigns import keys
from campaigns.inbox import Inbox
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from campaigns.web.app import application
from schemas.api_key import Role
from tests.waiting import wait_until

SECRET = "app_secret_123"
WORD = "the verify token"
ENVIRONMENT = {"PAGECAST_META_APP_SECRET": SECRET, "PAGECAST_META_VERIFY_TOKEN": WORD}
NOW = 1_900_000_000_000
"""Later than anything that a test keeps."""
_SOON = 20.0


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the header that Meta would send."""
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


class Site:
    """A running web process: `post` and `get` it, and look into its inbox."""

    def __init__(self, url: str, runtime: Runtime) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=20)
        self.inbox = Inbox.of(runtime)

    def get(self, path, **query):
        return self.http.get(path, params=query)

    def post(self, path, body, headers=None):
        return self.http.post(path, content=body, headers=headers)

    def bodies(self):
        """Take everything that was kept."""
        return [each.body for each in self.inbox.take(NOW, 10_000)]

    def refusals(self, total=1):
        """Return what was refused, by provider and reason, once that many were written down."""

        def counted():
            found = {(each.provider.value, each.reason.value): each.n for each in self.inbox.refusals(0)}
            return found if sum(found.values()) >= total else None

        return wait_until(counted, "the refusals are written down", _SOON)

    def close(self):
        self.http.close()
        self.inbox.close()


@pytest.fixture
def serve(runtime, monkeypatch):
    """Serve in a thread, with these settings; faster than a process. What is refused is written down at once."""
    monkeypatch.setattr("campaigns.web.refusals._EVERY", 0.05)

    @contextmanager
    def serving(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        own = Runtime.open(Settings())
        server = uvicorn.Server(uvicorn.Config(application(own, os.environ), port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        wait_until(lambda: server.started, "it listens", _SOON)
        site = Site(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", runtime)
        try:
            yield site
        finally:
            site.close()
            server.should_exit = True
            thread.join()
            own.close()

    return serving


@pytest.fixture
def site(serve):
    with serve(**ENVIRONMENT) as running:
        yield running


class Process(Site):
    """A web process of its own, which may be killed."""

    def __init__(self, runtime, environment, before=None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as wire:
            port = wire.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "campaigns.web.app"],
            env={**os.environ, **environment, "PAGECAST_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 - it sets a limit and imports nothing
        )
        super().__init__(f"http://127.0.0.1:{port}", runtime)
        # It imports the dashboard, which takes long where everything else runs at the same time.
        wait_until(self._answers, "the process answers", 60)

    def _answers(self):
        assert self.process.poll() is None, self.process.communicate()[0]
        try:
            return self.get("/healthz").is_success
        except httpx.TransportError:
            return False

    def end(self):
        """Ask it to end; return all that it logged."""
        self.process.terminate()
        return self.process.communicate(timeout=20)[0]


@pytest.fixture
def spawn(runtime):
    running = []

    def spawned(before=None, **environment):
        running.append(Process(runtime, {**ENVIRONMENT, **environment}, before))
        return running[-1]

    yield spawned
    for each in running:
        each.close()
        each.process.kill()
        each.process.communicate()


@pytest.fixture
def key(runtime):
    with runtime.writing() as conn:
        return keys.create(conn, "maria", Role.ADMIN, now=now_of(conn), actor="test")
