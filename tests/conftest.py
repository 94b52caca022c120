"""What every test gets: a clean environment, an empty home, no network beyond loopback."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres, started

SQLITE, POSTGRESQL = "sqlite", "postgresql"
MEMORY = Path("/dev/shm")
ROOM = 2 << 30  # bytes; a run takes a tenth of that


def pytest_configure() -> None:
    """Keep what tests write in memory where there is room for it: they kill processes and never pull the plug.

    A database of its own for a test then takes 20 ms instead of 300 on a busy disk. TMPDIR says otherwise.
    """
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # asked for again


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs a database on those that its mark names, else on SQLite, and on PostgreSQL with `long`."""
    if "dialect" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("databases")
        on = mark.args if mark else (SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.long))
        metafunc.parametrize("dialect", on, indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for the session; it starts with the first test that needs it."""
    with started() as running:
        yield running


@pytest.fixture
def dialect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Set DATABASE_URL to an empty, migrated database where the test runs on PostgreSQL; yield which it is."""
    if request.param == SQLITE:
        yield SQLITE
        return
    with request.getfixturevalue("postgres").database() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        yield POSTGRESQL


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Scrub the settings of the machine, so that a test sees only what it sets."""
    for name in list(os.environ):
        if name.startswith("PAGECAST_") or name in {"DATABASE_URL", "REDIS_URL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("PAGECAST_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(sock: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and str(address[0]) not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to reach {address[0]}")
        return connect(sock, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
