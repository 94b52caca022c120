"""A run whose ground moves: a database that fails, a lease that ends, a chunk that others took, a pace that is gone."""

import asyncio

import redis
from structlog.testing import capture_logs

from campaigns.ledger import chunks
from campaigns.ledger.chunks import LEASE_MS
from campaigns.runtime import now_of
from tests import factories
from tests.factories import person
from workers.sender import course


def test_answers_outlive_a_database_that_fails_for_a_moment(bench, eventually):
    bench.platform.change(latency=0.4)
    bench.launch(60, pages={"acme": factories.page(bench.platform.meta_url, rate=100)})
    bench.write("UPDATE lane SET proven = true")

    async def fail_while_calls_are_out(kit):
        await eventually(lambda: bench.platform.stats()["accepted"] > 5, "some are out")
        bench.write("ALTER TABLE tally RENAME TO gone")
        await eventually(lambda: kit.in_flight == 0, "their answers are in")
        bench.write("ALTER TABLE gone RENAME TO tally")

    bench.work(during=fail_while_calls_are_out)
    counts = bench.counts()
    assert counts.keys() == {"accepted", "pending"}
    assert counts["accepted"] == bench.platform.stats()["accepted"]
    assert bench.one("SELECT state, crashes FROM chunk") == {"state": "ready", "crashes": 1}
    bench.finish()
    assert sorted(bench.accepted()) == [person(n) for n in range(60)]


def test_a_lease_is_renewed_while_the_chunk_runs(bench, eventually, monkeypatch):
    monkeypatch.setattr(course, "RENEW", 0.05)
    bench.platform.change(latency=0.5)
    bench.launch(3)

    async def shorten(_kit):
        await eventually(lambda: bench.one("SELECT state FROM chunk")["state"] != "ready", "it runs")
        bench.write("UPDATE chunk SET lease_until = 1")
        await eventually(lambda: (bench.one("SELECT lease_until FROM chunk")["lease_until"] or 0) > 1, "it is renewed")
        left = bench.one("SELECT lease_until FROM chunk")["lease_until"] - factories.now(bench.runtime)
        assert LEASE_MS - 5000 < left <= LEASE_MS

    bench.work(during=shorten)
    assert bench.counts() == {"accepted": 3}


def test_a_run_whose_chunk_was_taken_stops_and_its_late_answers_count(bench, eventually, monkeypatch):
    monkeypatch.setattr(course, "RENEW", 0.05)
    bench.platform.change(latency=0.4)
    bench.launch(200, pages={"acme": factories.page(bench.platform.meta_url, rate=100)})
    bench.write("UPDATE lane SET proven = true")
    doubtful = []

    async def take_away(_kit):
        await eventually(lambda: bench.platform.stats()["accepted"] > 10, "some are out")
        owner = bench.one("SELECT owner FROM chunk")["owner"]
        with bench.runtime.writing() as conn:
            doubtful.append(chunks.recover(conn, 1, owner, now_of(conn)))
        await asyncio.sleep(0)

    with capture_logs() as said:
        bench.work(during=take_away)
    assert "lease" in next(line["forfeited"] for line in said if line["event"] == "chunk.run")
    assert doubtful[0] > 10
    counts = bench.counts()
    assert counts["unknown"] + counts["accepted"] + counts["pending"] == 200
    assert counts["accepted"] == bench.platform.stats()["accepted"], "every answer that came counts"
    assert counts["pending"] > 100, "nobody went on under the old fence"
    assert counts["unknown"] > 0, "what was claimed and not sent is not sent any more, and not brought back either"
    bench.finish()
    assert bench.platform.stats()["doubles"] == 0
    assert bench.counts().keys() <= {"accepted", "unknown"}


def test_without_redis_nothing_is_sent_and_nobody_is_lost(bench, valkey_url):
    bench.launch(10)
    bench.write("UPDATE lane SET proven = true")

    async def refuse_everything(_kit):
        with redis.Redis.from_url(valkey_url) as client:
            client.config_set("maxmemory", "1")
            client.config_set("maxmemory-policy", "noeviction")

    try:
        bench.work(during=refuse_everything)
    finally:
        with redis.Redis.from_url(valkey_url) as client:
            client.config_set("maxmemory", "0")
    counts = bench.counts()
    assert counts.keys() <= {"accepted", "pending"}
    bench.finish()
    assert sorted(bench.accepted()) == [person(n) for n in range(10)]
