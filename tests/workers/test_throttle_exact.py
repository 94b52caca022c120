"""The pace is exact: the Lua script against a model in rational numbers, and many processes that never exceed it."""

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import buckets
from schemas.bucket import Bucket, Pace
from workers.lease import NOBODY, Share
from workers.throttle import KEEP_MS, _interval, _seed_of, _source

ROOT = Path(__file__).parents[2]
SECOND = 1_000_000
LEAD, SPAN = 60_000, 250_000
AHEAD = LEAD + SPAN
EPOCH = 1_795_000_000

PACES = {
    "page": Pace("page", "", 36.0),
    "twin": Pace("twin", "", 36.0),
    "key": Pace("key", "", 1.2),
    "ceiling": Pace("ceiling", "", 20.0),
    "fast": Pace("fast", "", 300.0),
    "odd": Pace("odd", "", 7.7),
    "cautious": Pace("cautious", "", 200 / 3600),
    "app": Pace("app", "", None),
}


@dataclass
class Exact:
    """One bucket in exact arithmetic: microseconds for slots, milliseconds for the rest, messages per second."""

    interval: int
    tat: Fraction = Fraction(0)
    pause: int = 0
    epoch: int = EPOCH
    rate: Fraction | None = None
    cut: int = 0
    eased: int = 0
    leased: bool = False
    slots: list[int] = field(default_factory=list)
    row: Bucket = field(default_factory=lambda: Bucket(key=""))

    @property
    def cap(self) -> Fraction:
        return Fraction(SECOND, self.interval)

    def grown(self, ms: Fraction) -> Fraction:
        if self.rate is None:
            return self.cap
        since = max(Fraction(0), ms - max(self.cut, self.pause))
        return min(self.cap, self.rate + GAIN * self.cap * since / 1000)

    def allowed(self, ms: Fraction) -> Fraction:
        return min(self.grown(ms), self.cap / 2) if self.eased > ms else self.grown(ms)

    def present(self, now: int) -> int:
        """The interval that a lease at `now` must keep."""
        pace = self.allowed(Fraction(now, 1000))
        return self.interval if pace >= self.cap else math.ceil(SECOND / pace)

    def learn(self, ms: int, *, cut: bool) -> None:
        if self.interval == 0 or not self.leased:
            return
        rate = self.grown(Fraction(ms))
        if cut:
            least = max(self.cap / 60, Fraction(1, 100))
            rate = min(self.cap, max(self.allowed(Fraction(ms)) * Fraction(4, 5), least))
        self.rate, self.cut = (rate, ms) if rate < self.cap else (None, 0)


GAIN = Fraction(1, 500)


@dataclass
class Model:
    """What was leased so far, in exact microseconds, and the real scripts on a clock of the test's own."""

    client: redis.Redis
    now: int = EPOCH * SECOND
    exact: dict[str, Exact] = field(default_factory=lambda: {name: Exact(_interval(PACES[name])) for name in PACES})

    def __post_init__(self) -> None:
        self.client.flushall()
        self.call("seed", list(PACES), [-SECOND, KEEP_MS, *(fact for _ in PACES for fact in _seed_of(None))])

    def call(self, name: str, keys: Sequence[str], args: Sequence[float | str]) -> list[Any]:
        source = _source(name)
        assert source.count("redis.call('TIME')") == 1
        self.client.hset("clock", mapping={"s": self.now // SECOND, "us": self.now % SECOND})
        faked = source.replace("redis.call('TIME')", "redis.call('HMGET', 'clock', 's', 'us')")
        return self.client.eval(faked, len(keys), *keys, *args)

    def lease(self, *asks: tuple[Sequence[str], int], share: Share = NOBODY) -> list[list[int]]:
        """Ask for several leases in one call; return its clock and they."""
        args = [LEAD, SPAN, AHEAD, KEEP_MS, buckets.GAIN]
        for names, want in asks:
            args += [want, share.name, share.weight, len(names), *(_interval(PACES[name]) for name in names)]
        now, *leases = self.call("lease", [name for names, _ in asks for name in names], args)
        assert now == self.now
        return leases

    def step(self, names: Sequence[str], want: int) -> None:
        """Ask for one lease, again where it must wait, and hold each answer against exact arithmetic."""
        until = self.judge(names, want, *self.lease((names, want)))
        if until is not None:
            self.now = until - 1
            assert self.lease((names, want))[0][0] == 0
            self.now = until
            self.step(names, want)

    def together(self, asks: Sequence[tuple[Sequence[str], int]]) -> None:
        """Ask for several leases in one call: each must be as if it had come behind the one before."""
        for (names, want), reply in zip(asks, self.lease(*asks), strict=True):
            self.judge(names, want, reply)

    def judge(self, names: Sequence[str], want: int, reply: Sequence[int]) -> int | None:
        """Hold a lease against what exact arithmetic allows; return when to ask again, None where there are slots."""
        limits = {name: self.exact[name] for name in names if self.exact[name].interval}
        intervals = {name: bucket.present(self.now) for name, bucket in limits.items()}
        pause = max(self.exact[name].pause for name in names) * 1000
        for name, bucket in limits.items():
            self.known_to_the_row(bucket)
            bucket.tat = min(bucket.tat, Fraction(self.now + AHEAD + max(SPAN, intervals[name])))
        earliest = max([Fraction(self.now + LEAD), *(bucket.tat for bucket in limits.values())])
        count, *rest = reply
        if count == 0:
            until, _, paused = rest
            assert paused == (pause > self.now)
            assert until == pause if paused else earliest - self.now > AHEAD - NEAR
            return until
        start, interval, *epochs = rest
        assert pause <= self.now
        assert epochs == [self.exact[name].epoch for name in names]
        assert abs(start - earliest) <= NEAR
        assert start - self.now <= AHEAD
        assert abs(interval - max(intervals.values(), default=0)) <= 1
        assert count == expected(intervals.values(), want)
        for name, bucket in limits.items():
            bucket.slots += [start + i * interval for i in range(count)]
            bucket.tat = Fraction(start + count * intervals[name])
            bucket.leased = True
        return None

    def pause(self, name: str, wait: int, how: str) -> None:
        """Pause a bucket, for a refusal of this epoch, of an older one, or for another reason."""
        bucket, ms = self.exact[name], self.now // 1000
        epoch = {"refused": bucket.epoch, "late": bucket.epoch - 1, "other": ""}[how]
        args = [wait, epoch, KEEP_MS, "told", 1 if how == "other" else buckets.KEEPS]
        args += [buckets.GAIN, buckets.FLOOR, buckets.LEAST]
        until, number, left, moved, rate, cut, interval = self.call("pause", [name], args)
        bucket.learn(ms, cut=how == "refused")
        bucket.pause = max(bucket.pause, ms + wait)
        bucket.epoch += how != "late"
        assert (until, number, left, moved) == (bucket.pause, bucket.epoch, bucket.pause - ms, how != "late")
        assert (cut, interval) == ((ms, bucket.interval) if bucket.leased else (0, 0))
        known = bucket.rate if bucket.leased else None
        assert (float(rate) if rate else None) == (known and pytest.approx(float(known)))
        bucket.row.paused_until = until
        if interval:
            bucket.row.cap, bucket.row.cut_at = SECOND / interval, cut
            bucket.row.rate = float(rate) if rate else None

    def ease(self, name: str, wait: int) -> None:
        bucket = self.exact[name]
        bucket.eased, interval = self.call("ease", [name], [wait, KEEP_MS])
        assert bucket.eased == self.now // 1000 + wait
        bucket.row.eased_until = bucket.eased
        bucket.row.cap = SECOND / interval if interval else bucket.row.cap

    def forget(self) -> None:
        """Lose everything in Redis; the rows are left."""
        self.client.flushall()
        facts = [fact for bucket in self.exact.values() for fact in _seed_of(bucket.row)]
        self.call("seed", list(self.exact), [AHEAD + SPAN, KEEP_MS, *facts])
        for bucket in self.exact.values():
            bucket.tat = Fraction(self.now + AHEAD + SPAN)
            bucket.epoch, bucket.leased = self.now // SECOND, False
            if bucket.interval > SPAN:
                # Where slots are further apart than a lease reaches, a loss gives one of them early.
                bucket.slots.clear()

    def known_to_the_row(self, bucket: Exact) -> None:
        ms = self.now // 1000
        if bucket.row.cap:
            assert (buckets.allowed(bucket.row, ms) or bucket.row.cap) == pytest.approx(float(bucket.allowed(ms)))


def expected(intervals: Iterable[int], want: int) -> int:
    different = set(intervals)
    if len(different) > 1:
        return 1
    return min([want, *(max(1, SPAN // interval) for interval in different)])


NEAR = 50
"""Microseconds: a cut bucket's interval may be rounded to the neighbour of the exact one."""

lanes = st.lists(st.sampled_from(sorted(PACES)), min_size=1, max_size=4, unique=True)
asking = st.tuples(st.just("step"), lanes, st.integers(1, 50))
pausing = st.tuples(
    st.just("pause"),
    st.sampled_from(sorted(PACES)),
    st.sampled_from([0, 1, 700, 2000, 40_000]),
    st.sampled_from(["refused", "refused", "late", "other"]),
)
easing = st.tuples(st.just("ease"), st.sampled_from(sorted(PACES)), st.sampled_from([0, 5000, 60_000]))
joining = st.tuples(st.just("together"), st.lists(st.tuples(lanes, st.integers(1, 50)), min_size=1, max_size=5))
deeds = st.one_of(asking, asking, joining, pausing, easing, st.tuples(st.just("forget")))
passing = st.sampled_from([0, 0, 1, 777, 10_000, 27_778, 250_000, 3_000_000, 100_000_000])
steps = st.lists(st.tuples(passing, deeds), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_no_order_of_leases_refusals_and_losses_breaks_or_wastes_a_pace(valkey_url, steps):
    with redis.Redis.from_url(valkey_url) as client:
        model = Model(client)
        for passed, (deed, *facts) in steps:
            model.now += passed
            getattr(model, deed)(*facts)
        for name, bucket in model.exact.items():
            if rate := PACES[name].rate:
                assert all(later - sooner >= SECOND / rate for sooner, later in itertools.pairwise(bucket.slots))
                assert most_in_a_second(bucket.slots, SECOND) <= math.ceil(rate)


def test_a_clock_set_back_does_not_stop_the_pace(valkey_url):
    with redis.Redis.from_url(valkey_url) as client:
        model = Model(client)
        assert model.lease((["page"], 50))[0][0] == 8
        model.now -= 3600 * SECOND
        count, until, *_ = model.lease((["page"], 50))[0]
        assert count == 0
        assert until - model.now <= SPAN
        model.now = until
        assert model.lease((["page"], 50))[0][0] == 8


def test_a_page_refused_again_and_again_ends_at_a_sixtieth_and_recovers_within_nine_minutes(valkey_url):
    with redis.Redis.from_url(valkey_url) as client:
        model = Model(client)
        page = model.exact["page"]
        for _ in range(30):
            model.step(["page"], 1)
            model.pause("page", 0, "refused")
        assert page.rate == page.cap / 60
        model.now += 250 * SECOND
        assert float(page.allowed(Fraction(model.now, 1000))) == pytest.approx(36 * (1 / 60 + 0.5), rel=1e-3)
        model.now += 242 * SECOND
        model.step(["page"], 50)
        assert page.present(model.now) == page.interval


LEASER = """
import asyncio, json, sys
from schemas.bucket import Pace
from workers.throttle import Throttle, connect

async def lane(throttle, paces, seconds):
    clock, slots = asyncio.get_running_loop().time, []
    until = clock() + seconds
    while clock() < until:
        lease = await throttle.lease([Pace(key, key, rate) for key, rate in paces], 50)
        slots += [lease.at(i) for i in range(lease.count)]
        await asyncio.sleep(lease.wait)
    return slots

async def main(url, lanes, seconds):
    async def seed(keys):
        return {}
    client = connect(url)
    throttle = Throttle(client, seed)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(await asyncio.gather(*(lane(throttle, paces, seconds) for paces in lanes))))
    await client.aclose()

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])))
"""

Lane = Sequence[tuple[str, float | None]]


def measure(url: str, processes: Sequence[Sequence[Lane]], seconds: float) -> list[list[list[float]]]:
    """Lease in as many processes at once; return the slots by process and lane, on the one clock of this machine."""
    leasers = [
        subprocess.Popen(
            [sys.executable, "-c", LEASER, url, json.dumps(lanes), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for lanes in processes
    ]
    assert {leaser.stdout.readline() for leaser in leasers if leaser.stdout} == {"ready\n"}
    for leaser in leasers:
        assert leaser.stdin
        leaser.stdin.write("go\n")
        leaser.stdin.flush()
    return [json.loads(leaser.communicate()[0]) for leaser in leasers]


def most_in_a_second(slots: Sequence[float], second: float = 1.0) -> int:
    """The fullest half-open second that begins at a slot."""
    most = begin = 0
    for end, slot in enumerate(slots):
        while slot - slots[begin] >= second:
            begin += 1
        most = max(most, end - begin + 1)
    return most


# A shared page's rate, and the ceiling of each process's campaign on it.
SHARED: dict[str, tuple[float, list[float | None]]] = {
    "page": (40.0, [None, 15.0, 25.0]),
    "fast": (300.0, [None, None, 120.0]),
    "all-with-ceilings": (60.0, [36.0, 36.0, 20.0]),
}


def test_processes_that_share_a_page_keep_its_pace(valkey_url):
    """That no slot is wasted is shown above, on a clock of its own: Redis runs one script at a time, whoever asks.

    How soon they ask again, and so how near they come to the pace, is for `tests/benchmarks/limiter.py`.
    """
    processes = [
        [[(page, rate), (f"{page} {process}", ceilings[process])] for page, (rate, ceilings) in SHARED.items()]
        for process in range(3)
    ]
    measured = measure(valkey_url, processes, 2.5)
    for index, (rate, ceilings) in enumerate(SHARED.values()):
        lanes = [process[index] for process in measured]
        together = sorted(slot for lane in lanes for slot in lane)
        assert most_in_a_second(together) <= rate * 1.01 + 1
        for lane, limit in zip(lanes, ceilings, strict=True):
            assert lane
            assert limit is None or most_in_a_second(lane) <= limit * 1.01 + 1
