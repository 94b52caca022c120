"""Pages that stand still and go on again: a worker process, its clock, one Valkey, and a platform over HTTP."""

import fcntl
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from campaigns import home, pages
from campaigns.runtime import now_of
from campaigns.simulator import Scenario, start
from tests import factories
from tests.factories import person, select
from workers import broker as bells
from workers.clock import Clock

PEOPLE = 12
SENDER = f"sender:instagram:{factories.ACCOUNT}"
REVOKED = ("17841400000000008", "17841400000000009")
BAD, WORSE = (f"sim-{account}" for account in REVOKED)
GOOD = f"sim-{factories.ACCOUNT}"


class Scene:
    """A state folder, a folder of secrets, a worker process, and a clock that ticks while a test waits."""

    def __init__(self, folder: Path, valkey_url: str, wait_until: Callable[..., None], stack: ExitStack) -> None:
        self.folder = folder
        self.secret = folder / "secrets" / "ACME_TOKEN"
        self.runtime = factories.opened(folder / "home")
        stack.callback(self.runtime.close)
        self.home = self.runtime.settings.home
        self.platform = stack.enter_context(start(Scenario(cap=1000, revoked=REVOKED)))
        self.broker = bells.connect(valkey_url)
        stack.callback(self.broker.close)
        self.clock = Clock(self.runtime, self.broker, slots=4)
        environment = os.environ | {"PAGECAST_HOME": str(self.home), "REDIS_URL": valkey_url}
        log = stack.enter_context((folder / "worker.log").open("wb"))
        self.worker = subprocess.Popen([sys.executable, "-m", "workers.worker"], env=environment, stderr=log)
        stack.callback(self.kill)
        self._wait_until = wait_until
        self._ticked = 0.0

    def kill(self) -> None:
        self.worker.kill()
        self.worker.wait()

    def launch(self) -> None:
        """Launch a campaign of page acme."""
        pages = {"acme": factories.page(self.platform.meta_url, rate=50)}
        people = factories.people(PEOPLE)
        self.campaign = factories.launched(self.runtime, self.folder, people, factories.content(pages=pages))

    def launch_refused(self) -> int:
        """Launch it with a revoked token; return how many calls it refused."""
        self.secret.write_text(BAD)
        self.launch()
        self.until(lambda: self.page["parked_at"] and self.idle, "the page is parked")
        assert self.page["parked_code"] == "190-460"
        assert self.counts == {"pending": PEOPLE}
        return self.arrivals

    def until(self, condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
        """Wait while the clock ticks ten times a second."""

        def ticked() -> object:
            if time.monotonic() - self._ticked > 0.1:
                self.clock.tick()
                self._ticked = time.monotonic()
            return condition()

        self._wait_until(ticked, what, seconds)

    def until_everybody_got_it(self) -> None:
        self.until(lambda: self.counts == {"accepted": PEOPLE}, "everybody got it", 6)
        assert self.platform.stats()["doubles"] == 0

    def tick_on(self) -> None:
        """Let the clock tick five times, and the worker take what was rung."""
        for _ in range(5):
            self.clock.tick()
        self.until(lambda: self.idle, "no chunk runs")

    @property
    def page(self) -> dict[str, object]:
        return select(self.runtime, "SELECT * FROM page WHERE name = 'acme'")[0]

    @property
    def arrivals(self) -> int:
        return int(self.platform.stats()["arrivals"])

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(row["state"] for row in factories.rows_of(self.runtime, self.campaign)))

    @property
    def idle(self) -> bool:
        return not select(self.runtime, "SELECT 1 FROM chunk WHERE state IN ('running', 'draining')")

    @property
    def told(self) -> list[str]:
        """What happened to the page since it was stored."""
        rows = select(self.runtime, "SELECT kind FROM event WHERE kind LIKE 'page.%' ORDER BY id")
        return [row["kind"] for row in rows]


@pytest.fixture
def scene(tmp_path: Path, valkey_url, wait_until, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ACME_TOKEN").write_text(GOOD)
    monkeypatch.setenv("PAGECAST_SECRETS_DIR", str(tmp_path / "secrets"))
    with ExitStack() as stack:
        yield Scene(tmp_path, valkey_url, wait_until, stack)


def test_a_changed_secret_lets_a_parked_page_go_on_by_itself(scene):
    refused = scene.launch_refused()
    scene.tick_on()
    assert scene.arrivals == refused, "nothing goes out while the token is the same"
    scene.secret.write_text(f"{GOOD}\n")
    scene.until_everybody_got_it()
    assert scene.told == ["page.parked", "page.resumed"]
    files = [*scene.home.rglob("*"), scene.folder / "worker.log"]
    texts = [path.read_bytes() for path in files if path.is_file()]
    assert not [text for text in texts if BAD.encode() in text or GOOD.encode() in text], "a token is nowhere"


def test_a_worse_secret_costs_one_call_and_a_good_one_counts_all_the_same(scene):
    refused = scene.launch_refused()
    scene.secret.write_text(WORSE)
    scene.until(lambda: scene.arrivals == refused + 1, "the new token was tried")
    scene.tick_on()
    assert scene.arrivals == refused + 1
    assert scene.page["refused_token"] == pages.fingerprint(1, SecretStr(WORSE))
    scene.secret.write_text(GOOD)
    scene.until_everybody_got_it()
    assert scene.told == ["page.parked", "page.resumed"], "the same sentence again is no news"


def test_another_reference_for_a_stored_page_counts_too(scene):
    scene.launch_refused()
    scene.secret.with_name("ACME_NEW").write_text(GOOD)
    token = {"token": "@{secret:ACME_NEW}"}
    entry, route = pages.entered("acme", factories.page(scene.platform.meta_url) | token)
    with scene.runtime.writing() as conn:
        pages.reroute(conn, pages.named(conn, "acme"), entry, route, now=now_of(conn), actor="test")
    scene.until_everybody_got_it()


def test_a_page_that_lacks_its_secret_goes_on_once_it_is_there(scene):
    scene.launch()
    scene.secret.unlink()
    scene.until(lambda: scene.page["parked_code"] == "secret" and scene.idle, "the page is parked")
    scene.secret.write_text(GOOD)
    scene.until_everybody_got_it()


def test_a_secret_that_was_replaced_before_the_old_token_was_refused_is_tried(scene, capsys):
    """The usual order of a rotation, while a run goes on with the token that it began with."""
    scene.platform.change(latency=1.0)
    scene.secret.write_text(BAD)
    scene.launch()
    scene.until(lambda: scene.arrivals, "the first calls are out")
    scene.secret.write_text(GOOD)
    scene.platform.change(latency=0.0)
    scene.until_everybody_got_it()
    assert scene.platform.stats()["senders"][REVOKED[0]]["arrivals"] <= 3
    assert capsys.readouterr().out.count("page.tries") == 1, "the try was not left to the run with the old token"


def test_what_changed_while_no_clock_ran_is_noticed(scene):
    scene.launch_refused()
    scene.secret.write_text(GOOD)
    scene.clock = Clock(scene.runtime, scene.broker, slots=4)
    scene.until_everybody_got_it()


def test_a_new_token_overrules_no_person(scene):
    scene.kill()
    scene.launch()
    with scene.runtime.writing() as conn:
        pages.pause(conn, pages.named(conn, "acme"), now_of(conn), "ann")
    scene.secret.write_text(f"{GOOD}\n\n")
    scene.tick_on()
    assert (scene.page["parked_code"], scene.page["probe_at"]) == ("paused", None)


def test_a_try_that_another_machine_spoils_is_repeated_ever_more_rarely(scene):
    """There an older token is still in use, and the page is parked with that one each time."""
    scene.kill()
    scene.launch()
    tried = []
    for second in range(100):
        with scene.runtime.writing() as conn:
            pages.park(conn, 1, "190", "The token is gone.", now_of(conn), token=SecretStr(BAD), tried=True)
            tried += [second] * len(scene.clock.tokens.due(pages.parked(conn), float(second)))
    assert tried == [0, 4, 12, 28, 60]


def test_a_resumed_page_sends_within_two_seconds_although_its_platform_asked_for_a_minute(scene):
    scene.platform.change(codes={person(0): "613@60,ok"})
    scene.launch()
    held = "SELECT 1 FROM bucket WHERE key = :key AND paused_until > 0"
    scene.until(lambda: select(scene.runtime, held, key=SENDER) and scene.idle, "the page pauses")
    before = scene.platform.stats()["accepted"]
    scene.tick_on()
    assert scene.platform.stats()["accepted"] == before < PEOPLE
    with scene.runtime.writing() as conn:
        assert pages.resume(conn, pages.named(conn, "acme"), now_of(conn), "ann") > now_of(conn) + 50_000
    began = time.monotonic()
    scene.until(lambda: scene.platform.stats()["accepted"] > before, "it sends again", 5)
    assert time.monotonic() - began < 2
    scene.until_everybody_got_it()
    assert select(scene.runtime, "SELECT code FROM bucket WHERE key = :key", key=SENDER) == [{"code": ""}]


def test_files_of_killed_workers_go_once_their_chunks_are_back(scene):
    scene.platform.change(latency=5.0)
    scene.launch()
    scene.until(lambda: scene.arrivals, "calls are out")
    (file,) = (scene.home / "workers").iterdir()
    scene.clock.tick()
    assert file.exists(), "a live worker keeps its file"
    assert home.staffed(scene.home)
    scene.kill()
    assert not home.staffed(scene.home)
    scene.until(lambda: not file.exists(), "the file is gone", 2)
    assert scene.idle, "its chunks were taken back first"


def test_a_supervisor_between_two_workers_counts_as_staff(tmp_path):
    assert not home.staffed(tmp_path)
    with (tmp_path / "supervisor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert home.staffed(tmp_path)
    assert not home.staffed(tmp_path)
