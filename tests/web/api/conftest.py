"""The API as programs meet it, over ASGI: a caller for each role, on a database of its own."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from campaigns import keys
from campaigns.runtime import now_of
from campaigns.web.app import application
from schemas.api_key import Role
from tests import factories
from tests.web.api.promises import taken
from workers.errand import work


@pytest.fixture
def site(runtime):
    return application(runtime, factories.ENVIRONMENT)


@dataclass
class Caller:
    """Calls the API with one key; answers that come are checked for secrets, and for their envelope."""

    site: Any
    secret: str | None
    name: str = ""

    def __call__(self, method: str, path: str, *, headers=None, **rest) -> httpx.Response:
        key = {"X-API-Key": self.secret} if self.secret is not None else {}
        answer = asyncio.run(self._send(method, path, {**key, **(headers or {})}, rest))
        if self.name:
            assert self.secret.rpartition("_")[2] not in answer.text
        for token in factories.ENVIRONMENT.values():
            assert token not in answer.text
        return answer

    async def _send(self, method, path, headers, rest):
        transport = httpx.ASGITransport(app=self.site, client=("10.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://pagecast/api/v1") as http:
            return await http.request(method, path, headers=headers, **rest)

    def get(self, path, **query) -> Any:
        """Return the data of an answer that is none of an error."""
        answer = self("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def post(self, path, json=None, status=200, **rest) -> Any:
        """Return the data of an answer, or the error that is expected."""
        answer = self("POST", path, json=json, **rest)
        assert answer.status_code == status, answer.text
        document = answer.json()
        return document["data"] if status < 400 else document["error"]

    def pages(self, path, **query) -> list[Any]:
        """Follow the cursors; return the data of every page."""
        found, cursor = [], {}
        while True:
            answer = self("GET", path, params=query | cursor)
            assert answer.status_code == 200, answer.text
            document = answer.json()
            found.append(document["data"])
            pagination = document["meta"]["pagination"]
            assert pagination["has_more"] == (pagination["cursor"] is not None)
            if not pagination["has_more"]:
                return found
            cursor = {"cursor": pagination["cursor"]}
            assert len(found) < 20, "the cursor leads in a circle"


@pytest.fixture
def caller(site, runtime):
    """Return what makes a caller of a role."""

    def made(role: Role | str, name: str = "") -> Caller:
        with runtime.writing() as conn:
            key = keys.create(conn, name or str(role), Role(role), now=now_of(conn), actor="test")
        return Caller(site, key.secret, key.key.name)

    return made


@pytest.fixture
def stranger(site):
    return Caller(site, None)


@pytest.fixture
def viewer(caller):
    return caller(Role.VIEWER)


@pytest.fixture
def sender(caller):
    return caller(Role.SENDER)


@pytest.fixture
def admin(caller):
    return caller(Role.ADMIN)


@pytest.fixture
def operations(admin):
    """Return every operation of the documentation: (method, path) → what is said about it."""
    document = admin("GET", "/openapi.json").json()
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture
def author(caller, monkeypatch):
    for name, token in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    return caller(Role.AUTHOR)


@pytest.fixture
def labour(runtime):
    """Do all that is asked for; return how many jobs that was."""

    def done():
        n = 0
        while job := taken(runtime):
            assert work(runtime, job.ref, "test")
            n += 1
        return n

    return done
