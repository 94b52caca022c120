"""Redis forgets, falls silent, is away and comes back empty: a whole `run` waits and goes on by itself."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import redis

from campaigns.simulator.limit import tolerant
from tests.chaos.conftest import PAGES, Attack, busiest
from workers import embedded

pytestmark = pytest.mark.chaos

PEOPLE, RATE = 200, 10.0
AHEAD = 0.6
"""Seconds for which slots may be leased when Redis goes, and a little for the call to arrive."""
BACK = 15.0
"""Seconds after which everything goes on at the latest: workers ask again every three, the clock every six at most."""


class Valkey:
    """A server of its own, on a port that it keeps; whenever it starts, it is empty."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.socket()) as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ("--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", str(self._folder))
        self._process = subprocess.Popen([embedded._binary(), *options], stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def valkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """A Redis that REDIS_URL names."""
    server = Valkey(tmp_path)
    monkeypatch.setenv("REDIS_URL", server.url)
    server.start()
    yield server
    server.kill()


def under_way(attack: Attack, share: float) -> None:
    """Start the run and wait until this share of the people has it."""
    attack.run()
    attack.until(lambda: attack.arrived() > share * PEOPLE, f"{share:.0%} were sent")


def all_of_them_once(attack: Attack) -> None:
    """The run ends by itself: everybody has it once, and no second held more than the pace allows."""
    code, status = attack.finish(120)
    stats, counts = attack.platform.stats(), status["counts"]
    received = {message["recipient_id"] for message in attack.platform.accepted()}
    crowds = [busiest(attack.times(account)) for _, account in PAGES.values()]
    print(f"exit {code}", {k: n for k, n in counts.items() if n}, f"{stats['accepted']} accepted, busiest {crowds}")
    assert (code, status["state"], sum(counts.values())) == (0, "finished", PEOPLE)
    assert counts["accepted"] == len(received) == PEOPLE
    assert (stats["doubles"], stats["refusals"]) == (0, 0)
    assert max(crowds) <= tolerant(RATE)


@contextmanager
def outage(attack: Attack) -> Iterator[None]:
    """Nothing is sent in here beyond what was leased before, and everything goes on afterwards."""
    began = time.time()
    yield
    ended = time.time()
    during = [at for at in attack.times() if began + AHEAD < at < ended]
    assert during == [], f"sent {[round(at - began, 2) for at in during]} s after Redis was away"
    before = attack.arrived()
    after = attack.until(lambda: attack.arrived() > before, "it goes on by itself", BACK)
    print(f"away {ended - began:.1f} s; went on after {after:.1f} s")


def waits_with_a_sentence(attack: Attack, seconds: float) -> None:
    """Stay in the outage for a while, in which `status` says what is waited for."""
    began = time.time()
    attack.until(lambda: "Redis" in attack.say("status", "last")["sentence"], "status names Redis", 20)
    print(attack.say("status", "last")["sentence"])
    attack.until(lambda: time.time() > began + seconds, "the outage is over", seconds + 1)


@pytest.mark.parametrize("attack", [(PEOPLE, RATE)], indirect=True)
def test_redis_forgets_everything(attack: Attack) -> None:
    under_way(attack, 0.2)
    with closing(redis.Redis(unix_socket_path=str(attack.home / "redis" / "redis.sock"))) as client:
        for share in (0.3, 0.5, 0.7):
            # Again and again for a second: were forgotten slots free, each time would add some to that second.
            ended = time.time() + 1
            attack.until(lambda ended=ended: client.flushall() and time.time() > ended, "it was emptied fifty times")
            attack.until(lambda share=share: attack.arrived() > share * PEOPLE, f"{share:.0%} were sent")
    all_of_them_once(attack)


@pytest.mark.parametrize("attack", [(PEOPLE, RATE)], indirect=True)
def test_redis_falls_silent(attack: Attack) -> None:
    under_way(attack, 0.3)
    (server,) = attack.pids("valkey")
    with outage(attack):
        os.kill(server, signal.SIGSTOP)
        try:
            waits_with_a_sentence(attack, 12)
        finally:
            os.kill(server, signal.SIGCONT)
    all_of_them_once(attack)


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("attack", [(PEOPLE, RATE)], indirect=True)
def test_redis_is_away_and_comes_back_empty(valkey: Valkey, attack: Attack) -> None:
    under_way(attack, 0.3)
    with outage(attack):
        valkey.kill()
        waits_with_a_sentence(attack, 30)
        valkey.start()
    all_of_them_once(attack)
