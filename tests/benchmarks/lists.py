"""A million people: reading, screening, dividing and loading, each beside the least that any tool must do.

    uv run python tests/benchmarks/lists.py [--rows 1000000] [--runs 3]

Reading is measured beside a bare scan of the same file into Parquet; loading beside one transaction of plain
`executemany` into the same table with the same indexes and PRAGMAs. Every stage runs in a process of its own, whose
peak memory is its own. The list is made once and kept in the temporary folder.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import rig
from sqlalchemy import text

from campaigns import migrations
from campaigns.ledger import record
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings

AIM_PLAN, AIM_MEMORY_MB, AIM_LOAD = 4.0, 700, 1.3
RATE = 300.0
_URL = "http://127.0.0.1:9"


def bare_scan(folder: Path) -> float:
    """Scan the list as text and write it as Parquet."""
    began = time.perf_counter()
    pl.scan_csv(folder / rig.LIST, infer_schema=False).sink_parquet(folder / "bare.parquet")
    return time.perf_counter() - began


def plan(folder: Path) -> float:
    """Read, check, screen and divide the list; the division is kept for the stages that load it."""
    runtime = _fresh(folder)
    began = time.perf_counter()
    _, planned = rig.planned(runtime, _URL, RATE)
    took = time.perf_counter() - began
    for name in ("rows", "chunks", "tallies"):
        getattr(planned.division, name).write_parquet(folder / f"{name}.parquet")
    runtime.close()
    return took


def bare_load(folder: Path) -> float:
    """Insert the same rows in one transaction, the table's indexes in place."""
    runtime = _fresh(folder)
    rows = pl.read_parquet(folder / "rows.parquet")
    began = time.perf_counter()
    columns = ("chunk_seq", "line", "recipient_id", "page_id", "sender_id", "variables", "closes_at", "state", "reason")
    named = ", ".join(columns).replace("chunk_seq", "chunk_id")
    statement = f"INSERT INTO delivery (campaign_id, {named}) VALUES (1{', ?' * len(columns)})"
    with runtime.writing() as conn:
        conn.exec_driver_sql(statement, rows.select(columns).rows())
    took = time.perf_counter() - began
    runtime.close()
    return took


def load(folder: Path) -> float:
    """Load the rows as a launch does."""
    runtime = _fresh(folder)
    with runtime.writing() as conn:
        conn.execute(text("INSERT INTO recipient_list VALUES ('l', 'l', 'l', 0, 0, 0, '[]', '[]', 0)"))
        conn.execute(
            text(
                "INSERT INTO campaign (ref, name, title, fingerprint, state, sentence, spec, message, list_id, "
                "margin_ms, total, created_at) VALUES ('r', 'n', 't', 'f', 'draft', '', '{}', '{}', 'l', 0, 0, :now)"
            ),
            {"now": now_of(conn)},
        )
    frames = [pl.read_parquet(folder / f"{name}.parquet") for name in ("rows", "chunks", "tallies")]
    began = time.perf_counter()
    record.load(runtime.writing, 1, record.Load(*frames))
    took = time.perf_counter() - began
    runtime.close()
    return took


STAGES: dict[str, Callable[[Path], float]] = {
    "bare-scan": bare_scan,
    "plan": plan,
    "bare-load": bare_load,
    "load": load,
}


def _fresh(folder: Path) -> Runtime:
    """Open a database that holds nothing but the tables."""
    for file in folder.glob("pagecast.sqlite3*"):
        file.unlink()
    runtime = Runtime.open(Settings(home=folder))
    migrations.upgrade(runtime.engine)
    return runtime


def _peak_mb() -> float:
    """Return this process's peak memory; `ru_maxrss` would begin with that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _in_child(stage: str, folder: Path) -> tuple[float, float]:
    """Run a stage in a process of its own; return its seconds and its peak memory in MB."""
    command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, peak = json.loads(said)
    return seconds, peak


def measure(rows: int, runs: int) -> list[rig.Figure]:
    """Run every stage `runs` times in turn and compare the fastest of each."""
    folder = Path(tempfile.gettempdir()) / f"bench-lists-{rows}"
    folder.mkdir(exist_ok=True)
    # Made anew where it is old: everybody's window would have closed.
    if not (folder / rig.LIST).exists() or time.time() - (folder / rig.LIST).stat().st_mtime > 2 * 3600:
        rig.people(folder / rig.LIST, rows)
    taken = {stage: [_in_child(stage, folder) for _ in range(runs)] for stage in STAGES}
    seconds = {stage: min(each[0] for each in found) for stage, found in taken.items()}
    peak = max(each[1] for each in taken["plan"])
    planning, loading = seconds["plan"] / seconds["bare-scan"], seconds["load"] / seconds["bare-load"]
    return [
        rig.Figure(f"bare scan of {rows:,} rows into Parquet", f"{seconds['bare-scan']:.2f} s"),
        rig.Figure(
            "read, screen and divide",
            f"{seconds['plan']:.2f} s ({planning:.1f} x bare)",
            f"≤ {AIM_PLAN:g} x",
            planning <= AIM_PLAN,
        ),
        rig.Figure("peak memory of it", f"{peak:.0f} MB", f"< {AIM_MEMORY_MB} MB", peak < AIM_MEMORY_MB),
        rig.Figure("bare load into SQLite, one transaction", f"{seconds['bare-load']:.2f} s"),
        rig.Figure(
            "load as a launch does",
            f"{seconds['load']:.2f} s ({loading:.2f} x bare)",
            f"≤ {AIM_LOAD:g} x",
            loading <= AIM_LOAD,
        ),
    ]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--stage", choices=STAGES, help="run one stage here; used for the child processes")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.stage:
        print(json.dumps([STAGES[chosen.stage](chosen.folder), _peak_mb()]))
    else:
        rig.show(measure(chosen.rows, chosen.runs), as_json=chosen.json)


if __name__ == "__main__":
    main()
