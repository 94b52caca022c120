"""The limiter by itself, and against a platform that takes a fifth of what we ask.

    uv run python tests/benchmarks/limiter.py [--seconds 6] [--learning 120]

First: slots of five rates, leased by 1, 4 and 8 processes at once from one Valkey; nothing is sent. Then a campaign at
300/s, four worker processes, against the simulator with a hidden limit of 60/s; a fixed rate with a shared pause gets
32.5/s there, and 30.8 % refusals.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence

import pace
import rig

from campaigns import simulator
from campaigns.runtime import Runtime
from campaigns.simulator import Scenario
from schemas.bucket import Bucket, Pace
from workers import embedded
from workers.throttle import SPAN, Throttle, connect

RATES = (0.05, 1.33, 40.0, 300.0, 1000.0)
PROCESSES = (1, 4, 8)
SLOWEST_SECONDS = 45.0
"""The slowest rate is watched for two intervals."""
AIM_SHARE, AIM_GOODPUT, AIM_REFUSED = 0.99, 45.0, 0.05
CAP, HIDDEN = 300.0, 60.0


async def lease(url: str, paces: Sequence[Pace], seconds: float) -> list[list[float]]:
    """Lease from each bucket as fast as it gives; return the slots, in seconds of this machine's monotonic clock."""

    async def seed(_keys: Sequence[str]) -> dict[str, Bucket]:
        return {}

    async def drain(bucket: Pace) -> list[float]:
        clock, slots = asyncio.get_running_loop().time, []
        until = clock() + seconds
        while clock() < until:
            taken = await throttle.lease([bucket], 50)
            slots += [taken.at(i) for i in range(taken.count)]
            await asyncio.sleep(min(taken.wait, until - clock()) if not taken.count else 0)
        return slots

    client = connect(url)
    throttle = Throttle(client, seed)
    try:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        return await asyncio.gather(*map(drain, paces))
    finally:
        await client.aclose()


def leasers(url: str, processes: int, rates: Sequence[float], seconds: float) -> list[subprocess.Popen[str]]:
    """Start processes that lease from the same buckets, once all of them are ready."""
    keys = [[f"{processes} at {rate:g}", rate] for rate in rates]
    command = [sys.executable, __file__, "--lease", url, json.dumps(keys), "--seconds", str(seconds)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return started


def slots(started: Sequence[subprocess.Popen[str]]) -> list[list[float]]:
    """Return the slots of each bucket over all processes, in order."""
    said = [json.loads(process.communicate()[0]) for process in started]
    return [sorted(slot for lane in lanes for slot in lane) for lanes in zip(*said, strict=True)]


def accuracy(seconds: float) -> list[rig.Figure]:
    """Compare leased slots with their rates; the slowest bucket is watched meanwhile and for longer."""
    with rig.home() as settings:
        server = embedded.ensure(settings.home)
        slowest = leasers(server.url, 4, RATES[:1], max(SLOWEST_SECONDS, seconds))
        found = []
        for processes in PROCESSES:
            measured = slots(leasers(server.url, processes, RATES[1:], seconds))
            found += [_kept(rate, processes, each) for rate, each in zip(RATES[1:], measured, strict=True)]
        found.insert(0, _kept(RATES[0], 4, slots(slowest)[0]))
        server.release()
    return found


def _kept(rate: float, processes: int, taken: Sequence[float]) -> rig.Figure:
    # Who starts together leaves gaps in front of each other until the first quarter of a second is full.
    steady = [slot for slot in taken if slot >= taken[0] + 2 * SPAN]
    share = (len(steady) - 1) / (steady[-1] - steady[0]) / rate if len(steady) > 1 else 0.0
    most = pace.busiest(taken)
    met = share >= AIM_SHARE and most <= rate * 1.01 + 1
    return rig.Figure(
        f"slots at {rate:g}/s, {processes} processes", f"{share:.2%}, most in any second {most}", "≥ 99 %, ≤ cap", met
    )


def learning(seconds: float) -> list[rig.Figure]:
    """Send at five times what the platform takes, and count what it took and what it refused."""
    with rig.home() as settings:
        log = settings.home / "accepted.jsonl"
        scenario = Scenario(
            cap=pace.UNLIMITED, hidden_cap=HIDDEN, latency=0.15, retry_after="seconds", acceptance_log=log
        )
        with simulator.start(scenario) as platform:
            rig.people(settings.home / rig.LIST, round(HIDDEN * (seconds + 30) / 0.98))
            runtime = Runtime.open(settings)
            rig.launched(runtime, platform.meta_url, CAP)
            with pace.working(settings, 4):
                begun = pace.first_arrival(log)
                time.sleep(max(0.0, begun + seconds - time.time()))
                stats = platform.stats()
            runtime.close()
    goodput, refused = stats["accepted"] / seconds, stats["refusals"] / stats["arrivals"]
    what = f"{CAP:g}/s against a hidden {HIDDEN:g}/s, {seconds:g} s"
    return [
        rig.Figure(f"{what}: accepted", f"{goodput:.1f}/s", f"≥ {AIM_GOODPUT:g}/s", goodput >= AIM_GOODPUT),
        rig.Figure(f"{what}: refused", f"{refused:.1%}", f"≤ {AIM_REFUSED:.0%}", refused <= AIM_REFUSED),
    ]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--learning", type=float, default=120.0, help="seconds; 0 leaves it out")
    parser.add_argument("--lease", nargs=2, metavar=("URL", "KEYS"), help="lease slots and print them; for itself")
    chosen = parser.parse_args()
    if chosen.lease:
        url, keys = chosen.lease
        paces = [Pace(key, key, rate) for key, rate in json.loads(keys)]
        print(json.dumps(asyncio.run(lease(url, paces, chosen.seconds))))
        return
    figures = accuracy(chosen.seconds)
    if chosen.learning:
        figures += learning(chosen.learning)
    rig.show(figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
