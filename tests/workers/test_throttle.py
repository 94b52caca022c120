"""Leases, pauses and what makes a slot stale, on a real Valkey."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
import redis

from schemas.bucket import Bucket, Pace
from workers import embedded
from workers.throttle import LEAD, SPAN, PaceUnavailable, Throttle, connect

PAGE = Pace("sender:instagram:1", "page acme", 40.0)
KEY = Pace("key:orbit:1", "API key", 100.0)
SLOW = Pace("sender:instagram:2", "page slow", 0.01)
APP = Pace("app:1", "app", None)
SETTLE = LEAD + 2 * SPAN


class Rows:
    """The rows that a worker would read from the database, and which were asked for."""

    def __init__(self, **paused_until: int) -> None:
        self.paused_until = paused_until
        self.asked: list[str] = []

    async def __call__(self, keys: Sequence[str]) -> Mapping[str, Bucket]:
        self.asked += keys
        return {key: Bucket(key=key, paused_until=until) for key, until in self.paused_until.items()}


@asynccontextmanager
async def throttle(url: str, rows: Rows | None = None, settled: Sequence[Pace] = ()) -> AsyncIterator[Throttle]:
    """A throttle; its `settled` buckets are seeded and as free as if idle for long."""
    client = connect(url)
    made = Throttle(client, rows or Rows())
    for pace in settled:
        await made.lease([pace], 1)
        await client.hset(made._prefix + pace.key, "tat", "0")
    yield made
    await client.aclose()


@pytest.fixture(autouse=True)
def no_key_lives_for_ever(request):
    yield
    if "valkey_url" in request.fixturenames:
        with redis.Redis.from_url(request.getfixturevalue("valkey_url")) as client:
            short = {key: left for key in client.scan_iter() if (left := client.pttl(key)) < 24 * 3600 * 1000}
            assert short == {}


def test_a_lease_holds_a_quarter_of_a_second_and_leaves_time_to_claim(valkey_url):
    async def run():
        async with throttle(valkey_url, settled=[PAGE]) as pace:
            asked = asyncio.get_running_loop().time()
            lease = await pace.lease([PAGE], 50)
            assert (lease.count, lease.interval, lease.paused) == (10, 0.025, False)
            assert LEAD <= lease.start - asked < LEAD + SPAN
            assert [lease.at(i) for i in (0, 9)] == [lease.start, pytest.approx(lease.start + 0.225)]

    asyncio.run(run())


def test_no_burst_after_idle(valkey_url):
    async def run():
        async with throttle(valkey_url, settled=[PAGE]) as pace:
            first, end = await pace.lease([PAGE], 50), int(await pace._redis.hget(pace._prefix + PAGE.key, "tat"))
            second, after = await pace.lease([PAGE], 50), int(await pace._redis.hget(pace._prefix + PAGE.key, "tat"))
            assert (first.count, second.count) == (10, 10)
            assert after - end == 250_000

    asyncio.run(run())


def test_a_slot_too_far_ahead_is_waited_for(valkey_url):
    async def run():
        async with throttle(valkey_url, settled=[PAGE, SLOW]) as pace:
            given, held = [await pace.lease([PAGE, SLOW], 50) for _ in range(2)]
            assert (given.count, given.held_by) == (1, "")
            assert (held.count, held.held_by, held.paused) == (0, SLOW.key, False)
            assert held.wait == pytest.approx(100 - SPAN, abs=1)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("paces", "want", "count"),
    [
        ([PAGE], 3, 3),
        ([Pace("slow", "", 200 / 3600)], 50, 1),
        ([APP], 7, 7),
        ([APP], 999, 50),
        ([PAGE, APP], 50, 10),
        ([PAGE, Pace("twin", "", 40.0)], 50, 10),
        ([PAGE, KEY], 50, 1),
    ],
    ids=["want", "slow", "only-pauses", "ceiling", "with-app", "equal", "mixed"],
)
def test_how_many_slots_a_lease_holds(valkey_url, paces, want, count):
    async def run():
        async with throttle(valkey_url, settled=paces) as pace:
            assert (await pace.lease(paces, want)).count == count

    asyncio.run(run())


def test_a_mixed_lease_takes_from_each_bucket_what_it_uses(valkey_url):
    async def run():
        async with throttle(valkey_url, settled=[PAGE, KEY]) as pace:
            assert (await pace.lease([PAGE, KEY], 50)).count == 1
            page, key = [int(await pace._redis.hget(pace._prefix + each.key, "tat")) for each in (PAGE, KEY)]
            # From one start, one interval each: asked on their own, a call 10 ms later would find the key's slot past.
            assert page - key == 25_000 - 10_000

    asyncio.run(run())


def test_those_who_ask_together_are_served_one_after_the_other(valkey_url):
    """In one call: the second gets the slots behind the first's, and only who is unseeded asks again."""

    async def run():
        async with throttle(valkey_url, settled=[PAGE]) as pace:
            calls = await _scripts_run(pace)
            asked = [pace.lease([PAGE], 4), pace.lease([APP], 7), pace.lease([PAGE], 50)]
            first, unseeded, last = await asyncio.gather(*asked)
            assert [lease.count for lease in (first, unseeded, last)] == [4, 7, 10]
            assert last.start == pytest.approx(first.at(4), abs=1e-6)
            # All leases, the seed of the app, and its lease.
            assert await _scripts_run(pace) - calls == 3

    asyncio.run(run())


def test_who_asks_for_what_cannot_be_leased_hears_it(valkey_url):
    async def run():
        async with throttle(valkey_url) as pace, asyncio.timeout(5):
            with pytest.raises(OverflowError):
                await pace.lease([Pace(PAGE.key, PAGE.label, 1e-320)], 1)

    asyncio.run(run())


def test_an_unseeded_bucket_takes_its_pause_from_the_row(valkey_url):
    async def run():
        until = int(time.time() * 1000) + 90_000
        rows = Rows(**{PAGE.key: until})
        async with throttle(valkey_url, rows) as pace:
            lease = await pace.lease([PAGE, APP], 5)
            assert (lease.count, lease.paused, lease.held_by) == (0, True, PAGE.key)
            assert lease.wait == pytest.approx(90, abs=1)
            assert sorted(rows.asked) == sorted([PAGE.key, APP.key])
            assert (await pace.allowed([PAGE.key, "unknown"])).keys() == {PAGE.key}
            assert (await pace.allowed([PAGE.key]))[PAGE.key].paused_until == until

    asyncio.run(run())


def test_a_flushed_redis_gives_no_slot_that_a_forgotten_lease_may_hold(valkey_url):
    async def run():
        async with throttle(valkey_url) as pace:
            first = [await pace.lease([PAGE], 50) for _ in range(2)]
            await pace._redis.flushall()
            again = await pace.lease([PAGE], 50)
            assert again.count == 0 or again.start >= max(lease.at(lease.count) for lease in first)

    asyncio.run(run())


def test_seeding_leaves_a_seeded_bucket_alone(valkey_url):
    async def run():
        rows = Rows()
        async with throttle(valkey_url, rows, settled=[PAGE]) as pace:
            before = await pace._redis.hgetall(pace._prefix + PAGE.key)
            await pace._seed([PAGE.key])
            assert await pace._redis.hgetall(pace._prefix + PAGE.key) == before

    asyncio.run(run())


def test_a_pause_is_never_shortened_and_counts_an_epoch_once(valkey_url):
    async def run():
        async with throttle(valkey_url, settled=[PAGE]) as pace:
            lease = await pace.lease([PAGE], 50)
            epoch = lease.epoch[PAGE.key]
            until = [(await pace.pause(PAGE.key, seconds, epoch)).until for seconds in (30, 60, 5)]
            assert until[1] - until[0] == pytest.approx(30_000, abs=500)
            assert until[2] == until[1]
            assert int(await pace._redis.hget(pace._prefix + PAGE.key, "epoch")) == epoch + 1
            held = await pace.lease([PAGE], 50)
            assert (held.count, held.paused, held.held_by) == (0, True, PAGE.key)
            assert held.wait == pytest.approx(60, abs=1)
            await pace.resume(PAGE.key)
            assert (await pace.lease([PAGE], 50)).epoch[PAGE.key] == epoch + 1

    asyncio.run(run())


def test_a_pause_of_an_unseeded_bucket_outlives_the_seed(valkey_url):
    async def run():
        async with throttle(valkey_url) as pace:
            until = (await pace.pause(PAGE.key, 3 * 86400)).until
            assert await pace._redis.pttl(pace._prefix + PAGE.key) > 4 * 86400 * 1000
            lease = await pace.lease([PAGE], 1)
            assert lease.paused
            assert (await pace.allowed([PAGE.key]))[PAGE.key].paused_until == until
            assert await pace._redis.pttl(pace._prefix + PAGE.key) > 4 * 86400 * 1000
            await pace.resume("nothing there")

    asyncio.run(run())


def test_a_pause_makes_slots_stale_in_every_process(valkey_url, eventually):
    async def run():
        async with throttle(valkey_url, settled=[PAGE]) as here, throttle(valkey_url) as there:
            listening = asyncio.create_task(there.listen())
            await eventually(lambda: _listeners(valkey_url), "the other process listens")
            lease, free = await there.lease([PAGE], 50), await there.lease([APP], 50)
            assert not there.stale(lease)
            await here.pause(PAGE.key, 0.001, lease.epoch[PAGE.key])
            await eventually(lambda: there.stale(lease), "the slot is dropped", 1)
            assert not there.stale(free)
            listening.cancel()

    asyncio.run(run())


def test_a_resumed_page_sends_again_but_not_in_its_old_slots(valkey_url):
    async def run():
        async with throttle(valkey_url, settled=[PAGE]) as pace:
            old = await pace.lease([PAGE], 5)
            await pace.pause(PAGE.key, 60)
            await pace.resume(PAGE.key)
            new = await pace.lease([PAGE], 5)
            assert (pace.stale(old), pace.stale(new)) == (True, False)
            assert (pace.overtaken(old), pace.overtaken(new)) == (True, False)

    asyncio.run(run())


def test_slots_pass_and_sleep_is_noticed(valkey_url, monkeypatch):
    async def run():
        async with throttle(valkey_url, settled=[PAGE]) as pace:
            lease = await pace.lease([PAGE], 1)
            assert not pace.stale(lease)
            wall = time.time()
            with monkeypatch.context() as clock:
                clock.setattr(time, "time", lambda: wall + 3600)
                assert pace.stale(lease)
            loop = asyncio.get_running_loop()
            monkeypatch.setattr(loop, "time", lambda: lease.end + 0.001)
            assert pace.stale(lease)
            assert not pace.overtaken(lease)
            monkeypatch.undo()

    asyncio.run(run())


def test_what_was_leased_before_a_connection_broke_is_stale(valkey_url, eventually):
    async def run():
        async with throttle(valkey_url, settled=[SLOW]) as pace:
            listening = asyncio.create_task(pace.listen())
            await eventually(lambda: _listeners(valkey_url), "it listens")
            lease = await pace.lease([SLOW], 1)
            assert not pace.stale(lease)
            await pace._redis.client_kill_filter(_type="pubsub")
            await eventually(lambda: pace.overtaken(lease), "the broken connection voids the lease", 2)
            assert _listeners(valkey_url)
            await pace.resume(SLOW.key)
            await pace._redis.hset(pace._prefix + SLOW.key, "tat", "0")
            assert not pace.stale(await pace.lease([SLOW], 1))
            listening.cancel()

    asyncio.run(run())


def test_slots_are_stale_while_the_server_is_down(home, eventually, wait_until):
    async def run():
        server = embedded.ensure(home)
        async with throttle(server.url, settled=[SLOW]) as pace:
            listening = asyncio.create_task(pace.listen())
            await eventually(lambda: _listeners(server.url), "it listens")
            lease = await pace.lease([SLOW], 1)
            os.kill(server.pid, signal.SIGKILL)
            await eventually(lambda: pace.stale(lease), "nobody listens", 2)
            wait_until(server.heal, "the death is noticed")
            await eventually(lambda: _listeners(server.url), "it listens again", 2)
            listening.cancel()
        server.release()

    asyncio.run(run())


def test_a_redis_that_is_gone_stops_sending_at_once(tmp_path):
    async def run():
        async with throttle(f"unix://{tmp_path}/none.sock") as pace:
            began = time.monotonic()
            for call in (pace.lease([PAGE], 1), pace.pause(PAGE.key, 1), pace.resume(PAGE.key), pace.allowed(["x"])):
                with pytest.raises(PaceUnavailable, match="nothing is sent"):
                    await call
            assert time.monotonic() - began < 2

    asyncio.run(run())


def test_a_restarted_redis_is_seeded_anew(home, wait_until):
    """Its file may lack the last second: slots that it forgot must not be given twice."""

    async def run():
        server = embedded.ensure(home)
        rows = Rows()
        async with throttle(server.url, rows) as pace:
            await pace.lease([APP, PAGE], 1)
            rows.asked.clear()
            os.kill(server.pid, signal.SIGKILL)
            wait_until(server.heal, "the server is dead")
            asked = asyncio.get_running_loop().time()
            lease = await pace.lease([PAGE], 1)
            assert rows.asked == [PAGE.key]
            assert lease.count == 0 or lease.start >= asked + SETTLE
        server.release()

    asyncio.run(run())


def test_slots_do_not_shift_with_the_delay_of_the_reply(valkey_url):
    async def run():
        async with throttle(valkey_url) as pace:
            pace._locate(1000.0, 50.0, 50.001)
            assert pace._offset == pytest.approx(-949.9995)
            pace._locate(1001.0, 51.0, 51.3)
            assert pace._offset == pytest.approx(-949.9995)
            pace._locate(1002.0, 52.01, 52.011)
            assert pace._offset == pytest.approx(-949.99)

    asyncio.run(run())


async def _scripts_run(pace: Throttle) -> int:
    stats = await pace._redis.info("commandstats")
    return stats.get("cmdstat_evalsha", {"calls": 0})["calls"]


def _listeners(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return client.pubsub_numsub("pagecast:pace:pauses")[0][1]
