"""A server on one machine, the command line on another: `pagecast up` in one state folder, `pagecast run` in none."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from campaigns import keys
from campaigns.runtime import now_of
from schemas.role import Role
from tests import factories
from tests.e2e.conftest import TOKENS, Desk
from tests.factories import people
from tests.installation import installation

PEOPLE = 30
FILES = ("report.html", "results.csv", "results.parquet", "summary.json")


@pytest.fixture
def server(runtime):
    """Everything that sends, as `pagecast up` runs it; return its address and an admin's key."""
    with runtime.writing() as conn:
        key = keys.create(conn, "laptop", Role.ADMIN, now=now_of(conn), actor="test").secret
    with installation(runtime.settings.home, TOKENS) as url:
        yield url, key


@pytest.fixture
def laptop(server, tmp_path, platform):
    """Run a command on a machine that has a campaign file, its list, and nothing else of Pagecast."""
    url, key = server
    folder = tmp_path / "laptop"
    folder.mkdir()
    rows = people(PEOPLE)
    Desk(folder, platform).write([*rows, rows[0], rows[1] | {"recipient_id": "none"}])
    own = {"PAGECAST_URL": url, "PAGECAST_API_KEY": key, "PAGECAST_HOME": str(folder / "home")}
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", *TOKENS}} | own

    def run(*words):
        command = [sys.executable, "-m", "campaigns.cli", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)

    run.folder = folder
    return run


def files(folder):
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


def test_a_run_from_another_machine_sends_once_and_its_report_comes_there(laptop, platform, runtime):
    report = laptop.folder / "report"
    run = laptop("run", "campaign.toml", "--yes", "--json", "--report-dir", str(report))
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    ledger = Counter(row["state"] for row in factories.select(runtime, "SELECT state FROM delivery"))
    counts = {state: n for state, n in document["counts"].items() if n}
    assert counts == {**ledger, "rejected": 1, "duplicate": 1}
    assert (document["state"], ledger["accepted"], platform.accepted.total()) == ("finished", PEOPLE, PEOPLE)
    with (report / "results.csv").open(newline="", encoding="utf-8-sig") as file:
        assert Counter(row["state"] for row in csv.DictReader(file)) == counts
    assert json.loads((report / "summary.json").read_text())["status"]["counts"] == document["counts"]

    again = laptop("run", "campaign.toml", "--yes", "--json")
    assert (again.returncode, platform.accepted.total()) == (0, PEOPLE), again.stderr
    assert "is finished already, so nothing is sent" in again.stderr
    assert json.loads(again.stdout)["counts"] == document["counts"]
    written = {f"{folder}/{name}" for folder in ("report", f"home/reports/{document['id']}") for name in FILES}
    assert files(laptop.folder) == {"campaign.toml", "people.csv"} | written
    assert platform.doubles == {}
