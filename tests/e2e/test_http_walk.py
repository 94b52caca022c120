"""The README's walk over HTTP, word for word: its lines go through a shell and curl to `pagecast up`.

What is printed at each step is compared with the ledger, and with what the platform saw.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from campaigns import simulator
from campaigns.settings import Settings
from campaigns.simulator import Scenario
from tests import factories
from tests.factories import people
from tests.installation import installation

README = Path(__file__).parents[2] / "README.md"
PEOPLE = 40
NEEDS = "curl --json is there since 7.82"


def lines():
    """Return the commands of the README's section, without their remarks."""
    (section,) = re.findall(r"- \*\*Over HTTP\.\*\*.*?```sh\n(.*?)```", README.read_text(), re.DOTALL)
    return [line.partition("  #")[0].strip() for line in section.splitlines() if line.strip()]


def has_curl():
    if shutil.which("curl") is None:
        return False
    said = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, said.split()[1].split(".")[:2])) >= (7, 82)


pytestmark = pytest.mark.skipif(not has_curl(), reason=NEEDS)


@pytest.fixture
def platform():
    with simulator.start(Scenario(latency=0.02, blocked=0.1, seed=3)) as running:
        yield running


@pytest.fixture
def up(tmp_path, dialect, monkeypatch):  # noqa: ARG001 - `dialect` sets the database
    """Web, workers and clock; return the address. What follows the README has their settings."""
    for name, value in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with installation(tmp_path / "home") as url:
        yield url


class Shell:
    """Somebody who follows the README in a folder of their own; `told` are the variables of its lines."""

    def __init__(self, folder, url):
        self.folder = folder
        self.told = {"URL": url}
        self.left = lines()

    def follow(self, **blanks):
        """Run the next line, whose `…` is filled in; return what it printed."""
        line = self.left.pop(0)
        for blank in blanks.values():
            line = line.replace("…", blank)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-ec", line],
            env=os.environ | self.told | {"PATH": path},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    def asked(self, **blanks):
        """Run the next line; return the data of the answer that it printed."""
        return json.loads(self.follow(**blanks))["data"]


@pytest.fixture
def shell(tmp_path, up):
    return Shell(tmp_path, up)


@pytest.fixture
def ledger(up):  # noqa: ARG001 - it made the database
    """Look into the database that `up` works on."""
    runtime = factories.opened(Settings().home)
    yield lambda: Counter(row["state"] for row in factories.select(runtime, "SELECT state FROM delivery"))
    runtime.close()


def events(stream):
    """Return name and data of each event of a stream."""
    parts = (dict(line.partition(": ")[::2] for line in part.splitlines()) for part in stream.split("\n\n"))
    return [(part["event"], json.loads(part["data"])) for part in parts if "event" in part]


def test_the_lines_of_the_readme_send_a_campaign(shell, platform, pagecast, ledger, tmp_path):
    rows = people(PEOPLE)
    factories.write_list(tmp_path / "people.csv", [*rows, rows[0], rows[1] | {"recipient_id": "none"}])
    page = [
        "--channel=instagram",
        "--provider=meta",
        f"--account-id={factories.ACCOUNT}",
        "--token=@{secret:ACME_TOKEN}",
    ]
    assert pagecast("pages", "add", "acme", *page, f"--base-url={platform.meta_url}").code == 0

    shell.told["KEY"] = shell.follow().strip()
    listed = shell.asked()
    assert (listed["rows"], listed["usable"], listed["rejected"], listed["duplicates"]) == (PEOPLE + 2, PEOPLE, 1, 1)

    campaign = factories.content(list=listed["id"])
    del campaign["pages"]
    (tmp_path / "campaign.json").write_text(json.dumps(campaign))
    shell.told["ID"] = shell.asked()["id"]
    plan = shell.asked()
    assert (plan["eligible"], plan["total"], platform.stats()["accepted"]) == (PEOPLE, PEOPLE + 2, 0)
    assert shell.asked(token=plan["token"])["state"] == "sending"

    told = events(shell.follow())
    assert [name for name, _ in told] == ["status"] * (len(told) - 1) + ["end"]
    _, last = told[-1]
    assert (last["state"], last["total"]) == ("finished", PEOPLE + 2)
    assert Counter(last["counts"]) == ledger() + Counter({"rejected": 1, "duplicate": 1})
    assert ledger()["accepted"] == len(list(platform.accepted())) > PEOPLE / 2

    assert shell.follow() == ""
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8-sig") as file:
        results = list(csv.DictReader(file))
    assert Counter(row["state"] for row in results) == Counter(last["counts"])
    arrived = {each["recipient_id"] for each in platform.accepted()}
    assert {row["recipient_id"] for row in results if row["state"] == "accepted"} == arrived
    assert not shell.left
