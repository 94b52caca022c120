"""The pace is exact: the Lua script against a model in rational numbers, and many processes against a stop-watch."""

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.bucket import Pace
from workers.throttle import KEEP_MS, _interval

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
class Model:
    """What was leased so far, in exact microseconds, and the real script on a clock of the test's own."""

    client: redis.Redis
    now: int = EPOCH * SECOND
    slots: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in PACES})

    def __post_init__(self) -> None:
        self.client.flushall()
        self.call("seed", list(PACES), [-SECOND, KEEP_MS, *(0 for _ in PACES)])

    def call(self, name: str, keys: Sequence[str], args: Sequence[int]) -> list[int]:
        source = (ROOT / "workers" / f"{name}.lua").read_text()
        assert source.count("redis.call('TIME')") == 1
        self.client.hset("clock", mapping={"s": self.now // SECOND, "us": self.now % SECOND})
        faked = source.replace("redis.call('TIME')", "redis.call('HMGET', 'clock', 's', 'us')")
        return self.client.eval(faked, len(keys), *keys, *args)

    def lease(self, names: Sequence[str], want: int) -> list[int]:
        args = [want, LEAD, SPAN, AHEAD, KEEP_MS, *(_interval(PACES[name]) for name in names)]
        return self.call("lease", names, args)

    def earliest(self, names: Sequence[str]) -> Fraction:
        free = [self.slots[name][-1] + SECOND / rate for name, rate in rates(names).items() if self.slots[name]]
        return max([Fraction(self.now + LEAD), *free])

    def step(self, names: Sequence[str], want: int) -> None:
        """Ask once, and hold the answer against what exact arithmetic allows."""
        earliest = self.earliest(names)
        count, now, *rest = self.lease(names, want)
        assert now == self.now
        if count == 0:
            self.refused(names, want, earliest, until=rest[0])
            return
        start, interval = rest[:2]
        limits = rates(names)
        slowest = min(limits.values(), default=None)
        # Rounding to whole microseconds may cost one for each slot of the lease before.
        assert earliest <= start <= earliest + 50
        assert start - self.now <= AHEAD
        assert count == (want if slowest is None else expected(limits, slowest, want))
        for name in limits:
            self.slots[name] += [start + i * interval for i in range(count)]

    def refused(self, names: Sequence[str], want: int, earliest: Fraction, until: int) -> None:
        assert earliest - self.now > AHEAD - 50
        self.now = until - 1
        assert self.lease(names, want)[0] == 0
        self.now = until
        self.step(names, want)


def rates(names: Sequence[str]) -> dict[str, Fraction]:
    return {name: Fraction(rate).limit_denominator(3600) for name in names if (rate := PACES[name].rate) is not None}


def expected(limits: dict[str, Fraction], slowest: Fraction, want: int) -> int:
    if len(set(limits.values())) > 1:
        return 1
    return min(want, max(1, math.floor(SPAN / Fraction(_interval(Pace("", "", float(slowest)))))))


lanes = st.lists(st.sampled_from(sorted(PACES)), min_size=1, max_size=4, unique=True)
steps = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 777, 10_000, 27_778, 250_000, 3_000_000]), lanes, st.integers(1, 50)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_no_order_of_leases_breaks_or_wastes_a_pace(valkey_url, steps):
    with redis.Redis.from_url(valkey_url) as client:
        model = Model(client)
        for passed, names, want in steps:
            model.now += passed
            model.step(names, want)
        for name, rate in rates(list(PACES)).items():
            slots = model.slots[name]
            assert slots == sorted(slots)
            assert all(later - sooner >= SECOND / rate for sooner, later in itertools.pairwise(slots))
            assert most_in_a_second(slots, SECOND) <= math.ceil(rate)


def test_a_clock_set_back_does_not_stop_the_pace(valkey_url):
    with redis.Redis.from_url(valkey_url) as client:
        model = Model(client)
        assert model.lease(["page"], 50)[0] == 8
        model.now -= 3600 * SECOND
        count, _, until, *_ = model.lease(["page"], 50)
        assert count == 0
        assert until - model.now <= SPAN
        model.now = until
        assert model.lease(["page"], 50)[0] == 8


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


def achieved(slots: Sequence[float]) -> float:
    return (len(slots) - 1) / (slots[-1] - slots[0])


# A shared page's rate, and the ceiling of each process's campaign on it.
SHARED: dict[str, tuple[float, list[float | None]]] = {
    "page": (40.0, [None, 15.0, 25.0]),
    "fast": (300.0, [None, None, 120.0]),
    "all-with-ceilings": (60.0, [36.0, 36.0, 20.0]),
}


def test_processes_that_share_a_page_keep_its_pace(valkey_url):
    processes = [
        [[(page, rate), (f"{page} {process}", ceilings[process])] for page, (rate, ceilings) in SHARED.items()]
        for process in range(3)
    ]
    measured = measure(valkey_url, processes, 2.5)
    for index, (rate, ceilings) in enumerate(SHARED.values()):
        lanes = [process[index] for process in measured]
        together = sorted(slot for lane in lanes for slot in lane)
        # Who starts together leaves gaps in front of each other until the first quarter of a second is full.
        steady = [slot for slot in together if slot >= together[0] + 2 * SPAN / SECOND]
        assert most_in_a_second(together) <= rate * 1.01 + 1
        assert achieved(steady) >= 0.99 * rate
        for lane, limit in zip(lanes, ceilings, strict=True):
            assert len(lane) > 1
            assert limit is None or most_in_a_second(lane) <= limit * 1.01 + 1
