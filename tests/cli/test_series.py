"""A campaign that repeats, as a person drives it."""

import re

import pytest

from campaigns.lifecycle import find
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.occurrence import work
from campaigns.settings import Settings
from tests import factories
from tests.factories import ENVIRONMENT, NOWHERE, select
from tests.lifecycle.aftermath import write

FILE = f"""
name = "Weekly"
list = "people.csv"
page = "acme"
[message]
text = "Hi {{{{ first_name }}}}"
[schedule]
start = "2035-12-03 09:00 Europe/Paris"
repeat = "FREQ=WEEKLY;BYDAY=MO"
[pages.acme]
channel = "instagram"
provider = "meta"
account_id = "{factories.ACCOUNT}"
token = "@{{secret:ACME_TOKEN}}"
base_url = "{NOWHERE}"
"""
NEXT = "Mon 2035-12-03 09:00 Europe/Paris (2035-12-03 08:00:00 UTC)"


@pytest.fixture
def runtime():
    opened = factories.opened(Settings().home)
    yield opened
    opened.close()


@pytest.fixture
def weekly(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", ENVIRONMENT["ACME_TOKEN"])
    factories.write_list(tmp_path / "people.csv", factories.people(5))
    file = tmp_path / "weekly.toml"
    file.write_text(FILE)
    return file


@pytest.fixture
def launched(pagecast, weekly):
    ref = pagecast("submit", weekly, "--json").document["id"]
    token = pagecast("plan", ref, "--json").document["token"]
    assert pagecast("launch", ref, "--plan", token).out.startswith("Weekly repeats, while `pagecast up` runs.")
    return ref


def occurs(runtime, ref):
    """Let its first moment have come; return the id of its campaign."""
    write(runtime, "UPDATE series SET next_at = :now", now=factories.now(runtime))
    with runtime.reading() as conn:
        campaign = find.campaign(conn, ref)
    assert work(runtime, campaign, ENVIRONMENT)
    with runtime.writing() as conn:
        advance(conn, factories.now(runtime))
    return select(runtime, "SELECT ref FROM campaign WHERE ref <> :ref", ref=ref)[0]["ref"]


def test_run_says_what_to_do_instead(pagecast, weekly):
    run = pagecast("run", weekly, "--yes")
    assert run.code == 2
    assert f"`pagecast submit {weekly}`" in run.err


def test_its_plan_names_its_moments(pagecast, weekly):
    assert f"- It repeats. The next moments: {NEXT}; Mon 2035-12-10 09:00" in pagecast("plan", weekly).out


def test_a_rule_that_is_none_is_refused(pagecast, weekly):
    weekly.write_text(FILE.replace("BYDAY=MO", "BYDAY=TU"))
    run = pagecast("submit", weekly)
    assert run.code == 3
    assert "begins at 2035-12-04 09:00 and not at the start" in run.err


def test_the_list_of_campaigns_has_its_next_moment(pagecast, launched):
    rows = pagecast("status", "--json").document
    assert rows == [
        {"id": launched, "name": "Weekly", "state": "scheduled", "rows": 0, "next": "2035-12-03T08:00:00.000Z"}
    ]
    assert re.search(r"next *\n.*2035-12-03T08:00:00.000Z", pagecast("status").out)


def test_its_status_names_what_came_of_its_moments(pagecast, launched, runtime):
    one = occurs(runtime, launched)
    document = pagecast("status", launched, "--json").document
    assert document["sentence"].startswith(f"Repeats: the next goes out on {NEXT}.")
    assert document["series"]["next"] == "2035-12-03T08:00:00.000Z"
    assert [(each["state"], each["id"]) for each in document["series"]["moments"]] == [("launched", one)]
    assert re.search(rf"Europe/Paris  launched \({one}\): Weekly \S+ is sending\.", pagecast("status", launched).out)


def test_its_verbs_say_what_they_do_to_what_is_under_way(pagecast, launched, runtime):
    one = occurs(runtime, launched)
    name = pagecast("status", one, "--json").document["name"]
    assert f"With it paused: {name}." in pagecast("pause", launched).out
    assert "What comes meanwhile is left out" in pagecast("status", launched).out
    assert pagecast("resume", launched, "--json").document == {"id": launched, "state": "scheduled", "also": [name]}
    question = f"Cancel Weekly? No more of it goes out, and this ends too: {name}."
    assert pagecast("cancel", launched, "--dry-run").out == f"{question}\n"
    cancelled = pagecast("cancel", launched, "--yes", "--json").document
    assert (cancelled["also"], cancelled["cancelled"]) == ([name], 5)
    assert "next" not in pagecast("status").out


def test_each_of_its_campaigns_has_the_report(pagecast, launched, runtime, tmp_path):
    run = pagecast("report", launched, "--out", tmp_path / "report")
    assert run.code == 4
    assert f"each of its moments has a report. `pagecast status {launched}` names them" in run.err
    assert pagecast("report", occurs(runtime, launched), "--out", tmp_path / "report").code == 0
