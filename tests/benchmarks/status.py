"""What a look at a million rows costs, and how long a pause takes to hold.

    uv run python tests/benchmarks/status.py [--rows 1000000] [--rate 300]

The first campaign is planned and loaded as any other, then half of its chunks are marked as sent by plain SQL, with
their tallies. The second one runs with real processes; its calls are counted where they arrive.
"""

import math
import time

import pace
import rig
from sqlalchemy import Connection, text

from campaigns import report, simulator
from campaigns.lifecycle import find
from campaigns.lifecycle.control import pause
from campaigns.runtime import Runtime, now_of
from campaigns.simulator import Scenario

AIM_STATUS = 0.020
AIM_PAUSE = 1.0
_HALF = "chunk_id <= (SELECT MAX(id) / 2 FROM chunk)"
_SENT = (
    f"UPDATE delivery SET state = 'accepted', claim = 'c', sent_at = :now, accepted_at = :now WHERE {_HALF}",
    f"UPDATE tally SET state = 'accepted' WHERE state = 'pending' AND {_HALF}",
    f"UPDATE chunk SET state = 'done', fence = 1 WHERE {_HALF.replace('chunk_id', 'id')}",
    """UPDATE chunk SET state = 'running', fence = 1, owner = 'b', lease_until = :now
       WHERE id IN (SELECT id FROM chunk WHERE state = 'ready' ORDER BY id LIMIT 2)""",
    "UPDATE lane SET proven = true",
)


def standing(rows: int, times: int = 20) -> rig.Figure:
    """Time `report.status` in the middle of a large campaign; the median of several looks."""
    with rig.home() as settings:
        rig.people(settings.home / rig.LIST, rows)
        runtime = Runtime.open(settings)
        campaign = rig.launched(runtime, "http://127.0.0.1:9", 300)
        with runtime.writing() as conn:
            _mark_sent(conn)
        taken = sorted(_look(runtime, campaign.id or 0) for _ in range(times))
        runtime.close()
    median = taken[times // 2]
    what = f"status at {rows:,} rows, median (slowest)"
    value = f"{median * 1000:.1f} ms ({taken[-1] * 1000:.1f} ms)"
    return rig.Figure(what, value, f"< {AIM_STATUS * 1000:.0f} ms", median < AIM_STATUS)


def _mark_sent(conn: Connection) -> None:
    now = now_of(conn)
    for statement in _SENT:
        conn.execute(text(statement), {"now": now} if ":now" in statement else {})


def _look(runtime: Runtime, campaign_id: int) -> float:
    began = time.perf_counter()
    with runtime.reading() as conn:
        report.status(conn, campaign_id, now_of(conn))
    return time.perf_counter() - began


def pausing(rate: float, processes: int, after: float = 8.0) -> rig.Figure:
    """Pause a running campaign; return how long after the verb the last call arrived."""
    with rig.home() as settings:
        log = settings.home / "accepted.jsonl"
        scenario = Scenario(cap=pace.UNLIMITED, latency=0.2, jitter=0.1, acceptance_log=log)
        with simulator.start(scenario) as platform:
            rig.people(settings.home / rig.LIST, math.ceil(rate * (after + 30)))
            runtime = Runtime.open(settings)
            campaign = rig.launched(runtime, platform.meta_url, rate)
            with pace.working(settings, processes):
                began = pace.first_arrival(log)
                time.sleep(max(0.0, began + after - time.time()))
                with runtime.reading() as conn:
                    sending = find.by_id(conn, campaign.id or 0)
                pause(runtime, sending, "benchmark")
                paused = time.time()
                time.sleep(3.0)
            runtime.close()
        last = pace.arrivals(log)[-1] - paused
    return rig.Figure(
        f"last call after pause returned, {rate:g}/s", f"{last:.2f} s", f"< {AIM_PAUSE:g} s", last < AIM_PAUSE
    )


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    rig.show([standing(chosen.rows), pausing(chosen.rate, chosen.processes)], as_json=chosen.json)


if __name__ == "__main__":
    main()
