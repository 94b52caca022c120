"""Real workers at the edge of quiet time, and under changes: what they notice, and how soon."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.lifecycle import find
from campaigns.lifecycle.change import Wishes, change
from campaigns.report.standing import status
from campaigns.runtime import Runtime
from campaigns.simulator import Scenario, start
from tests import factories
from tests.factories import ACCOUNT, ENVIRONMENT
from workers import broker as bells
from workers.clock import TICK, Clock

RATE = 40
SOON = 2.0
"""Seconds within which a change takes effect."""


class Shop:
    """A worker process, a clock that ticks once a second, and a platform."""

    def __init__(self, runtime: Runtime, folder: Path, platform, broker) -> None:
        self.runtime = runtime
        self.folder = folder
        self.platform = platform
        self.clock = Clock(runtime, broker, slots=8)
        self.ticks = 0.0

    def launch(self, people, rate=RATE, **changes):
        pages = {"acme": factories.page(self.platform.meta_url, rate=RATE)}
        file = factories.content(pages=pages, limits={"rate": rate}, **changes)
        self.campaign = factories.launched(self.runtime, self.folder, factories.people(people), file)

    def tick(self):
        if time.monotonic() - self.ticks >= TICK:
            self.ticks = time.monotonic()
            self.clock.tick()

    def until(self, condition, what, seconds=30.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
            self.tick()
            time.sleep(0.02)

    def pass_time(self, seconds):
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end, "time passes", seconds + 5)

    def staffed(self):
        return any((self.runtime.settings.home / "workers").glob("*"))

    def change(self, **wishes):
        """Change the campaign; return the moment (epoch seconds) at which that is done."""
        change(self.runtime, self.present(), Wishes(**wishes), ENVIRONMENT, "test")
        return time.time()

    def present(self):
        with self.runtime.reading() as conn:
            return find.by_id(conn, self.campaign.id)

    def arrived(self):
        """Return the epoch seconds at which messages were accepted."""
        return sorted(message["at_ms"] / 1000 for message in self.platform.accepted(ACCOUNT))

    def between(self, start, end):
        return [at for at in self.arrived() if start <= at < end]

    def status(self):
        with self.runtime.reading() as conn:
            return status(conn, self.campaign.id, factories.now(self.runtime))


@pytest.fixture
def shop(tmp_path: Path, valkey_url: str) -> Iterator[Shop]:
    runtime = factories.opened(tmp_path / "home")
    home = str(runtime.settings.home)
    environment = {**os.environ, **ENVIRONMENT, "PAGECAST_HOME": home, "REDIS_URL": valkey_url}
    broker = bells.connect(valkey_url)
    with (tmp_path / "worker.log").open("wb") as log, start(Scenario(cap=1000, latency=0.05)) as platform:
        process = subprocess.Popen([sys.executable, "-m", "workers.worker"], env=environment, stdout=log, stderr=log)
        yield Shop(runtime, tmp_path, platform, broker)
        process.terminate()
        process.wait(20)
    broker.close()
    runtime.close()


def clock(seconds):
    return time.strftime("%H:%M:%S", time.gmtime(seconds))


def test_nothing_is_sent_from_the_second_that_quiet_time_begins_until_it_ends(shop):
    shop.until(shop.staffed, "the worker is at work")
    begins = int(time.time()) + 4
    ends = begins + 3
    quiet = {"from": clock(begins), "to": clock(ends)}
    shop.launch(200, schedule={"zone": "UTC", "quiet": quiet})
    shop.until(lambda: time.time() > begins + TICK + 0.2, "quiet time begins")
    now = shop.status()
    assert now.state == "sending"
    assert now.sentence == f"Quiet hours: sending goes on at {clock(ends)[:5]} (UTC)."
    assert (now.pages[0].state, now.rate.allowed) == ("waiting", 0)
    shop.until(lambda: shop.present().state == "finished", "all have it")
    assert shop.between(begins, ends) == []
    before, after = shop.between(0, begins), shop.between(ends, ends + 60)
    assert before
    assert len(before) + len(after) == len(shop.arrived()) == 200
    assert begins - before[-1] < 1
    assert after[0] - ends < SOON + TICK


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(RATE, 5.0, marks=pytest.mark.long),
        pytest.param(5.0, RATE, marks=pytest.mark.long),
        # Its next slot would be five seconds away.
        (0.2, RATE),
    ],
)
def test_another_rate_holds_within_two_seconds(shop, first, then):
    shop.launch(1000, rate=first)
    shop.until(lambda: len(shop.arrived()) >= 4 if first > 1 else shop.arrived(), "it sends")
    done = shop.change(rate=then)
    shop.pass_time(SOON + 3)
    later = shop.between(done + SOON, done + SOON + 3)
    assert 0.8 * 3 * then - 1 <= len(later) <= 3 * then + 1


@pytest.mark.long
def test_quiet_time_that_begins_now_holds_within_two_seconds_and_is_taken_back(shop):
    shop.launch(1000)
    shop.until(lambda: len(shop.arrived()) >= 4, "it sends")
    now = time.time()
    done = shop.change(quiet=f"{clock(now - 60)}-{clock(now + 3600)}", zone="UTC")
    shop.pass_time(SOON + 1)
    assert shop.between(done + SOON, done + SOON + 1) == []
    assert shop.status().sentence.startswith("Quiet hours: sending goes on at ")
    done = shop.change(quiet="none")
    shop.pass_time(SOON + 1)
    assert len(shop.between(done + SOON, done + SOON + 1)) > RATE / 2
