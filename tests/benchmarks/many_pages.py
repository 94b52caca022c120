"""Many slow pages at once: what arrives of the sum of their rates, and what a message costs each process in CPU.

    uv run python tests/benchmarks/many_pages.py [--pages 1000] [--rate 1.33] [--processes 2] [--threads 64]

At such a rate every message is a group of its own: one lease, one claim, one settlement each. Counted where messages
arrive; the sink has a process of its own, and each answer takes a tenth of a second. CPU times are Linux's.
"""

import math
import os
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pace
import polars as pl
import rig
from sending import Sink, sink

from campaigns.lifecycle.launch import launch
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.submit import check, store
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.campaign_file import CampaignFile

AIM_SHARE = 0.97
WARM_UP = 15.0
"""Seconds until every page has found a worker."""
LATENCY = 0.1
CHUNK = 80


@dataclass(frozen=True, slots=True)
class Setting:
    """What is asked for: pages of `rate` messages per second each, worker processes and threads, seconds to look at."""

    pages: int
    rate: float
    processes: int
    threads: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What had arrived, and what every process had used of the CPU, in seconds since it started."""

    at: float
    arrived: int
    cpu: dict[str, float]


def measure(asked: Setting) -> list[rig.Figure]:
    """Run one campaign over all pages and look at it between two moments."""
    with rig.home() as settings, sink(LATENCY) as taker:
        tokens = launched(settings, taker.url, asked)
        os.environ |= tokens | {"PAGECAST_WORKER_THREADS": str(asked.threads)}
        with pace.working(settings, asked.processes) as parts:
            time.sleep(WARM_UP)
            before = look(taker, parts)
            time.sleep(whole(asked.seconds, asked.rate))
            after = look(taker, parts)
        said = Counter(map(pace.event, pace.logged(parts)))
    return _figures(asked, before, after, said)


def whole(seconds: float, rate: float) -> float:
    """Return the time of whole slots: pages that began together would add or lack one each."""
    return math.ceil(seconds * rate) / rate


def look(taker: Sink, parts: Sequence[pace.Part]) -> Moment:
    """Ask the sink and the system."""
    arrived, used = taker.taken()
    cpu = defaultdict(float, sink=used)
    for part in parts:
        cpu[f"{part.kind}s" if part.kind == "worker" else part.kind] += cpu_of(part.pid)
    return Moment(time.monotonic(), arrived, dict(cpu))


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def launched(settings: Settings, base_url: str, asked: Setting) -> dict[str, str]:
    """Launch a campaign that outlasts the run on every page; return the tokens that it needs."""
    # More than one chunk of each page, so that runs follow each other.
    each = math.ceil(asked.rate * (asked.seconds + 2 * WARM_UP)) + CHUNK
    accounts = [str(10**14 + n) for n in range(asked.pages)]
    tokens = {f"TOKEN_{n}": f"sim-{account}" for n, account in enumerate(accounts)}
    n = pl.int_range(asked.pages * each, dtype=pl.Int64)
    people = pl.select(
        recipient_id=(10**16 + n).cast(pl.String),
        page=pl.format("page{}", n % asked.pages),
        first_name=pl.lit("Ana"),
        last_inbound_at=pl.lit(int(time.time()) - 3600),
    )
    people.write_csv(settings.home / rig.LIST)
    page = {"channel": "messenger", "provider": "meta", "base_url": base_url, "rate": asked.rate}
    entries = {
        f"page{n}": page | {"account_id": account, "token": f"@{{secret:TOKEN_{n}}}"}
        for n, account in enumerate(accounts)
    }
    content = {"name": "Pages", "list": rig.LIST, "message": {"text": "Hi {{ first_name }}"}, "pages": entries}
    runtime = Runtime.open(settings)
    with runtime.reading() as conn:
        now = now_of(conn)
    draft = check(runtime, CampaignFile.model_validate(content), settings.home, tokens, now)
    campaign = store(runtime, draft, "benchmark")
    drawn = plan(runtime, campaign, tokens, now)
    launch(runtime, campaign, drawn.plan.token, tokens, now=drawn.start_ms, actor="benchmark")
    runtime.close()
    return tokens


def _figures(asked: Setting, before: Moment, after: Moment, said: Counter[str]) -> list[rig.Figure]:
    n, seconds, total = after.arrived - before.arrived, after.at - before.at, asked.pages * asked.rate
    share = n / seconds / total
    what = f"{asked.pages:,} pages at {asked.rate:g}/s, {asked.processes} processes of {asked.threads} threads"
    used = {name: after.cpu[name] - before.cpu[name] for name in after.cpu}
    costs = [rig.Figure(f"{what}: CPU a message, {name}", f"{each * 1e6 / n:.0f} µs") for name, each in used.items()]
    busy = sum(used.values()) / seconds
    return [
        rig.Figure(f"{what}: reached of their sum", f"{share:.1%}", f"≥ {AIM_SHARE:.0%}", share >= AIM_SHARE),
        rig.Figure(f"{what}: messages per second", f"{n / seconds:,.0f} of {total:,.0f}"),
        *costs,
        rig.Figure(f"{what}: cores in use", f"{busy:.2f} of {os.cpu_count()}"),
        rig.Figure(f"{what}: what the processes logged", f"{dict(said.most_common(8))}"),
    ]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=1.33)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    asked = Setting(chosen.pages, chosen.rate, chosen.processes, chosen.threads, chosen.seconds)
    rig.show(measure(asked), as_json=chosen.json)


if __name__ == "__main__":
    main()
