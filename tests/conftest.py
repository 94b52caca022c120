"""What every test gets: a clean environment, an empty home, no network beyond loopback."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from campaigns.runtime import Runtime
from tests import factories, waiting
from tests.postgres import Postgres, started

SQLITE, POSTGRESQL = "sqlite", "postgresql"
MEMORY = Path("/dev/shm")
ROOM = 2 << 30  # bytes; a run takes a tenth of that


def pytest_configure() -> None:
    """Make the files of tests cheap, and the start of processes; let nothing fail by the clock."""
    _take_the_time()
    _write_into_memory()
    _compile_once()


def _take_the_time() -> None:
    # An example is not wrong because others had the processor.
    hypothesis.settings.register_profile("daily", deadline=None)
    hypothesis.settings.load_profile("daily")


def _write_into_memory() -> None:
    # Tests kill processes and never pull the plug. A new database takes 20 ms then, instead of 300 on a busy disk.
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # asked for again


def _compile_once() -> None:
    # Where Python may leave nothing beside the sources, every process compiles everything: half a second each.
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        folder = Path(tempfile.gettempdir()) / f"pagecast-compiled-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.lstat().st_uid == os.getuid():
            os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


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


@pytest.fixture
def runtime(tmp_path: Path, dialect: str) -> Iterator[Runtime]:  # noqa: ARG001 - it sets the environment
    """A state folder with a migrated database on which each test runs as its `databases` mark says."""
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def patience() -> float:
    """Seconds that `wait_until` waits where a test does not say."""
    return 10.0


@pytest.fixture
def wait_until(patience: float) -> Callable[..., None]:
    """`waiting.wait_until` with a patience for everything."""

    def wait(condition: Callable[[], object], what: str, seconds: float = patience) -> None:
        waiting.wait_until(condition, what, seconds)

    return wait


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A state folder; its server, should a test or a killed process leave one behind, is stopped."""
    from workers import embedded  # noqa: PLC0415 - few tests start one

    folder = tmp_path / "home"
    yield folder
    if (folder / "redis").exists():
        embedded.ensure(folder).release()


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

    def guarded(sock: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and str(address[0]) not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to reach {address[0]}")
        return connect(sock, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
