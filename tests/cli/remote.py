"""The command line on this machine and against a server, on one and the same database."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from campaigns import keys
from campaigns.runtime import Runtime, now_of
from schemas.role import Role
from tests import factories
from tests.cli.conftest import Run
from tests.web.conftest import Site, serve

__all__ = ["Reach", "reach", "serve", "shape"]

KEY = "walker"


class Reach:
    """One command, `here` or `there`; `url` is the server's and `key` an admin's."""

    def __init__(self, pagecast: Callable[..., Run], url: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pagecast = pagecast
        self._monkeypatch = monkeypatch
        self.url = url
        self.key = key

    def here(self, *words: object) -> Run:
        """Run a command on this machine's database."""
        assert "PAGECAST_URL" not in os.environ
        return self._pagecast(*words)

    def there(self, *words: object, key: str | None = None) -> Run:
        """Run it against the server, which has that database; its client has no state folder of use."""
        with self._monkeypatch.context() as patch:
            patch.setenv("PAGECAST_URL", self.url)
            patch.setenv("PAGECAST_API_KEY", key or self.key)
            patch.setenv("PAGECAST_HOME", "/nowhere")
            patch.delenv("DATABASE_URL", raising=False)
            return self._pagecast(*words)

    def both(self, *words: object) -> tuple[Run, Run]:
        """Run a command that changes nothing here, then there; what they print must be alike."""
        here, there = self.here(*words, "--json"), self.there(*words, "--json")
        assert there.code == here.code, there.err
        assert shape(there.document) == shape(here.document), words
        return here, there


def shape(document: Any) -> Any:
    """Return the keys of a document, all the way down."""
    if isinstance(document, dict):
        return {key: shape(value) for key, value in document.items()}
    return [shape(each) for each in document] if isinstance(document, list) else ...


@pytest.fixture
def reach(
    serve: Callable[..., Any], runtime: Runtime, pagecast: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> Any:
    with runtime.writing() as conn:
        key = keys.create(conn, KEY, Role.ADMIN, now=now_of(conn), actor="test").secret
    site: Site
    with serve(**factories.ENVIRONMENT) as site:
        yield Reach(pagecast, site.url, key, monkeypatch)
