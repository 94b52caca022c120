"""The limiter at work: what throttles, usage and a lost Redis do to the pace of real sends."""

import asyncio
import os
import re
import signal
import time
from itertools import pairwise

import httpx
import pytest
import redis

from campaigns import report
from campaigns.briefing import brief
from campaigns.ledger.chunks import Held
from schemas.outcome import Scope, Usage
from tests import factories
from tests.factories import person
from workers import embedded
from workers.sender.brakes import Brakes
from workers.sender.course import LATE
from workers.throttle import Lease

SENDER = f"sender:instagram:{factories.ACCOUNT}"
SLOW = 25
"""Messages per second at which a call may be 40 ms late, and the platform's own count of a second is exact."""


@pytest.fixture
def lateness():
    return LATE


def page(bench, **changes):
    return {"acme": factories.page(bench.platform.meta_url, **changes)}


def two_pages(bench, **pages):
    """Launch for twelve people on pages acme and burger."""
    rows = factories.people(12)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 == 0 else "burger"
    bench.launch(rows=rows, pages=pages)


def bucket(bench, key=SENDER):
    return bench.one("SELECT * FROM bucket WHERE key = :key", key=key)


def stored(bench, key=SENDER):
    with redis.Redis.from_url(bench.valkey_url, decode_responses=True) as client:
        return client.hgetall(f"pagecast:pace:{key}")


def told(bench):
    return factories.select(bench.runtime, "SELECT * FROM event WHERE kind LIKE 'bucket.%' ORDER BY id")


def status(bench):
    with bench.runtime.reading() as conn:
        return report.status(conn, bench.campaign.id, factories.now(bench.runtime))


def test_refusals_of_many_calls_cut_the_rate_once_and_are_told_once(bench):
    bench.platform.change(latency=0.3, retry_after="seconds", codes={person(n): "613@20,ok" for n in range(3, 30)})
    bench.launch(60, pages=page(bench, rate=100))
    bench.write("UPDATE lane SET proven = true")
    bench.work()
    assert bench.platform.stats()["refusals"] > 5
    row = bucket(bench)
    assert (row["cap"], row["rate"]) == (100.0, 80.0)
    assert (float(stored(bench)["rate"]), int(stored(bench)["cut"])) == (80.0, row["cut_at"])
    [event] = told(bench)
    assert (event["kind"], event["campaign_id"], event["page_id"]) == ("bucket.paused", bench.campaign.id, 1)
    assert event["sentence"].startswith("Meta asked page acme to slow down: paused until ")
    assert event["sentence"].endswith("UTC; from then on at most 80/s of 100/s.")


def test_after_the_pause_it_sends_at_the_lower_rate_and_status_says_so(bench):
    bench.platform.change(retry_after="seconds", codes={person(3): "613@1,ok"})
    bench.launch(40, pages=page(bench, rate=20))
    bench.finish()
    arrivals = sorted(message["at_ms"] for message in bench.platform.accepted())
    gaps = [later - sooner for sooner, later in pairwise(arrivals)]
    after = gaps[gaps.index(max(gaps)) + 2 :]
    assert len(after) > 20
    assert sum(after) / len(after) > 58, "16/s and a little more, not 20"
    bench.launch(10, pages=page(bench, rate=20), name="Summer")
    rate = status(bench).rate
    since = time.time() - bucket(bench)["paused_until"] / 1000
    assert (rate.asked, rate.allowed) == (20, pytest.approx(16 + 0.04 * since, abs=0.1))


def test_a_code_for_the_app_pauses_all_of_its_senders(bench):
    bench.platform.change(codes={person(0): "4@20"}, retry_after="seconds")
    url = bench.platform.meta_url
    two_pages(bench, acme=factories.page(url, rate=400), burger=factories.other_page(url, rate=400))
    bench.work(1)
    row = bucket(bench, "app:meta:127.0.0.1")
    assert (row["code"], row["paused_until"] > row["updated_at"]) == ("4", True)
    before = bench.platform.stats()["arrivals"]
    bench.work(2)
    assert bench.platform.stats()["arrivals"] == before, "the other page waits, too"
    assert bucket(bench)["rate"] == 320.0, "who asked in the app's name goes slower"


def two_pages_of_a_key(bench, rate):
    entry = {"provider": "orbit", "key_rate_per_minute": 6000, "rate": rate}
    acme = factories.page(bench.platform.orbit_url, **entry)
    two_pages(bench, acme=acme, burger=acme | {"account_id": "17841400000000002"})


def key_bucket(bench):
    [row] = factories.select(bench.runtime, "SELECT * FROM bucket WHERE key LIKE 'key:orbit:%'")
    return row


def use_up_the_key(bench):
    """Send a message with the key of the pages, as another program would."""
    message = {"to": person(99), "from": factories.ACCOUNT, "type": "text", "text": "Hi"}
    headers = {"X-API-Key": factories.ENVIRONMENT["ACME_TOKEN"]}
    url = f"{bench.platform.orbit_url}/messages/instagram"
    httpx.post(url, json=message, headers=headers, trust_env=False).raise_for_status()


def test_a_code_for_the_key_pauses_all_of_its_pages(bench):
    bench.platform.change(key_cap=1, key_seconds=20)
    two_pages_of_a_key(bench, rate=400)
    use_up_the_key(bench)
    bench.work(1)
    row = key_bucket(bench)
    assert (row["code"], row["paused_until"] > row["updated_at"]) == ("RATE_LIMITED", True)
    before = bench.platform.stats()["arrivals"]
    bench.work(2)
    assert bench.platform.stats()["arrivals"] == before, "the other page waits, too"


def test_a_used_up_key_waits_for_its_reset_before_it_is_refused(bench):
    bench.platform.change(key_cap=3, key_seconds=20)
    two_pages_of_a_key(bench, rate=10)
    bench.work(1)
    bench.work(2)
    row = key_bucket(bench)
    assert (row["code"], row["rate"]) == ("usage", None)
    assert 15_000 < row["paused_until"] - row["updated_at"] <= 26_000
    stats = bench.platform.stats()
    assert (stats["arrivals"], stats["refusals"]) == (3, 0)


def test_from_four_fifths_of_a_quota_a_page_goes_at_half_its_rate(bench):
    bench.platform.change(quota=110)
    bench.launch(93, pages=page(bench, rate=100))
    bench.finish()
    assert 100_000 < bucket(bench)["eased_until"] - bucket(bench)["updated_at"] <= 120_000
    [event] = told(bench)
    assert event["kind"] == "bucket.slowed"
    assert re.match(r"Meta says that 8\d % of what page acme may send is used; it goes at half", event["sentence"])
    bench.launch(10, name="Summer", pages=page(bench, rate=100))
    assert status(bench).rate.allowed == 50
    bench.finish()
    arrivals = sorted(message["at_ms"] for message in bench.platform.accepted())[-10:]
    assert (arrivals[-1] - arrivals[0]) / 9 > 18
    assert len(told(bench)) == 1


def test_half_the_rate_lasts_until_less_than_seven_tenths_are_used(bench):
    bench.launch(1)
    seen = []

    async def heard(kit):
        with bench.runtime.reading() as conn:
            briefing = brief(conn, bench.runtime.settings, kit.environment, 1, 1)
        brakes = Brakes(kit, Held(1, 1, 1, 1, "nobody"), briefing)
        for percent in (75, 79.9, 80, 75, 70, 69.9, 75, 94):
            usage = Usage(percent, None, Scope.SENDER)
            assert brakes.concerned(usage) == (percent >= 80 or (bool(seen) and seen[-1]))
            assert not await brakes.heed(usage, Lease(0))
            rows = factories.select(bench.runtime, "SELECT eased_until FROM bucket")
            seen.append(bool(rows) and rows[0]["eased_until"] > time.time() * 1000)

    bench.work(999, during=heard)
    assert seen == [False, False, True, True, True, False, False, True]
    assert int(stored(bench)["eased"]) > time.time() * 1000


def test_from_95_percent_a_page_pauses_and_then_tries_one_message(bench):
    bench.platform.change(quota=40)
    bench.launch(60, pages=page(bench, rate=20))
    bench.work()
    sent = bench.counts()["accepted"]
    assert sent == 38, "95 % of the quota; at half the rate the answer comes before the next slot"
    row = bucket(bench)
    assert row["code"] == "usage"
    assert 59_000 < row["paused_until"] - row["updated_at"] <= 72_000
    assert [event["kind"] for event in told(bench)] == ["bucket.slowed", "bucket.paused"]
    assert bench.one("SELECT proven, trial FROM lane") == {"proven": 0, "trial": 1}


def forget(bench):
    with redis.Redis.from_url(bench.valkey_url) as client:
        client.flushall()


def test_a_flush_in_mid_run_is_no_burst_and_nobody_is_lost_or_gets_it_twice(bench, eventually):
    bench.platform.change(cap=SLOW)
    bench.launch(75, pages=page(bench, rate=SLOW))

    async def flushed_twice(_kit):
        for n in (15, 40):
            await eventually(lambda n=n: bench.platform.stats()["accepted"] > n, "some are out")
            await asyncio.to_thread(forget, bench)

    bench.work(during=flushed_twice)
    bench.finish()
    assert bench.counts() == {"accepted": 75}
    stats = bench.platform.stats()
    assert (stats["refusals"], stats["doubles"]) == (0, 0), "not one second held more than the cap"


def test_after_a_flush_a_slowed_page_stays_slow(bench):
    bench.platform.change(retry_after="seconds", codes={person(3): "613@1,ok"})
    bench.launch(30, pages=page(bench, rate=20))
    bench.finish()
    learned = bucket(bench)
    forget(bench)
    bench.launch(20, pages=page(bench, rate=20), name="Summer")
    bench.work(2)
    assert (float(stored(bench)["rate"]), int(stored(bench)["cut"])) == (learned["rate"], learned["cut_at"])
    arrivals = sorted(message["at_ms"] for message in bench.platform.accepted())[-20:]
    assert (arrivals[-1] - arrivals[0]) / 19 > 56, "16/s and a little more, not 20"


@pytest.mark.parametrize("seconds", [3.0, pytest.param(25.0, marks=pytest.mark.chaos)])
def test_while_redis_does_not_answer_nothing_is_sent_and_nothing_is_lost(bench, home, eventually, seconds):
    server = embedded.ensure(home)
    bench.valkey_url = server.url
    bench.platform.change(cap=SLOW)
    bench.launch(50, pages=page(bench, rate=SLOW))

    async def stopped(_kit):
        await eventually(lambda: bench.platform.stats()["accepted"] > 12, "some are out")
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(1.5)
            sent = bench.platform.stats()["accepted"]
            await asyncio.sleep(seconds - 1.5)
            assert bench.platform.stats()["accepted"] == sent, "no slots, no sends"
        finally:
            os.kill(server.pid, signal.SIGCONT)

    bench.work(during=stopped)
    bench.finish()
    assert bench.counts() == {"accepted": 50}
    stats = bench.platform.stats()
    assert (stats["refusals"], stats["doubles"]) == (0, 0), "not one second held more than the cap"
    server.release()
