"""What each answer does to its row, its bucket, its page and its campaign."""

import time
from itertools import pairwise

import pytest

from campaigns import pages
from campaigns.runtime import now_of
from schemas.reason import Reason
from tests import factories
from tests.factories import person

SENDER = f"sender:instagram:{factories.ACCOUNT}"


def two_pages(bench, count=12, **entry):
    rows = factories.people(count)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 else "burger"
    url = bench.platform.meta_url
    entries = {"acme": factories.page(url, **entry), "burger": factories.other_page(url, rate=400)}
    return bench.launch(rows=rows, pages=entries)


@pytest.mark.parametrize(
    ("order", "verdict", "code"),
    [
        ("no_such_person", "failed(no_such_person)", "100-2534014"),
        ("window_closed", "failed(window_closed)", "10-2534022"),
        ("blocked", "failed(person_unavailable)", "551"),
        ("owned_elsewhere", "failed(thread_owned_elsewhere)", "100-2534037"),
    ],
)
def test_a_refused_person_fails_alone(bench, order, verdict, code):
    bench.platform.change(codes={person(1): order})
    campaign = bench.launch(5)
    bench.finish()
    assert factories.states(bench.runtime, campaign)[person(1)] == verdict
    assert bench.counts() == {"accepted": 4, "failed": 1}
    row = bench.rows()[1]
    assert (row["provider_code"], row["attempts"], row["tries"]) == (code, 1, 1)


def test_who_blocked_us_is_suppressed_for_this_account(bench):
    bench.platform.change(codes={person(1): "10-1893015"})
    bench.launch(3)
    bench.finish()
    stored = bench.one("SELECT recipient_id, sender_id, source, note FROM suppression")
    assert stored == {"recipient_id": person(1), "sender_id": 1, "source": "provider", "note": "10-1893015"}


def test_a_deferred_person_waits_and_the_others_do_not(bench):
    bench.platform.change(codes={person(1): "4-2018354"})
    bench.launch(4)
    bench.finish()
    row = bench.rows()[1]
    assert bench.counts() == {"accepted": 3, "pending": 1}
    assert row["due_at"] > (time.time() + 500) * 1000
    assert (row["tries"], row["provider_code"]) == (1, "4-2018354")
    chunk = bench.one("SELECT state, due_at FROM chunk")
    assert chunk == {"state": "ready", "due_at": row["due_at"]}


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_throttle_is_obeyed_to_its_end_and_costs_no_attempt(bench, form):
    # A date has whole seconds, so it names at least a second.
    bench.platform.change(retry_after=form, codes={person(3): "613@4,ok"})
    bench.launch(40, pages={"acme": factories.page(bench.platform.meta_url, rate=100)})
    bench.work()
    counts = bench.counts()
    assert counts["pending"] > 0
    stats = bench.platform.stats()
    assert stats["refusals"] == 1
    row = bench.rows()[3]
    assert (row["state"], row["attempts"], row["tries"], row["provider_code"]) == ("pending", 0, 0, "613")
    bucket = bench.one("SELECT * FROM bucket WHERE key = :key", key=SENDER)
    assert 3.5 < bucket["paused_until"] / 1000 - stats["last_arrival"] < 6.5
    assert (bucket["code"], "acme" in bucket["sentence"]) == ("613", True)
    before = bench.platform.stats()["arrivals"]
    bench.work()
    assert bench.platform.stats()["arrivals"] == before, "no call before the pause ends"
    chunk = bench.one("SELECT state, due_at FROM chunk")
    assert chunk == {"state": "ready", "due_at": None}, "the pause is the bucket's, not the chunk's"


def test_after_a_short_throttle_the_same_run_goes_on(bench):
    bench.platform.change(retry_after="seconds", codes={person(3): "613@1,ok"})
    bench.launch(40, pages={"acme": factories.page(bench.platform.meta_url, rate=100)})
    bench.finish()
    assert bench.counts() == {"accepted": 40}
    arrivals = sorted(message["at_ms"] for message in bench.platform.accepted())
    gaps = [(later - earlier) / 1000 for earlier, later in pairwise(arrivals)]
    assert max(gaps) > 0.9
    assert bench.rows()[3]["attempts"] == 1


def test_many_throttles_of_one_moment_are_one_pause(bench):
    bench.platform.change(latency=0.3, retry_after="none", codes={person(n): "613,ok" for n in range(3, 20)})
    bench.launch(60)
    bench.write("UPDATE lane SET proven = true")
    bench.work()
    bucket = bench.one("SELECT * FROM bucket WHERE key = :key", key=SENDER)
    left = bucket["paused_until"] - bucket["updated_at"]
    assert left < 4 * 1.25 * 1000, "2 s or 4 s, not 2 to the power of their number"


def test_a_wait_of_days_parks_the_page(bench):
    bench.platform.change(codes={person(0): "613@90000"})
    bench.launch(5)
    bench.work()
    assert bench.one("SELECT parked_code FROM page")["parked_code"] == "613"
    assert bench.counts()["pending"] >= 3


def test_a_restricted_page_parks_and_another_goes_on(bench):
    bench.platform.change(account_codes={factories.ACCOUNT: "10-1893063"})
    campaign = two_pages(bench)
    bench.work(1, 2)
    assert bench.counts() == {"accepted": 6, "pending": 6}
    parked = bench.one("SELECT parked_code, parked_sentence FROM page WHERE name = 'acme'")
    assert parked["parked_code"] == "10-1893063"
    assert "restrict" in parked["parked_sentence"]
    assert bench.events() == ["page.parked"]
    assert bench.one("SELECT state FROM campaign WHERE id = :id", id=campaign.id)["state"] == "sending"
    bench.work(1, 2)
    assert bench.platform.stats()["senders"][factories.ACCOUNT]["arrivals"] <= 3


def test_refusals_of_many_calls_in_flight_are_one_event(bench):
    bench.platform.change(latency=0.2, account_codes={factories.ACCOUNT: "190"})
    bench.launch(40)
    bench.write("UPDATE lane SET proven = true")
    bench.work()
    assert bench.platform.stats()["arrivals"] > 5
    assert bench.events() == ["page.parked"]
    assert bench.counts() == {"pending": 40}


def probe(bench):
    with bench.runtime.writing() as conn:
        assert pages.probe(conn, 1, now_of(conn))


def test_a_probe_that_is_accepted_lets_the_page_send_again(bench):
    bench.platform.change(account_codes={factories.ACCOUNT: "190"})
    bench.launch(10)
    bench.work()
    bench.platform.change(account_codes={})
    probe(bench)
    bench.work()
    bench.finish()
    assert bench.counts() == {"accepted": 10}
    assert bench.events() == ["page.parked", "page.resumed"]


def test_a_probe_that_is_refused_costs_one_call(bench):
    bench.platform.change(account_codes={factories.ACCOUNT: "190"})
    bench.launch(10)
    bench.work()
    before = bench.platform.stats()["arrivals"]
    probe(bench)
    bench.work()
    bench.work()
    assert bench.platform.stats()["arrivals"] == before + 1
    assert bench.counts() == {"pending": 10}


def test_a_probe_that_never_left_is_not_used_up(bench, eventually):
    bench.platform.change(account_codes={factories.ACCOUNT: "190"})
    bench.launch(10)
    bench.work()
    bench.platform.change(account_codes={})
    probe(bench)

    async def end_before_its_slot(kit):
        await eventually(lambda: "sending" in bench.counts(), "it is claimed")
        kit.draining.set()

    bench.work(during=end_before_its_slot)
    assert bench.counts() == {"pending": 10}
    bench.work()
    bench.finish()
    assert bench.counts() == {"accepted": 10}


def test_an_acceptance_that_was_out_does_not_lift_a_parking(bench):
    bench.platform.change(slow_seconds=0.6, codes={person(0): "slow", person(1): "190", person(2): "190"})
    bench.launch(10)
    bench.work()
    assert bench.one("SELECT parked_code FROM page")["parked_code"] == "190"
    assert bench.counts() == {"accepted": 1, "pending": 9}


def test_three_equal_refusals_of_the_message_stop_the_campaign(bench):
    bench.platform.change(codes={person(n): "100" for n in range(9)})
    campaign = bench.launch(9)
    bench.work()
    stored = bench.one("SELECT state, sentence FROM campaign WHERE id = :id", id=campaign.id)
    assert stored["state"] == "paused"
    assert "(100)" in stored["sentence"]
    assert bench.counts() == {"pending": 9}
    assert bench.platform.stats()["arrivals"] == 3
    assert bench.events() == ["campaign.stopped"]


def test_late_refusals_of_the_message_return_too(bench):
    url = bench.platform.meta_url
    rows = factories.people(12)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 else "burger"
    bench.platform.change(codes={row["recipient_id"]: "100" for row in rows}, latency=0.2, jitter=0.2)
    bench.launch(rows=rows, pages={"acme": factories.page(url), "burger": factories.other_page(url)})
    bench.work(1, 2)
    assert bench.counts() == {"pending": 12}
    assert bench.events() == ["campaign.stopped"]


def test_refusals_after_an_acceptance_stop_nothing(bench):
    bench.platform.change(codes={person(n): "100" for n in range(1, 9)})
    bench.launch(12)
    bench.finish()
    assert bench.counts() == {"accepted": 4, "failed": 8}
    assert {row["reason"] for row in bench.rows() if row["state"] == "failed"} == {Reason.MESSAGE_REJECTED.value}


def test_five_unknowns_in_a_row_pause_the_page_once(bench):
    bench.platform.change(latency=0.2, codes={person(n): "drop-reply" for n in range(30)})
    bench.launch(60, pages={"acme": factories.page(bench.platform.meta_url, rate=100)})
    bench.write("UPDATE lane SET proven = true")
    bench.work()
    counts = bench.counts()
    assert counts.keys() == {"unknown", "pending"}
    assert 5 <= counts["unknown"] == bench.platform.stats()["accepted"] <= 30
    bucket = bench.one("SELECT * FROM bucket WHERE key = :key", key=SENDER)
    assert bucket["level"] == 1, "calls that were out when it paused do not count again"
    assert 29_000 < bucket["paused_until"] - bucket["updated_at"] <= 36_000
    assert bench.one("SELECT proven, trial FROM lane") == {"proven": 0, "trial": 1}


def test_a_new_lane_tries_three_and_doubts_before_it_goes_on(bench):
    # At this rate a group is three and a slot may be 40 ms late; no answer comes before all three are out.
    bench.platform.change(latency=0.4, codes={person(n): "500-after" for n in range(10)})
    bench.launch(10, pages={"acme": factories.page(bench.platform.meta_url, rate=25)})
    bench.work()
    assert bench.counts() == {"unknown": 6, "pending": 4}, "three, three more, and the fifth in doubt paused it"
    assert bench.platform.stats()["accepted"] == 6


def test_unknown_answers_are_never_sent_again(bench):
    bench.platform.change(codes={person(2): "2-after", person(5): "500-before", person(7): "no-id"})
    bench.launch(12)
    bench.finish()
    bench.work()
    assert bench.counts() == {"accepted": 9, "unknown": 3}
    assert bench.platform.stats()["doubles"] == 0
    assert {row["attempts"] for row in bench.rows()} == {1}


def test_three_answers_of_somebody_else_park_the_page(bench):
    bench.platform.change(codes={person(n): "html" for n in range(20)})
    bench.launch(20)
    bench.work()
    assert bench.platform.stats()["arrivals"] == 3
    assert bench.counts() == {"pending": 20}
    assert bench.events() == ["page.parked"]


def test_a_redirect_is_not_followed(bench):
    bench.platform.change(codes={person(1): "redirect,ok"})
    bench.launch(4)
    bench.finish()
    assert bench.counts() == {"accepted": 4}
    assert bench.platform.stats()["arrivals"] == 5


PARTS = {"parts": [{"text": "One {{ first_name }}"}, {"text": "Two {{ first_name }}"}]}


def test_parts_arrive_in_order_with_an_id_each(bench):
    bench.launch(5, message=PARTS)
    bench.finish()
    assert bench.counts() == {"accepted": 5}
    assert sorted(bench.accepted()) == sorted(2 * [person(n) for n in range(5)])
    row = bench.rows()[0]
    assert (row["part_done"], row["part_open"], len(row["message_ids"].split())) == (2, 2, 2)
    assert bench.platform.stats()["doubles"] == 0


def test_a_refusal_after_the_first_part_is_a_failure_that_says_so(bench):
    bench.platform.change(codes={person(1): "ok,no_such_person"})
    bench.launch(3, message=PARTS)
    bench.finish()
    row = bench.rows()[1]
    assert (row["state"], row["reason"], row["part_done"]) == ("failed", "no_such_person", 1)
    assert len(row["message_ids"].split()) == 1


def test_a_throttled_second_part_does_not_repeat_the_first(bench):
    bench.platform.change(codes={person(1): "ok,613@1,ok"}, retry_after="seconds")
    bench.launch(3, message=PARTS)
    bench.finish()
    assert bench.counts() == {"accepted": 3}
    assert bench.accepted().count(person(1)) == 2
    assert bench.platform.stats()["doubles"] == 0


def test_a_second_part_in_doubt_is_unknown_at_that_part(bench):
    bench.platform.change(codes={person(1): "ok,drop-reply"})
    bench.launch(3, message=PARTS)
    bench.finish()
    row = bench.rows()[1]
    assert (row["state"], row["part_done"], row["part_open"]) == ("unknown", 1, 2)
