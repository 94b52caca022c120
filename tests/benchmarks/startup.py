"""How long a command takes that has next to nothing to do: Python, our imports, a look at the database.

    uv run python tests/benchmarks/startup.py [--times 10]

The bytecode of every module is there, as it is from the second start on. Processor time is shown beside the time on the
clock, because the latter is also about what else the machine does.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from statistics import median

import rig
from api import key
from webhooks import web

from campaigns.lifecycle import control
from campaigns.runtime import Runtime
from campaigns.settings import Settings

AIM = 0.3
PEOPLE = 1_000
_NOT_COUNTED = 1
"""The first start writes the bytecode."""


def ended(settings: Settings) -> None:
    """Leave one campaign in the state folder that is over, and its list."""
    rig.people(settings.home / rig.LIST, PEOPLE)
    runtime = Runtime.open(settings)
    control.cancel(runtime, rig.launched(runtime, "http://127.0.0.1:9", 300), "benchmark")
    runtime.close()


def started(words: tuple[str, ...], settings: Settings, there: Mapping[str, str]) -> tuple[float, float]:
    """Run a command; return its seconds on the clock and on the processor."""
    environment = {**rig.environment(settings), "PYTHONPYCACHEPREFIX": str(settings.home / "bytecode"), **there}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "campaigns.cli", *words]
    used, began = _processor(), time.perf_counter()
    subprocess.run(command, env=environment, cwd=settings.home, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began, _processor() - used


def _processor() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def start(
    words: tuple[str, ...],
    settings: Settings,
    times: int,
    *,
    aim: float | None = None,
    there: Mapping[str, str] | None = None,
) -> rig.Figure:
    """Start a command so many times, against a server where `there` names one; what counts is the median."""
    taken = [started(words, settings, there or {}) for _ in range(_NOT_COUNTED + times)][_NOT_COUNTED:]
    clock, processor = ([round(1000 * each) for each in figures] for figures in zip(*taken, strict=True))
    value = f"{median(clock):.0f} ms ({min(clock)} ms); processor {median(processor):.0f} ms ({min(processor)} ms)"
    what = f"pagecast {' '.join(words)}{' at a server' if there else ''}, median (fastest)"
    if aim is None:
        return rig.Figure(what, value)
    return rig.Figure(what, value, f"< {aim * 1000:.0f} ms", median(clock) < aim * 1000)


def at_a_server(settings: Settings, times: int) -> list[rig.Figure]:
    """The same, asked over HTTP: the client is all that such a command brings beside its own module."""
    runtime = Runtime.open(settings)
    secret = key(runtime)
    runtime.close()
    with web(settings) as site:
        there = {"PAGECAST_URL": f"http://127.0.0.1:{site.port}", "PAGECAST_API_KEY": secret}
        return [start(words, settings, times, there=there) for words in (("status",), ("status", "last"))]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--times", type=int, default=10)
    chosen = parser.parse_args()
    with rig.home() as settings:
        ended(settings)
        figures = [
            start(("--help",), settings, chosen.times, aim=AIM),
            start(("status",), settings, chosen.times, aim=AIM),
            start(("status", "last"), settings, chosen.times),
            start(("check", rig.LIST), settings, chosen.times),
            *at_a_server(settings, chosen.times),
        ]
    rig.show(figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
