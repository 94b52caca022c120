"""remainder and clone: what a campaign leaves for the next one. And person, over all of them."""

import csv

import polars as pl
import pytest

from campaigns import audience
from campaigns.settings import Settings
from tests import factories
from tests.factories import ENVIRONMENT, content, person, select
from tests.lifecycle.aftermath import becomes, ends, write

OWN = ["recipient_id", "first_name", "last_inbound_at", "code"]


def people():
    """Eight people with cells that a spreadsheet would spoil; one line is broken, one repeats a person."""
    rows = factories.people(6, code="")
    for row, code in zip(rows, ("007", "=1+1", "a,b", 'say "hi"', "line\nbreak", "-5"), strict=True):
        row["code"] = code
    broken = rows[0] | {"recipient_id": "1.78E+16", "code": "x"}
    return [*rows, broken, dict(rows[0])]


@pytest.fixture
def runtime():
    opened = factories.opened(Settings().home)
    yield opened
    opened.close()


@pytest.fixture
def ended(runtime, tmp_path, monkeypatch):
    """Two accepted, one each of read, failed, unknown and cancelled."""
    monkeypatch.setenv("ACME_TOKEN", ENVIRONMENT["ACME_TOKEN"])
    campaign = factories.launched(runtime, tmp_path, people())
    for n, state in enumerate(("accepted", "failed", "read", "unknown", "cancelled")):
        becomes(runtime, n, state, "no_such_person" if state == "failed" else None)
    ends(runtime)
    return campaign


def read_back(path, tmp_path):
    stored = tmp_path / "again.parquet"
    reading = audience.read(path, stored, {}, zone=None, now_ms=2_000_000_000_000)
    assert reading.columns == OWN
    return pl.read_parquet(stored).select(OWN).rows()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_remainder_reads_back_as_the_list_had_it(pagecast, ended, tmp_path, kind):
    out = tmp_path / f"rest.{kind}"
    run = pagecast("remainder", "last", "--out", out, "--json")
    assert run.code == 0
    assert run.document == {
        "id": ended.ref,
        "file": str(out),
        "rows": 4,
        "rejected": 1,
        "open": 0,
        "unknown": 1,
        "dry_run": False,
    }
    with (tmp_path / "people.csv").open(newline="", encoding="utf-8") as file:
        _, *listed = map(tuple, csv.reader(file))
    assert read_back(out, tmp_path) == [listed[n] for n in (1, 4, 5, 6)]
    assert f"pagecast resolve {ended.ref} --as not-sent" in run.err
    assert list(tmp_path.glob(".rest*")) == []


def test_a_remainder_of_what_still_sends_warns(pagecast, ended, runtime, tmp_path):
    del ended
    write(runtime, "UPDATE campaign SET state = 'sending', finished_at = NULL")
    run = pagecast("remainder", "last", "--out", tmp_path / "rest.csv")
    assert "may still send to 1 person: cancel it" in run.err


def test_a_broken_line_of_a_person_who_was_reached_stays_out(pagecast, runtime, tmp_path):
    rows = factories.people(3)
    rows.append(rows[0] | {"last_inbound_at": "yesterday or so"})
    factories.launched(runtime, tmp_path, rows)
    for n in range(3):
        becomes(runtime, n, "accepted")
    assert pagecast("remainder", "last", "--out", tmp_path / "r.csv", "--json").document["rows"] == 0


def test_a_dry_run_writes_nothing(pagecast, ended, tmp_path):
    del ended
    assert pagecast("remainder", "last", "--out", tmp_path / "r.csv", "--dry-run", "--json").document["rows"] == 4
    assert not (tmp_path / "r.csv").exists()


def test_refusals(pagecast, ended, runtime, tmp_path):
    del ended
    assert pagecast("remainder", "last", "--out", tmp_path / "r.xls").code == 2
    assert pagecast("remainder", "last", "--out", tmp_path / "no" / "r.csv").code == 3
    factories.submitted(runtime, tmp_path, people(), content(name="Autumn"))
    run = pagecast("remainder", "Autumn", "--out", tmp_path / "r.csv")
    assert run.code == 4
    assert "never launched" in run.err


def test_a_clone_is_a_draft_that_launches_the_same(pagecast, ended, runtime):
    made = pagecast("clone", "last", "--json").document
    assert (made["name"], made["state"]) == ("Spring copy", "draft")
    plan = pagecast("plan", made["id"], "--json").document
    assert plan["total"] == 8
    assert pagecast("launch", made["id"], "--plan", plan["token"], "--json").document["state"] == "sending"
    rows = select(runtime, "SELECT list_id, message, fingerprint, title FROM campaign ORDER BY id")
    assert rows[1] == rows[0] | {"title": "Spring copy"}
    assert ended.ref != made["id"]


def test_a_clone_that_is_said_twice_is_one(pagecast, ended, count):
    first = pagecast("clone", ended.ref, "--json").document["id"]
    assert pagecast("clone", ended.ref, "--json").document["id"] == first
    assert count("campaign") == 2


def test_a_clone_after_a_launched_clone_gets_a_number(pagecast, ended, runtime):
    pagecast("clone", ended.ref)
    write(runtime, "UPDATE campaign SET state = 'finished'")
    assert pagecast("clone", ended.ref, "--json").document["name"] == "Spring copy 2"


def test_a_clone_never_has_a_name_that_is_taken(pagecast, ended, tmp_path):
    run = pagecast("clone", ended.ref, "--name", "Spring")
    assert run.code == 3
    assert "named Spring already" in run.err
    assert pagecast("clone", ended.ref, "--name", "Later", "--json").document["name"] == "Later"
    del tmp_path


def test_a_clone_leaves_out_what_has_passed(pagecast, ended, runtime):
    spec = """json_set(spec, '$.schedule.start', '2020-01-01 09:00 UTC')"""
    write(runtime, f"UPDATE campaign SET start_at = 1, spec = {spec}")
    run = pagecast("clone", ended.ref, "--json")
    assert run.document["notes"] == ["schedule.start has passed and is left out."]
    assert select(runtime, "SELECT start_at FROM campaign ORDER BY id")[1]["start_at"] is None


def test_a_dry_clone_stores_nothing(pagecast, ended, count):
    assert pagecast("clone", ended.ref, "--dry-run").code == 0
    assert count("campaign") == 1


def test_a_person_over_all_campaigns(pagecast, ended, runtime, tmp_path):
    write(
        runtime,
        """UPDATE delivery SET message_ids = 'm_1', request_id = 'r_1', sent_at = 5, accepted_at = 6
           WHERE recipient_id = :id""",
        id=person(0),
    )
    factories.launched(runtime, tmp_path, people(), content(name="Autumn"))
    write(runtime, "INSERT INTO suppression VALUES (:id, 0, 'cli', 'asked', 1)", id=person(0))
    found = pagecast("person", person(0), "--json").document
    assert [(each["campaign"], each["delivery"]["state"]) for each in found["messages"]] == [
        ("Autumn", "pending"),
        ("Spring", "accepted"),
    ]
    assert found["messages"][1]["id"] == ended.ref
    assert found["messages"][1]["delivery"]["message_ids"] == ["m_1"]
    assert found["messages"][1]["delivery"]["request_id"] == "r_1"
    assert "any account" in found["suppressed"][0]
    assert [(each["page"], each["open"]) for each in found["windows"]] == [("acme", True)]
    said = pagecast("person", person(0)).out
    assert "request id: r_1" in said
    assert "message ids: m_1" in said


def test_a_stranger_is_refused(pagecast, ended):
    del ended
    run = pagecast("person", "5")
    assert run.code == 3
    assert "No launched campaign names 5" in run.err
