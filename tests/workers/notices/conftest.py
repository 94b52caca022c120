"""A receiver, and a state folder that may tell receivers on this machine."""

from collections.abc import Iterator

import pytest

from tests import factories
from tests.workers.notices.occasions import SECRET
from tests.workers.notices.receiver import Receiver
from workers.notices import Messenger


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def inside(monkeypatch):
    """Receivers on this machine are meant."""
    monkeypatch.setenv("PAGECAST_PRIVATE_RECEIVERS", "true")
    monkeypatch.setenv("OPS_SIGNING", SECRET)


@pytest.fixture
def runtime(tmp_path, dialect, inside):  # noqa: ARG001 - they set the environment
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def messenger(runtime):
    return Messenger(runtime)
