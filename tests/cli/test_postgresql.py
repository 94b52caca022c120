"""The command line with a database that several machines use."""

import pytest

from campaigns.cli.up import early
from campaigns.settings import Settings
from tests import factories

CAMPAIGN = """
name = "Spring"
list = "people.csv"
page = "acme"
[message]
text = "Hi"
"""


@pytest.fixture(autouse=True)
def shared(postgres, monkeypatch):
    with postgres.database() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        yield


@pytest.mark.parametrize("words", [("run", "campaign.toml"), ("up",)])
def test_what_sends_needs_a_redis_for_all_machines(pagecast, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.toml").write_text(CAMPAIGN)
    run = pagecast(*words)
    assert run.code == 3
    assert "Set REDIS_URL" in run.err


def test_a_second_run_prepares_its_workers_at_once(tmp_path):
    home = tmp_path / "home"
    assert early(home, wanted=True) is None
    runtime = factories.opened(home)
    assert early(home, wanted=True) is None
    factories.launched(runtime, tmp_path, factories.people(1))
    runtime.close()
    prepared = early(home, wanted=True)
    assert prepared is not None
    prepared.close()
    prepared._process.wait(20)


def test_the_doctor_says_what_is_missing(pagecast):
    run = pagecast("doctor", "--json")
    checks = {check["name"]: check for check in run.document["checks"]}
    assert run.code == 5
    assert (checks["database"]["state"], checks["clock"]["state"]) == ("ok", "ok")
    assert checks["durability"]["sentence"].startswith("fsync and full_page_writes are off")
    assert "Set REDIS_URL" in checks["redis"]["sentence"]


def test_a_file_is_moved_there(pagecast, tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        before.delenv("DATABASE_URL")
        factories.opened(tmp_path / "old").close()
        file = Settings(home=tmp_path / "old").sqlite_path
    rehearsed = pagecast("migrate", "--from", file, "--dry-run", "--json").document
    assert (rehearsed["kept"], rehearsed["dry_run"]) == (None, True)
    assert file.exists()
    moved = pagecast("migrate", "--from", file, "--json").document
    assert moved["rows"] == rehearsed["rows"]
    assert moved["kept"] == f"{file}.moved"
    assert not file.exists()


def test_pages_are_stored_there(pagecast, tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "sim-1")
    facts = ("--channel", "instagram", "--provider", "meta", "--account-id", "17841", "--token", "@{secret:ACME_TOKEN}")
    assert pagecast("pages", "add", "acme", *facts).code == 0
    assert [page["name"] for page in pagecast("pages", "list", "--json").document] == ["acme"]
    assert not (tmp_path / "home" / "pagecast.sqlite3").exists()
