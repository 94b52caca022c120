"""One real Valkey for the whole session, empty for every test that asks for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
import redis

from tests.watchdog import watched
from workers import embedded


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("valkey")
    server = embedded.ensure(home)
    with watched(server.pid, home):
        yield server.url
    server.release()


@pytest.fixture(autouse=True)
def empty_valkey(request: pytest.FixtureRequest) -> None:
    if "valkey_url" in request.fixturenames:
        with redis.Redis.from_url(request.getfixturevalue("valkey_url")) as client:
            client.flushall()


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    async def wait(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
            await asyncio.sleep(0.01)

    return wait
