"""A throttled, a parked and a healthy page in one `pagecast run`: each in its own time, each with its sentence."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.runtime import Runtime
from campaigns.simulator import Scenario, Simulator, start
from tests import factories
from tests.factories import person, select

pytestmark = pytest.mark.chaos

RATE = 40
COFFEE = "17841400000000002"
REVOKED = "17841400000000008"
PAGES = ("acme", "burger", "coffee")


class Stage:
    """A state folder and a campaign file for pages acme (throttled), burger (its token revoked) and coffee."""

    def __init__(self, folder: Path, platform: Simulator) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.platform = platform
        self.running: list[subprocess.Popen[str]] = []
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        for name, account in {"ACME": factories.ACCOUNT, "BURGER": REVOKED, "COFFEE": COFFEE}.items():
            (self.secrets / f"{name}_TOKEN").write_text(f"sim-{account}")

    def write(self, people: int, names: tuple[str, ...] = PAGES) -> None:
        """Write a campaign for so many people on each of these pages."""
        url = self.platform.meta_url
        tables = {
            "acme": factories.page(url, rate=RATE),
            "burger": factories.other_page(url, rate=RATE),
            "coffee": factories.page(url, rate=RATE, account_id=COFFEE, token="@{secret:COFFEE_TOKEN}"),
        }
        names_of = [name for name in names for _ in range(people)]
        rows = [row | {"page": name} for row, name in zip(factories.people(len(names_of)), names_of, strict=True)]
        factories.write_list(self.folder / "people.csv", rows)
        lines = [f'name = "{"-".join(names)}"', 'list = "people.csv"', "[message]", 'text = "Hi {{ first_name }}"']
        for name in names:
            lines += [f"[pages.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in tables[name].items())]
        (self.folder / "campaign.toml").write_text("\n".join(lines))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        environment = os.environ | {"PAGECAST_HOME": str(self.home), "PAGECAST_SECRETS_DIR": str(self.secrets)}
        command = [sys.executable, "-m", "campaigns.cli", *arguments]
        with (self.folder / "cli.log").open("a") as log:
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        self.running.append(process)
        return process

    def close(self) -> None:
        """End what a failed test left running."""
        for process in self.running:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=60)
            elif process.stdout:
                process.stdout.close()

    def run(self) -> "subprocess.Popen[str]":
        return self.start("run", str(self.folder / "campaign.toml"), "--yes", "--json")

    def status(self) -> dict:
        """The latest campaign's, as `pagecast status` tells it; its pages by name."""
        document, _ = self.start("status", "last", "--json").communicate(timeout=30)
        status = json.loads(document)
        return status | {"pages": {page["name"]: page for page in status["pages"]}}

    def arrived(self, account: str) -> list[float]:
        """Seconds at which messages of an account were accepted."""
        return [message["at_ms"] / 1000 for message in self.platform.accepted(account)]


@pytest.fixture
def stage(home: Path, tmp_path: Path) -> Iterator[Stage]:  # noqa: ARG001 - it stops a server that is left behind
    with start(Scenario(cap=60, latency=0.05, retry_after="seconds", revoked=(REVOKED,))) as platform:
        stage = Stage(tmp_path, platform)
        yield stage
        stage.close()


def ended(process) -> tuple[int, dict]:
    document, _ = process.communicate(timeout=150)
    return process.returncode, json.loads(document)


def test_each_page_goes_its_own_way_and_a_second_run_finishes_with_a_new_token(stage, wait_until):
    stage.platform.change(codes={person(0): "613@10,ok"})
    people = 4 * RATE
    stage.write(people)
    running = stage.run()
    wait_until(lambda: len(stage.arrived(COFFEE)) > RATE, "the healthy page sends", 30)
    pages = stage.status()["pages"]
    acme, burger, coffee = (pages[name] for name in PAGES)
    assert (acme["state"], burger["state"], coffee["state"]) == ("waiting", "parked", "sending")
    until = acme["until"][11:19]
    assert acme["sentence"] == f"Waiting: Meta asked page acme to slow down until {until} UTC."
    assert burger["until"] is None
    assert burger["sentence"].startswith("Parked: ")
    assert "token" in burger["sentence"]
    assert "pagecast pages resume burger" in burger["sentence"]

    wait_until(lambda: len(stage.arrived(COFFEE)) == people, "the healthy page is done", 10)
    assert stage.arrived(factories.ACCOUNT) == [] or len(stage.arrived(factories.ACCOUNT)) <= 2, "acme waits still"
    times = stage.arrived(COFFEE)
    assert (people - 3) / (times[-1] - times[2]) > 0.9 * RATE

    code, status = ended(running)
    assert code == 5
    counts = {page["name"]: page["counts"] for page in status["pages"]}
    assert [counts[name]["accepted"] for name in PAGES] == [people, 0, people]
    assert counts["burger"]["pending"] == people
    assert stage.platform.stats()["senders"][REVOKED]["arrivals"] <= 3

    (stage.secrets / "BURGER_TOKEN").write_text(f"sim-{factories.OTHER_ACCOUNT}")
    code, status = ended(stage.run())
    assert (code, status["state"], status["counts"]["accepted"]) == (0, "finished", 3 * people)
    assert stage.platform.stats()["doubles"] == 0


@pytest.mark.long
def test_under_up_a_new_secret_is_enough_and_without_it_status_says_that_nobody_sends(stage, wait_until):
    stage.write(60, ("burger",))
    assert ended(stage.run())[0] == 5
    server = stage.start("up", "--no-web", "--workers", "1")
    wait_until(lambda: list(stage.home.glob("workers/*")), "the worker is there", 30)
    refused = stage.platform.stats()["arrivals"]
    assert stage.status()["pages"]["burger"]["state"] == "parked"
    (stage.secrets / "BURGER_TOKEN").write_text(f"sim-{factories.OTHER_ACCOUNT}")
    changed = time.time()
    wait_until(lambda: len(stage.arrived(factories.OTHER_ACCOUNT)) > 1, "it goes on by itself", 10)
    assert stage.arrived(factories.OTHER_ACCOUNT)[0] - changed < 4
    server.send_signal(signal.SIGINT)
    assert server.wait(40) == 0
    server.stdout.close()
    assert stage.platform.stats()["senders"][REVOKED]["arrivals"] == refused, "no call with the refused token"
    told = stage.status()
    if told["state"] == "sending":
        assert told["sentence"].startswith("Waiting: nobody sends, because no worker runs here")
        assert ended(stage.run())[0] == 0
    assert list((stage.home / "workers").iterdir()) == []
    runtime = Runtime.open(factories.Settings(home=stage.home))
    kinds = [row["kind"] for row in select(runtime, "SELECT kind FROM event WHERE kind LIKE 'page.%' ORDER BY id")]
    runtime.close()
    assert kinds == ["page.parked", "page.resumed"]


@pytest.mark.long
def test_a_healthy_page_takes_as_long_beside_the_others_as_alone(stage, tmp_path):
    """Within 3 %, from its first to its last arrival, at 40/s for 30 s, while another page waits for a minute."""
    people = 30 * RATE
    stage.platform.change(codes={person(0): "613@60,ok"})
    took = []
    for names in (("coffee",), PAGES):
        stage.platform.reset()
        stage.platform.change(codes={person(0): "613@60,ok"} if len(names) > 1 else {})
        stage.write(people, names)
        code, _ = ended(stage.run())
        times = stage.arrived(COFFEE)
        assert len(times) == people
        took.append(times[-1] - times[3])
    (tmp_path / "took.json").write_text(json.dumps(took))
    assert code == 5
    assert took[1] <= 1.03 * took[0], took
