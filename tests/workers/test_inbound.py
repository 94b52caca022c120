"""The inbox worker: what one that was killed had in hand, the next one applies at once."""

import os
import subprocess
import sys

import pytest

from campaigns.inbox import Inbox, Raw
from campaigns.runtime import now_of
from schemas.page import ProviderName
from workers import broker as bells
from workers.clock import Clock
from workers.inbound import Desk
from workers.presence import Presence

pytestmark = pytest.mark.databases("sqlite", "postgresql")

TAKES = """
import sys
from campaigns.inbox import Inbox
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from workers.presence import Presence
runtime = Runtime.open(Settings())
with Presence(runtime.settings.home) as presence, runtime.reading() as conn:
    taken = Inbox.of(runtime).take(now_of(conn), 10, presence.name)
    print(len(taken), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def inbox(runtime):
    opened = Inbox.of(runtime)
    opened.keep([Raw(ProviderName.META, 1, b"{}"), Raw(ProviderName.META, 2, b"{}")])
    yield opened
    opened.close()


def waiting(runtime, inbox) -> int:
    with runtime.reading() as conn:
        return inbox.waiting(now_of(conn))


@pytest.fixture
def killed(runtime, inbox):
    """A worker takes all there is, and is killed."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", TAKES], env=os.environ, **pipes) as worker:
        assert worker.stdout.readline() == b"2\n"
        worker.kill()
    assert waiting(runtime, inbox) == 0


@pytest.mark.usefixtures("killed")
def test_the_next_worker_applies_what_a_killed_one_had(runtime, inbox):
    with Presence(runtime.settings.home) as presence:
        assert Desk(runtime, inbox, presence.name).turn()
    assert inbox.backlog().bodies == 0


@pytest.mark.usefixtures("killed")
def test_the_clock_frees_them_before_it_forgets_who_had_them(runtime, inbox, valkey_url):
    broker = bells.connect(valkey_url)
    Clock(runtime, broker, slots=4).tick()
    broker.close()
    assert list((runtime.settings.home / "workers").iterdir()) == []
    assert waiting(runtime, inbox) == 2


def test_the_living_keep_what_they_have(runtime, inbox):
    with Presence(runtime.settings.home) as one, Presence(runtime.settings.home) as other, runtime.reading() as conn:
        assert len(inbox.take(now_of(conn), 10, other.name)) == 2
        assert not Desk(runtime, inbox, one.name).turn()
        assert Desk(runtime, inbox, other.name).turn(), "what a failed turn of its own left, it takes back"


def test_a_worker_that_is_asked_to_end_leaves_no_file(runtime, inbox, wait_until):
    with subprocess.Popen([sys.executable, "-m", "workers.inbound"], env=os.environ) as worker:
        wait_until(lambda: inbox.backlog().bodies == 0, "it applies", 20)
        worker.terminate()
        assert worker.wait(20) == 0
    assert list((runtime.settings.home / "workers").iterdir()) == []
