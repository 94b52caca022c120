"""A server on one machine, the command line on another: `pagecast up` in one state folder, `pagecast run` in none."""

import csv
import json
import os
import socket
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

import httpx
import pytest

from campaigns import keys
from campaigns.runtime import now_of
from schemas.role import Role
from tests import factories
from tests.conftest import POSTGRESQL
from tests.e2e.conftest import TOKENS, Desk
from tests.factories import people

PEOPLE = 30
FILES = ("report.html", "results.csv", "results.parquet", "summary.json")
_PATIENCE = 60.0


@pytest.fixture
def server(runtime, dialect, monkeypatch, wait_until):
    """Everything that sends, as `pagecast up` runs it; return its address and an admin's key."""
    if dialect == POSTGRESQL:
        monkeypatch.setenv("PAGECAST_FORCE_EMBEDDED", "true")
    with runtime.writing() as conn:
        key = keys.create(conn, "laptop", Role.ADMIN, now=now_of(conn), actor="test").secret
    with _up(runtime.settings.home, wait_until) as url:
        yield url, key


@contextmanager
def _up(home, wait_until):
    with socket.create_server(("127.0.0.1", 0)) as wire:
        port = wire.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "campaigns.cli", "up", "--workers", "1"],
        env=os.environ | TOKENS | {"PAGECAST_HOME": str(home), "PAGECAST_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"

    def answers():
        assert process.poll() is None, process.communicate()[0]
        try:
            return httpx.get(f"{url}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, "the web answers", _PATIENCE)
        yield url
    finally:
        process.terminate()
        said = process.communicate(timeout=_PATIENCE)[0]
    assert process.returncode == 0, said


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


@pytest.mark.databases("sqlite", pytest.param(POSTGRESQL, marks=pytest.mark.long))
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
