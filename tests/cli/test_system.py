import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from campaigns import examination, migrations, pages
from campaigns.inbox import Inbox, Raw, Refusal
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from campaigns.simulator import load, start
from schemas.page import ProviderName
from tests import factories

ACCOUNT = "17841400000000000"
CHECKS = ("home", "disk", "database", "durability", "clock", "secrets", "pages", "chunks", "webhooks", "inbox")
PAGECAST = [sys.executable, "-m", "campaigns.cli"]


@pytest.fixture
def started():
    """Start the command line as a process of its own; whatever is left of it ends with the test."""
    processes = []

    def start(*arguments):
        process = subprocess.Popen(
            [*PAGECAST, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def checks(run):
    found = {}
    for check in run.document["checks"]:
        found.setdefault(check["name"], []).append(check)
    return found


@pytest.fixture
def no_redis(monkeypatch):
    """An address where nobody listens: the doctor's look at Redis is over at once."""
    with socket.create_server(("127.0.0.1", 0)) as wire:
        port = wire.getsockname()[1]
    monkeypatch.setenv("REDIS_URL", f"redis://user:hunter2@127.0.0.1:{port}")


@pytest.fixture
def stored_page(pagecast):
    def store():
        facts = ["--channel", "instagram", "--provider", "meta", "--account-id", ACCOUNT]
        assert pagecast("pages", "add", "acme", *facts, "--token", "@{secret:ACME_TOKEN}").code == 0

    return store


def test_a_healthy_installation(pagecast, stored_page, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", f"sim-{ACCOUNT}")
    stored_page()
    run = pagecast("doctor", "--json")
    assert run.code == 0, run.out
    assert run.document["healthy"]
    assert set(run.document["versions"]) >= {"pagecast", "python", "sqlite", "polars"}
    found = checks(run)
    assert set(found) == {*CHECKS, "redis"}
    assert [check["state"] for each in found.values() for check in each if check["name"] != "disk"] == ["ok"] * 10
    assert "bundled server answers" in found["redis"][0]["sentence"]


@pytest.mark.usefixtures("no_redis")
def test_everything_that_needs_a_person_is_named_with_a_way_out(pagecast, stored_page, database, tmp_path):
    stored_page()
    with database() as conn:
        page = pages.named(conn, "acme")
        pages.park(conn, page.id, "190", "The token has expired.", now_of(conn))
        _stop_a_chunk(conn)
    (tmp_path / "home").chmod(0o755)
    run = pagecast("doctor", "--json")
    assert run.code == 5
    assert not run.document["healthy"]
    found = checks(run)
    assert found["secrets"][0]["sentence"] == "ACME_TOKEN of page acme is not set."
    assert found["pages"][0]["sentence"] == "acme: The token has expired."
    assert "Spring: 1 chunks. Three crashes." in found["chunks"][0]["sentence"]
    assert "Redis cannot be used" in found["redis"][0]["sentence"]
    states = {name: each[0]["state"] for name, each in found.items()}
    assert [states[name] for name in ("secrets", "pages", "chunks", "redis")] == ["problem"] * 4
    assert states["home"] == "warning"
    ways = [found[name][0]["next_step"] for name in ("home", "secrets", "pages", "chunks")]
    assert all(ways)
    assert "hunter2" not in run.out + run.err
    assert "secrets, pages, chunks, redis" in run.err
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o755, "the doctor looks and changes nothing"


@pytest.mark.usefixtures("no_redis")
def test_people_read_a_line_a_check(pagecast):
    run = pagecast("doctor")
    assert run.code == 5
    assert any(line.startswith("ok       durability: journal_mode is wal") for line in run.out.splitlines())


@pytest.mark.usefixtures("no_redis")
def test_a_page_paused_by_a_person_is_no_problem(pagecast, stored_page, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", f"sim-{ACCOUNT}")
    stored_page()
    pagecast("pages", "pause", "acme")
    assert checks(pagecast("doctor", "--json"))["pages"][0]["state"] == "warning"


@pytest.mark.usefixtures("no_redis")
def test_a_database_that_cannot_be_had_does_not_hide_the_rest(pagecast, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/no/such/folder/db")
    found = checks(pagecast("doctor", "--json"))
    assert found["database"][0]["state"] == "problem"
    assert {"home", "disk", "redis"} <= set(found)


@pytest.mark.barren
@pytest.mark.usefixtures("no_redis")
def test_a_file_that_is_no_database_is_a_sentence(pagecast, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "pagecast.sqlite3").write_text("not a database" * 100)
    run = pagecast("doctor", "--json")
    assert run.code == 5
    assert "not a database" in checks(run)["database"][0]["sentence"]


def test_a_home_that_cannot_be_used_is_the_one_finding(pagecast, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PAGECAST_HOME", str(tmp_path / "file" / "home"))
    run = pagecast("doctor", "--json")
    assert run.code == 5
    assert list(checks(run)) == ["home"]


@pytest.mark.usefixtures("no_redis")
def test_who_has_not_been_told_is_told_of(pagecast, database):
    pagecast("notices", "add", "ops", "--url", "https://hooks.example.org/pagecast")
    with database() as conn:
        given_up = """
            INSERT INTO notice (target_id, key, event_id, kind, body, state, attempts, created_at, due_at, last_error)
            VALUES (1, 'n', 1, 'page.parked', '', 'dead', 9, 1, 1, 'No answer.')
        """
        conn.execute(factories.text(given_up))
    (found,) = checks(pagecast("doctor", "--json"))["notices"]
    assert (found["state"], found["sentence"]) == ("warning", "1 notice to ops did not arrive, and no more is tried.")
    assert found["next_step"].endswith("pagecast notices replay ops --dead")


@pytest.mark.usefixtures("no_redis")
def test_webhooks_are_told(pagecast, monkeypatch):
    monkeypatch.setenv("PAGECAST_META_APP_SECRET", "hunter2,hunter3")
    monkeypatch.setenv("PAGECAST_ORBIT_WEBHOOK_SECRET", "@{secret:ORBIT_HOOK}")
    with inbox() as kept:
        now = int(time.time() * 1000)
        kept.keep([Raw(ProviderName.META, now - 600_000, b"") for _ in range(2)])
        kept.refused(ProviderName.META, Refusal.WRONG_SIGNATURE, now, 14)
    run = pagecast("doctor", "--json")
    found = checks(run)
    assert found["webhooks"][0]["sentence"] == "ORBIT_HOOK of the webhooks is not set."
    assert "14 wrong signatures" in found["webhooks"][1]["sentence"]
    assert [each["state"] for each in found["webhooks"]] == ["problem", "problem"]
    assert found["inbox"][0]["sentence"].startswith("2 webhooks waited up to 10 min")
    assert found["inbox"][0]["state"] == "warning"
    assert "hunter" not in run.out + run.err
    monkeypatch.setenv("ORBIT_HOOK", "whsec_1")
    assert "handshake is refused" in checks(pagecast("doctor", "--json"))["webhooks"][0]["sentence"]
    monkeypatch.setenv("PAGECAST_META_VERIFY_TOKEN", "word")
    assert checks(pagecast("doctor", "--json"))["webhooks"][0]["sentence"] == (
        "Secrets for webhooks: Meta's (2 set), Orbit's (1 set)."
    )


def test_status_says_that_webhooks_are_refused(pagecast, tmp_path):
    runtime = factories.opened(Settings().home)
    campaign = factories.submitted(runtime, tmp_path, factories.people(1))
    runtime.close()
    assert pagecast("status", campaign.ref, "--json").document["warnings"] == []
    with inbox() as kept:
        kept.refused(ProviderName.META, Refusal.WRONG_SIGNATURE, int(time.time() * 1000), 14)
    (warning,) = pagecast("status", campaign.ref, "--json").document["warnings"]
    assert warning.startswith("Meta's webhooks are refused: 14 wrong signatures")
    assert warning in pagecast("status", campaign.ref).out


@contextmanager
def inbox():
    runtime = Runtime.open(Settings())
    with Inbox.opened(runtime) as opened:
        yield opened
    runtime.close()


def test_a_clock_that_runs_away_is_a_problem(pagecast, database, monkeypatch):
    pagecast("migrate")
    ahead = time.time() + 60
    with database() as conn:
        monkeypatch.setattr(time, "time", lambda: ahead)
        finding = examination._clock(conn)
    assert finding.state == "problem"
    assert "behind this machine's" in finding.sentence


@pytest.mark.barren
def test_migrate_says_what_it_did(pagecast):
    assert pagecast("migrate", "--dry-run", "--json").document == {"from": None, "to": migrations.HEAD, "dry_run": True}
    assert pagecast("migrate", "--json").document == {"from": None, "to": migrations.HEAD, "dry_run": False}
    assert pagecast("migrate", "--json").document["from"] == migrations.HEAD
    assert "already" in pagecast("migrate").out


@pytest.mark.usefixtures("no_redis")
def test_a_database_of_a_newer_version_is_left_alone(pagecast, database):
    pagecast("migrate")
    with database() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    run = pagecast("migrate")
    assert (run.code, run.out) == (4, "")
    assert "newer Pagecast" in run.err
    assert "newer Pagecast" in checks(pagecast("doctor", "--json"))["database"][0]["sentence"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at the process through /proc")
def test_up_becomes_the_supervisor(started, tmp_path, wait_until):
    process = started("up", "--workers", "1", "--threads", "3", "--no-web", "--json")
    lock = tmp_path / "home" / "supervisor.lock"
    wait_until(lambda: lock.exists() or process.poll() is not None, "the supervisor works")
    command = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
    environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    assert command[1:] == [b"-m", b"workers.up", b""]
    assert b"PAGECAST_WORKER_PROCESSES=1" in environment
    assert b"PAGECAST_WORKER_THREADS=3" in environment
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out) == {"home": str(tmp_path / "home"), "url": None, "workers": 1, "threads": 3}


class Replaced(Exception):  # noqa: N818 - what exec does to a process
    pass


def test_the_doctor_names_what_is_forgotten_soon(pagecast, monkeypatch):
    assert "retention" not in checks(pagecast("doctor", "--json"))
    monkeypatch.setenv("PAGECAST_KEEP_BODIES_DAYS", "1")
    monkeypatch.setenv("PAGECAST_KEEP_LISTS_DAYS", "2")
    (found,) = checks(pagecast("doctor", "--json"))["retention"]
    assert found["state"] == "warning"
    assert "older than 1 day" in found["sentence"]
    assert "2 days after its end" in found["sentence"]


@pytest.mark.parametrize(("arguments", "web"), [([], ["--web"]), (["--no-web"], [])])
def test_up_serves_the_web_unless_told_not_to(pagecast, monkeypatch, arguments, web):
    def replace(path, command):
        raise Replaced(path, *command)

    monkeypatch.setattr(os, "execv", replace)
    monkeypatch.setenv("PAGECAST_PORT", "0")
    with pytest.raises(Replaced) as end:
        pagecast("up", *arguments)
    assert list(end.value.args) == [sys.executable, sys.executable, "-m", "workers.up", *web]


def test_up_says_that_its_port_is_taken_before_it_begins(pagecast, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("PAGECAST_PORT", str(port))
        run = pagecast("up")
    assert (run.code, run.out) == (4, "")
    assert f"port {port} of 127.0.0.1 is in use by another program" in run.err


def test_a_second_up_says_that_it_stands_by(started, tmp_path, wait_until):
    lock = tmp_path / "home" / "supervisor.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = started("up")
        assert process.stdout is not None
        wait_until(lambda: Path(f"/proc/{process.pid}/cmdline").read_bytes().find(b"workers.up") > 0, "it waits")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert "this one stands by" in err
    assert "Web:" not in err


@pytest.mark.parametrize("bad", [["--workers", "0"], ["--workers", "65"], ["--threads", "0"], ["--threads", "many"]])
def test_up_refuses_sizes_that_cannot_be(pagecast, bad):
    run = pagecast("up", *bad)
    assert (run.code, run.out) == (2, "")


def statuses(client, url):
    """How the platform answers a send to each of twenty people."""
    people = ({"recipient": {"id": str(10**16 + n)}, "message": {"text": "Hello"}} for n in range(20))
    return [client.post(f"{url}/v26.0/me/messages", json=message).status_code for message in people]


def test_the_simulator_follows_the_scenario_and_the_seed(started, tmp_path):
    file = tmp_path / "moody.toml"
    file.write_text("seed = 1\nblocked = 0.5\n")
    process = started("simulate", "--port", "0", "--scenario", str(file), "--seed", "5", "--json")
    url = json.loads(process.stdout.readline())["url"]
    headers = {"Authorization": f"Bearer sim-{ACCOUNT}"}
    with httpx.Client(trust_env=False, headers=headers) as client:
        answered = statuses(client, url)
    with httpx.Client(trust_env=False, headers=headers) as client, start(load(file)) as other:
        assert answered != statuses(client, other.url), "another seed, other fates"
        other.reset()
        other.change(seed=5)
        assert answered == statuses(client, other.url)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, "", "")


def test_the_simulator_says_how_to_use_it(started):
    process = started("simulate", "--port", "0")
    process.stdout.readline()
    process.terminate()
    _, err = process.communicate(timeout=10)
    for hint in ("/v26.0", "/api/v1", "sim-ACCOUNT_ID", "@{secret:NAME}"):
        assert hint in err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--scenario", "gale"], 3, "Choose calm, demo, storm"),
        (["--scenario", "missing.toml"], 3, "cannot be read"),
        (["--port", "70000"], 2, "--port"),
    ],
)
def test_a_simulator_that_cannot_be(pagecast, arguments, code, sentence):
    run = pagecast("simulate", *arguments)
    assert (run.code, run.out) == (code, "")
    assert sentence in run.err


def test_a_port_that_is_taken(pagecast):
    with socket.create_server(("127.0.0.1", 0)) as wire:
        run = pagecast("simulate", "--port", wire.getsockname()[1])
    assert run.code == 3
    assert "Choose another port" in run.err


def _stop_a_chunk(conn):
    conn.exec_driver_sql("INSERT INTO recipient_list VALUES ('l', 'l.csv', 'l.parquet', 1, 1, 0, '[]', '[]', 0)")
    conn.exec_driver_sql("""
        INSERT INTO campaign (id, ref, name, title, fingerprint, state, sentence, spec, message, list_id, margin_ms,
                              total, created_at)
        VALUES (1, 'abc', 'Spring', 'Spring', '', 'sending', '', '{}', '{}', 'l', 0, 1, 0)
    """)
    conn.exec_driver_sql("""
        INSERT INTO chunk (campaign_id, page_id, seq, size, state, fence, crashes, sentence)
        VALUES (1, 1, 1, 1, 'stopped', 1, 3, 'Three crashes.')
    """)
