"""One chunk, from the bell to the settled rows: everyone gets it once, and nobody who should not."""

import asyncio
import time
from collections import Counter

import pytest
from structlog.testing import capture_logs

from campaigns import suppression
from campaigns.lifecycle import control
from campaigns.runtime import now_of
from tests import factories
from tests.factories import person
from workers.sender.course import LATE


def test_everyone_gets_it_exactly_once(bench):
    bench.launch(60)
    bench.finish()
    assert bench.counts() == {"accepted": 60}
    assert sorted(bench.accepted()) == [person(n) for n in range(60)]
    row = bench.rows()[0]
    assert row["message_ids"].startswith("m_")
    assert (row["attempts"], row["part_done"], row["provider_code"]) == (1, 1, None)
    assert row["accepted_at"] >= row["sent_at"]
    assert bench.one("SELECT state, owner FROM chunk") == {"state": "done", "owner": None}
    assert bench.one("SELECT proven FROM lane")["proven"] == 1


def test_a_second_bell_for_the_same_chunk_is_harmless(bench):
    bench.launch(30)
    bench.work(1, 1, 1)
    bench.work(1)
    bench.finish()
    assert bench.platform.stats()["accepted"] == 30
    assert bench.counts() == {"accepted": 30}


def test_who_finishes_a_chunk_goes_on_with_the_next(bench):
    bench.launch(8, pages={"acme": factories.page(bench.platform.meta_url, rate=0.05)})
    bench.repace(400)
    assert bench.one("SELECT count(*) AS n FROM chunk")["n"] == 3
    bench.finish()
    assert bench.counts() == {"accepted": 8}
    assert {row["state"] for row in factories.select(bench.runtime, "SELECT state FROM chunk")} == {"done"}


def test_two_lanes_at_once(bench):
    rows = factories.people(20)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 else "burger"
    url = bench.platform.meta_url
    bench.launch(rows=rows, pages={"acme": factories.page(url), "burger": factories.other_page(url)})
    bench.work(1, 2)
    bench.finish()
    assert bench.counts() == {"accepted": 20}
    senders = bench.platform.stats()["senders"]
    assert {name: sender["accepted"] for name, sender in senders.items()} == {
        factories.ACCOUNT: 10,
        factories.OTHER_ACCOUNT: 10,
    }


@pytest.mark.parametrize("lateness", [LATE])
def test_the_pace_is_kept(bench):
    bench.launch(30, pages={"acme": factories.page(bench.platform.meta_url, rate=20)})
    began = time.monotonic()
    bench.finish()
    assert time.monotonic() - began > 29 / 20
    assert bench.platform.stats()["senders"][factories.ACCOUNT]["busiest_second_arrivals"] <= 21


@pytest.mark.parametrize("lateness", [LATE])
def test_a_slot_that_a_busy_process_missed_is_given_back(bench, eventually):
    bench.launch(60, pages={"acme": factories.page(bench.platform.meta_url, rate=100)})
    bench.write("UPDATE lane SET proven = true")

    async def busy(_kit):
        await eventually(lambda: bench.platform.stats()["accepted"] > 10, "some are out")
        time.sleep(0.1)  # noqa: ASYNC251 - that nothing else of the process runs meanwhile is the point

    with capture_logs() as said:
        bench.work(during=busy)
    forfeited = sum((Counter(line["forfeited"]) for line in said if line["event"] == "chunk.run"), Counter())
    assert forfeited["late"] > 0


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ("INSERT INTO suppression VALUES ('{}', 0, 'cli', '', 1)", "skipped(opted_out)"),
        ("UPDATE delivery SET closes_at = 1 WHERE recipient_id = '{}'", "skipped(window_closed)"),
        ("UPDATE delivery SET variables = '[null]' WHERE recipient_id = '{}'", "skipped(blank_variable)"),
    ],
)
def test_what_changed_between_plan_and_claim_counts(bench, change, verdict):
    campaign = bench.launch(5)
    bench.write(change.format(person(2)))
    bench.finish()
    assert factories.states(bench.runtime, campaign)[person(2)] == verdict
    assert bench.counts() == {"accepted": 4, "skipped": 1}
    assert person(2) not in bench.accepted()


def test_who_was_sent_to_by_another_campaign_meanwhile_gets_no_more_than_the_cap(bench):
    campaign = bench.launch(5, limits={"per_person": {"count": 1, "days": 7}})
    bench.write(
        "INSERT INTO delivery (id, campaign_id, page_id, sender_id, line, recipient_id, state, sent_at) "
        "VALUES (900, 99, 1, 1, 2, :person, 'accepted', :at)",
        person=person(2),
        at=int(time.time() * 1000),
    )
    bench.finish()
    assert factories.states(bench.runtime, campaign)[person(2)] == "skipped(frequency_cap)"
    assert sorted(bench.accepted()) == [person(n) for n in (0, 1, 3, 4)]


def test_a_window_that_closes_within_the_margin_is_closed(bench):
    campaign = bench.launch(2, limits={"margin": "1h"})
    bench.write("UPDATE delivery SET closes_at = :at WHERE id = 1", at=int((time.time() + 3590) * 1000))
    bench.write("UPDATE delivery SET closes_at = :at WHERE id = 2", at=int((time.time() + 3660) * 1000))
    bench.finish()
    assert list(factories.states(bench.runtime, campaign).values()) == ["skipped(window_closed)", "accepted"]


def test_pause_stops_claims_and_no_call_starts_a_second_later(bench, eventually):
    campaign = bench.launch(300, pages={"acme": factories.page(bench.platform.meta_url, rate=50)})
    paused = []

    async def pause_when_some_are_out(_kit):
        await eventually(lambda: bench.platform.stats()["accepted"] > 20, "some are out")
        control.pause(bench.runtime, campaign, "test")
        paused.append(time.time())

    bench.work(during=pause_when_some_are_out)
    assert bench.platform.stats()["last_arrival"] < paused[0] + 1.0
    counts = bench.counts()
    assert counts.keys() == {"accepted", "pending"}
    assert counts["accepted"] == bench.platform.stats()["accepted"] < 100


def test_pause_resume_sends_the_rest_once(bench):
    campaign = bench.launch(30)
    control.pause(bench.runtime, campaign, "test")
    bench.work()
    assert bench.counts() == {"pending": 30}
    control.resume(bench.runtime, campaign, "test")
    bench.finish()
    assert sorted(bench.accepted()) == [person(n) for n in range(30)]


def test_draining_returns_what_was_not_sent(bench, eventually):
    bench.launch(300, pages={"acme": factories.page(bench.platform.meta_url, rate=50)})
    ended = []

    async def drain_when_some_are_out(kit):
        await eventually(lambda: bench.platform.stats()["accepted"] > 20, "some are out")
        kit.draining.set()
        ended.append(time.monotonic())

    bench.work(during=drain_when_some_are_out)
    assert time.monotonic() - ended[0] < 2.0
    counts = bench.counts()
    assert counts.keys() == {"accepted", "pending"}
    assert counts["accepted"] == bench.platform.stats()["accepted"]
    assert bench.one("SELECT state, owner, crashes FROM chunk") == {"state": "ready", "owner": None, "crashes": 0}


def test_a_slow_pace_holds_nobody_up(bench):
    bench.launch(3, pages={"acme": factories.page(bench.platform.meta_url, rate=0.1)})
    bench.write("UPDATE lane SET proven = true")
    began = time.monotonic()
    bench.finish()
    assert time.monotonic() - began < 5
    assert bench.counts() == {"accepted": 1, "pending": 2}
    chunk = bench.one("SELECT state, due_at FROM chunk")
    assert chunk["state"] == "ready"
    assert 4000 < chunk["due_at"] - factories.now(bench.runtime) < 10_000


def test_a_run_whose_neighbours_hold_every_place_waits_for_one(bench, eventually):
    bench.launch(5)

    async def leave_after_a_while(kit):
        kit.in_flight += 256
        await eventually(lambda: bench.one("SELECT state FROM chunk")["state"] == "running", "it runs")
        await asyncio.sleep(0.3)
        kit.in_flight -= 256

    bench.work(during=leave_after_a_while)
    bench.finish()
    assert bench.counts() == {"accepted": 5}


def test_a_page_without_its_secret_parks_and_the_other_goes_on(bench, monkeypatch):
    rows = factories.people(6)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 else "burger"
    url = bench.platform.meta_url
    bench.launch(rows=rows, pages={"acme": factories.page(url), "burger": factories.other_page(url)})
    monkeypatch.setattr(factories, "ENVIRONMENT", {"BURGER_TOKEN": f"sim-{factories.OTHER_ACCOUNT}"})
    bench.work(1, 2)
    parked = bench.one("SELECT parked_code, parked_sentence FROM page WHERE name = 'acme'")
    assert parked["parked_code"] == "secret"
    assert "ACME_TOKEN" in parked["parked_sentence"]
    assert bench.counts() == {"accepted": 3, "pending": 3}
    assert bench.events() == ["page.parked"]


def test_who_opts_out_while_a_chunk_runs_is_not_sent_to(bench, eventually):
    campaign = bench.launch(200, pages={"acme": factories.page(bench.platform.meta_url, rate=50)})

    async def suppress_the_last(kit):
        await eventually(lambda: bench.platform.stats()["accepted"] > 5, "some are out")
        with bench.runtime.writing() as conn:
            suppression.add(conn, person(199), source="cli", now=now_of(conn))
        await asyncio.sleep(0.5)
        kit.draining.set()

    bench.work(during=suppress_the_last)
    bench.repace(400)
    bench.finish()
    assert factories.states(bench.runtime, campaign)[person(199)] == "skipped(opted_out)"
    assert bench.counts() == {"accepted": 199, "skipped": 1}
