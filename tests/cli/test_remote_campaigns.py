"""Campaigns from the command line against a server: the verbs, documents and exit codes of this machine."""

import json
import re
import time

import pytest

from campaigns import keys
from campaigns.runtime import now_of
from schemas.role import Role
from tests import factories
from tests.cli.remote import reach, serve, shape
from tests.e2e.conftest import Desk
from tests.factories import people, person

__all__ = ["reach", "serve"]

US = "17900000000000777"


class Nowhere:
    """A platform that nothing is sent to."""

    meta_url = orbit_url = factories.NOWHERE


@pytest.fixture
def file(tmp_path):
    """Write a campaign file beside its list: three people, and one whose window is closed."""
    wrote = int(time.time()) - 3600

    def write(name="Spring", **changes):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        rows = [*people(3, last_inbound_at=wrote), *people(1, recipient_id=person(9), last_inbound_at=1_500_000_000)]
        pages = {"acme": factories.page(rate=400), "burger": factories.other_page()}
        return Desk(folder, Nowhere()).write(rows, name=name, **({"pages": pages} | changes))

    return write


@pytest.fixture
def launched(reach, file):
    """Launch a campaign here; return its id."""

    def launch(name="Spring", **changes):
        path = file(name, **changes)
        token = reach.here("plan", path, "--json").document["token"]
        ref = reach.here("submit", path, "--json").document["id"]
        assert reach.here("launch", ref, "--plan", token).code == 0
        return ref

    return launch


def test_a_draft_is_written_looked_at_and_launched_there_as_here(reach, file, tmp_path):
    path = file()
    submitted, there = reach.both("submit", path)
    assert there.document == submitted.document
    assert there.err.startswith(f"Server: {reach.url} as key walker (admin)\n")
    assert "State folder" not in there.err
    card = tmp_path / "card.toml"
    card.write_text('currency = "USD"\n[[rates]]\nprice = 0.01\n')
    here, there = reach.both("plan", path, "--rates", card)
    assert there.document["cost"] == here.document["cost"]
    assert there.document["cost"]["amount"] == "0.03"
    sample, there = reach.both("preview", "last", "--to", person(1))
    assert there.document == sample.document
    here, there = reach.both("plan", path)
    assert there.document["token"] == here.document["token"]
    assert there.document["findings"] == here.document["findings"]
    for where in (reach.here, reach.there):
        assert where("plan", "Spring", "--skipped", tmp_path / f"{where.__name__}.csv").code == 0
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    ref, token = submitted.document["id"], here.document["token"]
    reach.both("launch", "Spring", "--plan", token, "--dry-run")
    done = reach.there("launch", "Spring", "--plan", token)
    assert (done.code, done.out) == (0, f"Spring is sending. Next: pagecast watch {ref}\n")


def test_what_is_looked_at_has_the_same_words_there_as_here(reach, launched, tmp_path):
    ref = launched()
    left = ["remainder", ref, "--out", "x.csv", "--dry-run"]
    for words in (["status"], ["status", ref], ["explain", ref, person(9)], left):
        here, there = reach.both(*words)
        assert there.document == here.document
        assert reach.there(*words).out == reach.here(*words).out
    for where in (reach.here, reach.there):
        out = tmp_path / where.__name__
        assert where("remainder", "last", "--out", out / "left.csv").code == 3
        out.mkdir()
        assert where("remainder", "last", "--out", out / "left.csv").code == 0
    assert (tmp_path / "there/left.csv").read_bytes() == (tmp_path / "here/left.csv").read_bytes()


def test_reports_of_one_and_of_several_are_fetched(reach, launched, tmp_path):
    refs = [launched(), launched("Autumn")]
    for words, files in (
        ([refs[0], "--xlsx"], {"report.html", "results.csv", "results.parquet", "results.xlsx", "summary.json"}),
        (refs, {"results.csv", "results.parquet", "summary.json"}),
        (["--from", "2020-01-01", "--to", "2099-01-01"], {"results.csv", "results.parquet", "summary.json"}),
    ):
        made = {}
        for where in (reach.here, reach.there):
            folder = tmp_path / where.__name__ / str(refs.index(words[0]) if words[-1] == "--xlsx" else len(words))
            made[where.__name__] = where("report", *words, "--out", folder, "--json").document
            assert {each.name for each in folder.iterdir()} == files
            made[where.__name__, "csv"] = (folder / "results.csv").read_bytes()
            made[where.__name__, "json"] = shape(json.loads((folder / "summary.json").read_text()))
        assert shape(made["there"]) == shape(made["here"])
        assert made["there", "csv"] == made["here", "csv"]
        assert made["there", "json"] == made["here", "json"]


def test_verbs_that_change_a_campaign_say_the_same(reach, launched, tmp_path):
    refs = {"here": launched(), "there": launched("Autumn")}
    message = tmp_path / "message.txt"
    message.write_text("Hello {{ first_name }}")
    for words in (
        ["change", "--rate", "5"],
        ["pause", "--dry-run"],
        ["pause"],
        ["revise", "--message", message, "--dry-run"],
        ["revise", "--message", message, "--yes"],
        ["resolve", "--as", "sent", "--dry-run"],
        ["resolve", "--as", "sent", "--yes"],
        ["resume", "--dry-run"],
        ["resume"],
        ["clone", "--dry-run"],
        ["clone", "--name", "Copy of {}"],
        ["cancel", "--dry-run"],
        ["cancel", "--yes"],
        ["retry", "--scope", "cancelled", "--dry-run"],
        ["retry", "--scope", "cancelled", "--yes"],
        ["pause"],
        ["cancel", "--yes"],
        ["watch"],
    ):
        verb, *options = words
        made = {}
        for where in (reach.here, reach.there):
            name = where.__name__
            made[name] = where(verb, refs[name], *[str(each).format(name) for each in options], "--json")
        here, there = made["here"], made["there"]
        assert there.code == here.code, (words, there.err)
        assert shape(there.document) == shape(here.document), words
    assert reach.there("pause", "--all", "--json").document == {"paused": 0}


def test_a_test_goes_out_there_as_here(reach, file):
    path = file(policy="provider")
    assert reach.here("submit", path).code == 0
    assert reach.here("testers", "add", US, "--page", "acme").code == 0
    words = ["test-send", path, "--to", US, "--anyway", "--dry-run"]
    here, there = reach.both(*words)
    assert there.document == here.document
    assert reach.there(*words).out == reach.here(*words).out


def test_a_question_that_nobody_answers_changes_nothing(reach, launched):
    ref = launched()
    run = reach.there("cancel", ref)
    assert (run.code, "Nobody confirmed" in run.err) == (4, True)
    assert reach.there("status", ref, "--json").document["state"] == "sending"


def untimed(said):
    """Lines without the times of day, which go on between two commands."""
    return re.sub(r"\d\d:\d\d:\d\d", "then", said).splitlines()


def test_a_dry_run_leaves_nothing_at_the_server(reach, file, count):
    path = file()
    here, there = reach.here("run", path, "--dry-run"), reach.there("run", path, "--dry-run")
    assert there.code == 0, there.err
    assert there.out == here.out
    assert untimed(there.err)[1:] == untimed(here.err)[1:]
    assert (count("campaign"), count("page"), count("recipient_list")) == (0, 0, 0)


def test_a_run_that_nobody_confirms_is_not_kept(reach, file, count):
    run = reach.there("run", file())
    assert (run.code, count("campaign")) == (4, 0)
    assert "Add --yes" in run.err


def test_a_run_that_ended_sends_nothing_and_writes_its_report_again(reach, launched, tmp_path):
    ref = launched()
    assert reach.here("cancel", ref, "--yes").code == 0
    out = {}
    for where in (reach.here, reach.there):
        folder = tmp_path / where.__name__
        run = where("run", tmp_path / "Spring/campaign.toml", "--yes", "--report-dir", folder, "--json")
        assert "is cancelled already, so nothing is sent" in run.err
        out[where.__name__] = run
    assert out["there"].code == out["here"].code
    assert shape(out["there"].document) == shape(out["here"].document)
    assert (tmp_path / "there/report.html").exists()


def test_an_unfinished_run_that_differs_is_refused(reach, launched, file):
    launched()
    run = reach.there("run", file(message={"text": "Another one"}), "--yes")
    assert run.code == 4
    assert "the message changed since it began" in run.err


def test_the_doctor_says_what_the_server_answers(reach):
    run = reach.there("doctor", "--json")
    assert run.code == 0, run.err
    assert set(run.document) == {"healthy", "versions", "checks"}
    assert [(each["name"], each["state"]) for each in run.document["checks"]] == [
        ("server", "ok"),
        ("database", "ok"),
        ("key", "ok"),
    ]
    wrong = reach.there("doctor", key="pk_wrong")
    assert wrong.code == 5
    assert "problem  key: This key is not known" in wrong.out


def test_a_key_that_lacks_the_right_is_told_so(reach, launched, runtime):
    ref = launched()
    with runtime.writing() as conn:
        key = keys.create(conn, "reader", Role.VIEWER, now=now_of(conn), actor="test").secret
    run = reach.there("pause", ref, key=key)
    assert (run.code, "as key reader (viewer)" in run.err) == (4, True)
    assert "campaigns.pause" in run.err


def test_a_server_without_a_key_and_one_that_is_not_there(pagecast, monkeypatch):
    monkeypatch.setenv("PAGECAST_URL", "http://127.0.0.1:9")
    run = pagecast("status")
    assert (run.code, "PAGECAST_API_KEY is not set" in run.err) == (2, True)
    monkeypatch.setenv("PAGECAST_API_KEY", "@{secret:MINE}")
    assert "names a secret that is not set" in pagecast("status").err
    monkeypatch.setenv("PAGECAST_URL", "http://elsewhere.example")
    monkeypatch.setenv("MINE", "pk_x")
    run = pagecast("status")
    assert (run.code, "in the clear" in run.err) == (2, True)
