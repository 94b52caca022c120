"""How exactly several processes keep one page's pace: real workers, clock and Valkey against the simulator's own log.

    uv run python tests/benchmarks/pace.py [--rate 36] [--processes 4] [--latency 0.4] [--jitter 0.2] [--seconds 60]

Counted where messages arrive, not where they leave. The first two seconds are dropped; what is left is cut into
sliding seconds, none of which may hold more than the cap, 1 % and one message.
"""

import contextlib
import json
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import rig

from campaigns import simulator
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from campaigns.simulator import Scenario
from workers import embedded

WARM_UP = 2.0
AIM_SHARE = 0.995
UNLIMITED = 100_000.0


@dataclass(frozen=True, slots=True)
class Part:
    """One process of a run: `clock`, `worker` or `valkey`, and what it logs."""

    kind: str
    pid: int
    log: Path


@contextlib.contextmanager
def working(settings: Settings, processes: int) -> Iterator[list[Part]]:
    """Run the clock and workers on a state folder; yield them and their Valkey, which comes last."""
    server = embedded.ensure(settings.home)
    environment = rig.environment(settings) | {"PAGECAST_WORKER_PROCESSES": str(processes)}
    started, parts = [], []
    for i, kind in enumerate(["clock", *["worker"] * processes]):
        log = settings.home / f"process-{i}.log"
        command = [sys.executable, "-m", f"workers.{kind}"]
        with log.open("w") as out:
            started.append(subprocess.Popen(command, stdout=out, stderr=out, env=environment))
        parts.append(Part(kind, started[-1].pid, log))
    try:
        yield [*parts, Part("valkey", server.pid, settings.home / "redis" / "server.log")]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=60)
        server.release()


def arrivals(log: Path) -> list[float]:
    """Return when each accepted message arrived, in seconds since 1970."""
    with log.open() as lines:
        return sorted(json.loads(line)["at_ms"] / 1000 for line in lines)


def busiest(times: Sequence[float], seconds: float = 1.0) -> int:
    """Return the most arrivals in any sliding interval (t - seconds, t]."""
    most = first = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def gaps(times: Sequence[float], rate: float) -> Counter[int]:
    """Count the pauses by how many slots were missed in each."""
    missed = (round((after - before) * rate) - 1 for before, after in pairwise(times))
    return Counter(n for n in missed if n > 0)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is asked for: messages per second, worker processes, seconds of latency and jitter, seconds to look at."""

    rate: float
    processes: int
    latency: float
    jitter: float
    seconds: float


def measure(asked: Setting) -> list[rig.Figure]:
    """Run one campaign and compare what arrived with what was asked."""
    with rig.home() as settings:
        log = settings.home / "accepted.jsonl"
        scenario = Scenario(cap=UNLIMITED, latency=asked.latency, jitter=asked.jitter, acceptance_log=log)
        with simulator.start(scenario) as platform:
            rig.people(settings.home / rig.LIST, math.ceil(asked.rate * (asked.seconds + 15) / 0.98))
            runtime = Runtime.open(settings)
            rig.launched(runtime, platform.meta_url, asked.rate)
            with working(settings, asked.processes) as parts:
                begin = first_arrival(log) + WARM_UP
                end = begin + asked.seconds
                time.sleep(max(0.0, end - time.time()))
            runtime.close()
        lines = logged(parts)
        times = [moment for moment in arrivals(log) if begin <= moment < end]
    return _figures(asked, times, lines)


def _figures(asked: Setting, times: Sequence[float], lines: Sequence[str]) -> list[rig.Figure]:
    what = f"{asked.rate:g}/s, {asked.processes} processes, {asked.latency:g} s latency"
    share, most = len(times) / (asked.rate * asked.seconds), busiest(times)
    cap = math.floor(asked.rate * 1.01 + 1 + 1e-9)
    missed = dict(gaps(times, asked.rate).most_common(8))
    said = dict(Counter(event(line) for line in lines).most_common(8))
    return [
        rig.Figure(f"{what}: reached of asked", f"{share:.2%}", f"≥ {AIM_SHARE:.1%}", share >= AIM_SHARE),
        rig.Figure(f"{what}: most in any second", f"{most}", f"≤ {cap}", most <= cap),
        rig.Figure(f"{what}: pauses by slots missed", f"{missed}"),
        rig.Figure(f"{what}: what the processes logged", f"{said}"),
    ]


def logged(parts: Sequence[Part]) -> list[str]:
    """Return the lines of our own processes."""
    return "".join(each.log.read_text() for each in parts if each.kind != "valkey").splitlines()


def event(line: str) -> str:
    if not line.startswith("{"):
        return line[:80]
    said = json.loads(line)
    why = {key: said[key] for key in ("why", "failed", "unknown", "throttled", "forfeited") if said.get(key)}
    return f"{said['event']} {why}" if why else str(said["event"])


def first_arrival(log: Path) -> float:
    """Wait for the first message and return when it arrived, in seconds since 1970."""
    deadline = time.time() + 60
    while not log.exists() or not log.stat().st_size:
        if time.time() > deadline:
            raise TimeoutError("nothing arrived within a minute")
        time.sleep(0.01)
    return arrivals(log)[0]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--rate", type=float, default=36.0)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--latency", type=float, default=0.4)
    parser.add_argument("--jitter", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    asked = Setting(chosen.rate, chosen.processes, chosen.latency, chosen.jitter, chosen.seconds)
    rig.show(measure(asked), as_json=chosen.json)


if __name__ == "__main__":
    main()
