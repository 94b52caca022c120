"""A campaign a step at a time: the verbs of the command line, while `pagecast up` sends."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.test_run import KEYS, STATES, nothing_wrong
from tests.factories import people, person

RATE = 10


@pytest.fixture
def up(desk, wait_until):
    """Workers and clock, as a server has them."""
    running = desk.start("up", "--no-web", "--workers", 1)
    wait_until(lambda: list(desk.home.glob("workers/*")), "the worker is there")
    yield running
    running.interrupt()
    ran = running.ended(60)
    assert ran.code == 0, ran.err


@pytest.mark.usefixtures("up")
def test_from_submit_to_cancel(desk, pagecast, wait_until):
    rows = [*people(60), people(1)[0] | {"recipient_id": person(99), "first_name": ""}]
    desk.write(rows, limits={"rate": RATE})

    submitted = pagecast("submit", desk.file, "--json").document
    assert (submitted["name"], submitted["state"], submitted["notes"]) == ("Spring", "draft", [])
    ref = submitted["id"]

    planned = pagecast("plan", ref[:3], "--json").document
    facts = {"token", "eligible", "skipped", "lost", "finish_at", "lowest_rate", "latest_start", "pages"}
    assert facts <= set(planned)
    assert (planned["eligible"], planned["skipped"], planned["lost"]) == (60, {"blank_variable": 1}, 0)
    assert pagecast("plan", desk.file, "--json").document["token"] == planned["token"]
    samples = pagecast("preview", "last", "--json").document
    assert [sample["texts"] for sample in samples] == [["Hi Ana0"], ["Hi Ana1"], ["Hi Ana2"]]
    blank = pagecast("preview", "Spring", "--to", person(99), "--json").document[0]
    assert (blank["texts"], blank["reason"]) == ([], "blank_variable")

    wrong = pagecast("launch", "Spring", "--plan", "0" * 12)
    assert (wrong.code, planned["token"] in wrong.err) == (4, True)
    rehearsed = pagecast("launch", ref, "--plan", planned["token"], "--dry-run", "--json").document
    assert (rehearsed["would_launch"], pagecast("status", ref, "--json").document["state"]) == (True, "draft")
    assert desk.platform.arrivals == []
    launched = pagecast("launch", ref, "--plan", planned["token"], "--json").document
    assert launched["state"] == "sending"

    wait_until(lambda: len(desk.platform.arrivals) > RATE, "the first messages arrived")
    paused = pagecast("pause", ref, "--json").document
    returned = time.monotonic()
    assert paused["state"] == "paused"
    wait_until(lambda: time.monotonic() > returned + 2.5, "two quiet seconds are over", 5)
    assert [each.at - returned for each in desk.platform.arrivals if each.at > returned + 1] == []
    status = pagecast("status", ref, "--json").document
    assert set(status) == KEYS - {"report"} | {"warnings"}
    assert set(status["counts"]) == STATES
    assert (status["state"], status["in_flight"]) == ("paused", 0)
    assert status["counts"]["accepted"] == len(desk.platform.people)

    assert pagecast("pause", ref).code == 4
    assert pagecast("resume", ref, "--json").document["state"] == "sending"
    watched = pagecast("watch", ref, "--json")
    assert (watched.code, watched.document["state"]) == (0, "finished")
    assert watched.document["counts"]["accepted"] == 60
    assert desk.platform.people == {person(n) for n in range(60)}
    nothing_wrong(desk)

    explained = pagecast("explain", ref, person(5), "--json").document
    assert [line["state"] for line in explained["lines"]] == ["accepted"]
    told = pagecast("explain", ref, person(99)).out
    assert "A variable of the text is blank" in told
    reported = pagecast("report", ref, "--out", desk.folder / "out", "--json").document
    assert reported["rows"] == 61
    assert {path.name for path in (desk.folder / "out").iterdir()} >= {"results.csv", "report.html", "summary.json"}
    assert pagecast("cancel", ref, "--yes").code == 4
    assert [each["state"] for each in pagecast("status", "--json").document] == ["finished"]


@pytest.mark.usefixtures("up")
def test_everything_pauses_at_once_and_a_campaign_is_cancelled(desk, pagecast, wait_until):
    desk.write(people(200), limits={"rate": RATE})
    first = launched(desk, pagecast)
    tomorrow = (datetime.now(UTC) + timedelta(hours=20)).isoformat(timespec="seconds")
    desk.write(None, name="Later", schedule={"start": tomorrow})
    later = launched(desk, pagecast)
    assert pagecast("status", later, "--json").document["state"] == "scheduled"
    wait_until(lambda: desk.platform.arrivals, "the first message arrived")

    assert pagecast("pause", "--all", "--json").document == {"paused": 2}
    assert [each["state"] for each in pagecast("status", "--json").document] == ["paused", "paused"]
    assert pagecast("resume", later, "--json").document["state"] == "scheduled"
    wait_until(lambda: status_of(pagecast, first)["in_flight"] == 0, "nothing is in flight")

    before = len(desk.platform.people)
    would = pagecast("cancel", first, "--dry-run", "--json").document
    assert would == {"id": first, "accepted": before, "would_cancel": 200 - before}
    assert pagecast("cancel", first).code == 4, "nobody confirmed"
    done = pagecast("cancel", first, "--yes", "--json").document
    assert (done["state"], done["cancelled"], done["in_flight"]) == ("cancelled", 200 - before, 0)
    counts = status_of(pagecast, first)["counts"]
    assert (counts["accepted"], counts["cancelled"]) == (before, 200 - before)
    assert len(desk.platform.people) == before
    nothing_wrong(desk)


@pytest.mark.long
@pytest.mark.usefixtures("up")
def test_who_has_no_turn_before_not_after_is_not_sent_to(desk, pagecast):
    soon = datetime.now(UTC) + timedelta(seconds=6)
    desk.write(people(100), limits={"rate": 5}, schedule={"not_after": soon.isoformat(timespec="milliseconds")})
    ref = launched(desk, pagecast)
    watched = pagecast("watch", ref, "--json").document
    counts = watched["counts"]
    ended = time.monotonic() - time.time() + soon.timestamp()
    assert watched["state"] == "finished"
    assert counts["accepted"] == len(desk.platform.people) > 0
    assert counts["accepted"] + counts["cancelled"] + counts["skipped"] == 100
    assert max(each.at for each in desk.platform.arrivals) < ended + 2
    assert set(watched["reasons"]) <= {"deadline_passed", "closes_before_turn"}
    nothing_wrong(desk)


def launched(desk, pagecast):
    token = pagecast("plan", desk.file, "--json").document["token"]
    return pagecast("launch", "last", "--plan", token, "--json").document["id"]


def status_of(pagecast, ref):
    return pagecast("status", ref, "--json").document
