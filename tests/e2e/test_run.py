"""`pagecast run` from outside: a file in; messages at a strict platform, one document and an exit code out."""

import csv
import json
import time
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests import factories
from tests.e2e.conftest import ORBIT_ACCOUNT, Desk
from tests.e2e.strict import Spell
from tests.factories import ACCOUNT, OTHER_ACCOUNT, people, person

STATES = {
    "rejected", "duplicate", "pending", "sending", "accepted", "delivered", "read", "skipped", "failed", "unknown",
    "assumed_sent", "cancelled",
}  # fmt: skip
KEYS = {"id", "name", "state", "sentence", "total", "counts", "reasons", "rate", "eta", "in_flight", "pages", "report"}
SENT = {"acme": 30, "burger": 30, "coffee": 8}
HOUR = 3600


def mixed_list():
    """Everybody who gets it, page by name or account id, and one of each who must not."""
    rows = people(sum(SENT.values()))
    names = ["acme", ACCOUNT] * 15 + ["burger", OTHER_ACCOUNT] * 15 + ["coffee", ORBIT_ACCOUNT] * 4
    for row, name in zip(rows, names, strict=True):
        row["page"] = name
        row["opted_out"] = "no"
    long_ago = int(time.time()) - 25 * HOUR
    trouble = [
        {"opted_out": "yes"},
        {"last_inbound_at": long_ago},
        {"last_inbound_at": ""},
        {"first_name": ""},
        {"page": "unheard_of"},
        {"recipient_id": "1.0E+16"},
        {"recipient_id": person(0)},
    ]
    out = [rows[0] | {"recipient_id": person(900 + n)} | each for n, each in enumerate(trouble)]
    return [*rows, *out]


def nothing_wrong(desk: Desk):
    assert desk.platform.faults == []
    assert desk.platform.bursts == []
    assert desk.platform.doubles == {}


@pytest.mark.databases("sqlite", "postgresql")
def test_everybody_on_three_pages_gets_it_exactly_once_and_a_second_run_sends_nothing(desk, pagecast):
    pages = desk.pages
    pages["coffee"]["key_rate_per_minute"] = 240
    desk.platform.codes[person(3)] = (551, None)
    replies = [{"title": "Yes, please", "payload": "YES"}, {"title": "No"}]
    message = {"text": "Hi {{ first_name }} ☀", "quick_replies": replies}
    desk.write(mixed_list(), page=None, pages=pages, message=message)

    ran = desk.run()
    status = ran.document
    assert ran.code == 0, ran.err
    nothing_wrong(desk)
    everybody = {person(n) for n in range(sum(SENT.values()))}
    assert desk.platform.people == everybody - {person(3)}
    texts = {each.recipient: each.text for each in desk.platform.arrivals}
    assert texts == {person(n): f"Hi Ana{n} ☀" for n in range(len(everybody))}
    assert {each.account for each in desk.platform.arrivals} == {ACCOUNT, OTHER_ACCOUNT, ORBIT_ACCOUNT}
    assert desk.leaks() == []

    assert status["state"] == "finished"
    assert set(status["counts"]) == STATES
    expected = {"accepted": len(everybody) - 1, "failed": 1, "skipped": 4, "rejected": 2, "duplicate": 1}
    assert {state: n for state, n in status["counts"].items() if n} == expected
    assert sum(status["counts"].values()) == status["total"] == len(everybody) + 7
    reasons = {"opted_out", "window_closed", "window_never_opened", "blank_variable", "wrong_page", "damaged_id"}
    assert status["reasons"] == dict.fromkeys([*reasons, "duplicate", "person_unavailable"], 1)
    keys = {
        "id",
        "name",
        "state",
        "sentence",
        "total",
        "counts",
        "reasons",
        "rate",
        "eta",
        "in_flight",
        "pages",
        "report",
    }
    assert set(status) == keys
    assert set(status["rate"]) == {"asked", "allowed", "achieved"}
    assert {page["name"]: page["state"] for page in status["pages"]} == dict.fromkeys(SENT, "done")
    for page in status["pages"]:
        assert set(page) == {"name", "state", "sentence", "until", "counts", "rate"}
        assert set(page["counts"]) == STATES
        assert page["counts"]["accepted"] == SENT[page["name"]] - (page["name"] == "acme")

    calls = [each.at for each in desk.platform.arrivals if each.account == ORBIT_ACCOUNT]
    assert calls[-1] - calls[0] > 7 * 0.25 * 0.9, "the key's rate is 4 a second"
    assert len({each.idempotency_key for each in desk.platform.arrivals if each.account == ORBIT_ACCOUNT}) == 8

    folder = desk.home / "reports" / status["id"]
    assert status["report"] == str(folder)
    with (folder / "results.csv").open(newline="") as file:
        results = list(csv.DictReader(file))
    assert [int(row["line"]) for row in results] == list(range(2, status["total"] + 2))
    assert {row["recipient_id"] for row in results if row["state"] == "accepted"} == desk.platform.people
    assert json.loads((folder / "summary.json").read_text())["status"]["counts"] == status["counts"]

    (folder / "report.html").unlink()
    before = len(desk.platform.arrivals)
    again = pagecast("run", desk.file, "--yes", "--json")
    assert again.code == 0
    assert "--again" in again.err
    assert len(desk.platform.arrivals) == before
    assert (folder / "report.html").exists()
    changing = {"rate", "pages"}
    assert {k: v for k, v in again.document.items() if k not in changing} == {
        k: v for k, v in status.items() if k not in changing
    }


@pytest.mark.databases("sqlite", "postgresql")
def test_interrupted_it_settles_and_goes_on_and_refuses_a_changed_file_meanwhile(desk, pagecast, wait_until):
    desk.write(people(60), limits={"rate": 20})
    running = desk.start("run", desk.file, "--yes", "--json")
    wait_until(lambda: len(desk.platform.arrivals) > 15, "fifteen messages arrived")
    running.interrupt()
    ran = running.ended(30)
    assert ran.code == 130
    assert "goes on where it stopped" in ran.err
    reached = len(desk.platform.people)
    assert reached < 60
    status = pagecast("status", "last", "--json").document
    assert (status["in_flight"], status["counts"]["unknown"]) == (0, 0)
    assert status["counts"]["accepted"] == reached

    desk.write(None, limits={"rate": 20}, message={"text": "Hello {{ first_name }}"})
    refused = desk.run()
    assert (refused.code, refused.out) == (4, "")
    assert "the message changed" in refused.err
    assert "pagecast cancel" in refused.err
    assert len(desk.platform.people) == reached

    desk.write(None, limits={"rate": 30})
    ran = desk.run()
    assert (ran.code, ran.document["counts"]["accepted"]) == (0, 60)
    assert ran.document["id"] == status["id"]
    assert desk.platform.people == {person(n) for n in range(60)}
    nothing_wrong(desk)


@pytest.mark.databases("postgresql", pytest.param("sqlite", marks=pytest.mark.long))
def test_dropped_connections_are_unknown_and_nothing_else_is(desk, pagecast):
    drops = {person(5): "reset", person(15): "mute", person(25): "head", person(35): "half"}
    desk.platform.drops.update(drops)
    desk.write(people(40))
    ran = desk.run()
    assert ran.code == 6, ran.err
    assert {state: n for state, n in ran.document["counts"].items() if n} == {"accepted": 36, "unknown": 4}
    with (desk.home / "reports" / ran.document["id"] / "results.csv").open(newline="") as file:
        states = {row["recipient_id"]: row["state"] for row in csv.DictReader(file)}
    assert {who for who, state in states.items() if state == "unknown"} == drops.keys()
    assert desk.platform.people == states.keys() - {person(5)}
    assert pagecast("run", desk.file, "--yes").code == 6
    assert sorted(each.recipient for each in desk.platform.arrivals) == sorted(states), "each was called once"
    nothing_wrong(desk)


def test_a_page_without_a_good_token_parks_and_the_other_goes_on(desk):
    rows = people(24)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 else "burger"
    desk.write(rows, page=None, pages={name: desk.pages[name] for name in ("acme", "burger")})
    desk.platform.revoked.add(ACCOUNT)

    ran = desk.run()
    status = ran.document
    pages = {page["name"]: page for page in status["pages"]}
    assert ran.code == 5
    assert (pages["burger"]["state"], pages["burger"]["counts"]["accepted"]) == ("done", 12)
    assert (pages["acme"]["state"], pages["acme"]["counts"]["pending"]) == ("parked", 12)
    assert "token" in pages["acme"]["sentence"]
    assert pages["acme"]["sentence"] in status["sentence"]
    calls = len(desk.platform.arrivals)
    assert calls <= 12 + 3

    desk.platform.revoked.clear()
    good = desk.run()
    assert (good.code, good.document["state"], good.document["counts"]["accepted"]) == (0, "finished", 24)
    assert desk.platform.people == {person(n) for n in range(24)}
    nothing_wrong(desk)


@pytest.mark.long
def test_a_second_run_tries_a_parked_page_once(desk):
    desk.write(people(12))
    desk.platform.revoked.add(ACCOUNT)
    assert desk.run().code == 5
    calls = len(desk.platform.arrivals)
    assert desk.run().code == 5
    assert len(desk.platform.arrivals) == calls + 1
    assert desk.platform.people == set()


def throttled(desk, how, page="acme", seconds=3.0, after=10, **entry):
    account = {"acme": ACCOUNT, "coffee": ORBIT_ACCOUNT}[page]
    spell = Spell(account, after=after, seconds=seconds, how=how)
    desk.platform.spells.append(spell)
    desk.write(people(40), page=page, pages={page: desk.pages[page] | entry})
    return spell, desk.run()


def test_a_pause_is_kept_and_a_lost_answer_is_exit_6(desk, pagecast):
    desk.platform.codes[person(20)] = (1, None)
    spell, ran = throttled(desk, "seconds")
    assert ran.code == 6
    assert (ran.document["counts"]["accepted"], ran.document["counts"]["unknown"]) == (39, 1)
    assert desk.platform.during(spell, grace=0.3) == []
    assert len([each for each in desk.platform.arrivals if each.answer == "429"]) < 20
    assert desk.platform.people == {person(n) for n in range(40)} - {person(20)}
    nothing_wrong(desk)
    assert pagecast("run", desk.file, "--yes").code == 6
    assert [each.recipient for each in desk.platform.arrivals].count(person(20)) == 1


@pytest.mark.long
@pytest.mark.parametrize("how", ["date", "613", "4"])
def test_meta_is_obeyed_however_it_says_so(desk, how):
    spell, ran = throttled(desk, how)
    assert (ran.code, ran.document["counts"]["accepted"]) == (0, 40)
    # Without a time it asks again by itself, and few calls at that.
    assert len(desk.platform.during(spell, grace=0.3)) <= (0 if how == "date" else 3)
    assert desk.platform.people == {person(n) for n in range(40)}
    nothing_wrong(desk)


@pytest.mark.long
def test_orbit_is_obeyed(desk):
    spell, ran = throttled(desk, "orbit", page="coffee", key_rate_per_minute=600)
    assert (ran.code, ran.document["counts"]["accepted"]) == (0, 40)
    assert desk.platform.during(spell, grace=0.3) == []
    nothing_wrong(desk)


def test_two_runs_of_one_file_at_once_share_the_work(desk, wait_until):
    desk.write(people(40), limits={"rate": 20})
    first = desk.start("run", desk.file, "--yes", "--json")
    wait_until(lambda: desk.platform.arrivals, "the first message arrived")
    second = desk.start("run", desk.file, "--yes", "--json")
    ran, attached = first.ended(), second.ended()
    assert (ran.code, attached.code) == (0, 0), ran.err + attached.err
    assert ran.document["id"] == attached.document["id"]
    assert attached.document["counts"]["accepted"] == 40
    assert desk.platform.people == {person(n) for n in range(40)}
    nothing_wrong(desk)


@pytest.mark.long
def test_a_future_start_is_waited_for(desk):
    soon = datetime.now(UTC) + timedelta(seconds=6)
    desk.write(people(5), schedule={"start": soon.isoformat(timespec="seconds")})
    ran = desk.run()
    late = time.time() - time.monotonic() + desk.platform.arrivals[0].at - soon.replace(microsecond=0).timestamp()
    assert (ran.code, ran.document["counts"]["accepted"]) == (0, 5)
    assert "pagecast up" in ran.err
    assert 0 <= late < 4
    nothing_wrong(desk)


@pytest.mark.long
def test_again_and_a_changed_list_are_new_campaigns(desk):
    desk.write(people(6))
    assert desk.run().document["name"] == "Spring"
    again = desk.run("--again")
    assert (again.code, again.document["name"]) == (0, "Spring #2")
    assert set(desk.platform.accepted.values()) == {2}

    desk.write(people(8))
    changed = desk.run()
    assert (changed.code, changed.document["name"]) == (0, "Spring #3")
    assert "6 of these people" in changed.err
    assert desk.platform.people == {person(n) for n in range(8)}
    assert desk.platform.faults == desk.platform.bursts == []


@pytest.mark.long
def test_at_full_pace_for_a_while(desk):
    rows = people(2_000)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 else "burger"
    desk.write(rows, page=None, pages={name: desk.pages[name] for name in ("acme", "burger")})
    ran = desk.run()
    assert (ran.code, ran.document["counts"]["accepted"]) == (0, 2_000)
    nothing_wrong(desk)
    for account in (ACCOUNT, OTHER_ACCOUNT):
        calls = [each.at for each in desk.platform.arrivals if each.account == account]
        pace = (len(calls) - 1) / (calls[-1] - calls[0])
        crowd = max(bisect_left(calls, at + 1) - i for i, at in enumerate(calls))
        gap = max(b - a for a, b in pairwise(calls))
        print(f"{account}: {pace:.2f}/s, at most {crowd} in a second, the longest gap {gap * 1000:.0f} ms")
        assert pace > 36 * 0.95
        assert crowd <= 38, "what this machine's own scheduling adds to 37 is small"


BAD = {
    "an unknown key": ({"nam": "Spring"}, "did you mean `name`"),
    "a key of later": ({"approval": {"need": 2}}, "does not work yet"),
    "a column that is not there": ({"columns": {"recipient_id": "ig"}}, "ig"),
    "a page that nobody knows": ({"page": "nobody"}, 'no page "nobody"'),
    "no page at all": ({"page": None}, "No page is named"),
    "a variable that no column has": ({"message": {"text": "Hi {{ shoe_size }}"}}, "shoe_size"),
    "a text that is no template": ({"message": {"text": "Hi {{ first_name"}}, "first_name"),
    "a list that is not there": ({"list": "nowhere.csv"}, "nowhere.csv"),
    "a start without a zone": ({"schedule": {"start": "2030-01-01 09:00"}}, "time zone"),
    "a token in the file": ({"pages": {"acme": factories.page(token="EAAB")}}, "never the token"),
}


def rejected(desk, pagecast, said):
    ran = pagecast("run", desk.file, "--yes", "--json")
    assert ran.code == 3, ran.err
    lines = [line for line in ran.err.splitlines() if not line.startswith("State folder")]
    assert said in lines[-1]
    assert lines[-1].startswith("pagecast: ")
    assert ran.out == ""
    assert desk.platform.arrivals == []
    assert pagecast("status", "--json").document == []


@pytest.mark.parametrize(("changes", "said"), BAD.values(), ids=BAD)
def test_a_wrong_file_is_one_sentence(desk, pagecast, changes, said):
    desk.write(people(3), **changes)
    rejected(desk, pagecast, said)


LISTS = {
    "no rows": ([], "no rows"),
    "no usable id": (
        [{"recipient_id": "", "first_name": "Ana"}, {"recipient_id": "x", "first_name": "Ben"}],
        "No row of the list can be used",
    ),
    "nobody eligible": (people(3, opted_out="yes"), "Nobody on the list"),
    "nobody wrote": (people(3, last_inbound_at=""), "Nobody on the list"),
}


@pytest.mark.parametrize(("rows", "said"), LISTS.values(), ids=LISTS)
def test_a_list_without_anybody_to_send_to_is_one_sentence(desk, pagecast, rows, said):
    desk.write(people(1))
    if rows:
        factories.write_list(desk.folder / "people.csv", rows)
    else:
        (desk.folder / "people.csv").write_text("recipient_id,first_name\n")
    rejected(desk, pagecast, said)


def test_a_missing_secret_is_one_sentence(desk, pagecast, monkeypatch):
    desk.write(people(3))
    monkeypatch.delenv("ACME_TOKEN")
    rejected(desk, pagecast, "ACME_TOKEN")


def test_a_dry_run_shows_the_plan_and_stores_nothing(desk, pagecast):
    desk.write(people(3))
    ran = pagecast("run", desk.file, "--dry-run")
    assert ran.code == 0
    assert "3  will get it" in ran.err
    assert "Hi Ana0" in ran.err
    assert pagecast("status", "--json").document == []
    assert pagecast("pages", "list", "--json").document == []
    assert desk.platform.arrivals == []


def test_without_a_terminal_nobody_confirms(desk, pagecast):
    desk.write(people(3))
    ran = pagecast("run", desk.file)
    assert ran.code == 4
    assert "--yes" in ran.err
    assert pagecast("status", "--json").document == []
    assert desk.platform.arrivals == []
