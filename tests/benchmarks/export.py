"""What it takes to export a million results: to CSV, Parquet, summary and page, and to a workbook besides.

    uv run python tests/benchmarks/export.py [--rows 1000000]

Each is a process of its own, whose peak memory is its own. Nine of ten people are marked as sent by plain SQL.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import rig
from sqlalchemy import text

from campaigns import report
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings

_SENT = (
    """UPDATE delivery SET state = 'accepted', sent_at = :now, accepted_at = :now, message_ids = 'm_' || id,
        request_id = 'A' || id, attempts = 1 WHERE state = 'pending'""",
    "UPDATE tally SET state = 'accepted' WHERE state = 'pending'",
    "UPDATE chunk SET state = 'done'",
    "UPDATE campaign SET state = 'finished', finished_at = :now",
)


def prepare(settings: Settings, rows: int) -> None:
    """Launch a campaign of so many people, and say that it was sent."""
    rig.people(settings.home / rig.LIST, rows)
    runtime = Runtime.open(settings)
    rig.launched(runtime, "http://127.0.0.1:9/v26.0", 300)
    with runtime.writing() as conn:
        now = now_of(conn)
        for statement in _SENT:
            conn.execute(text(statement), {"now": now} if ":now" in statement else {})
    runtime.close()


def write(home: Path, *, xlsx: bool) -> None:
    """Write the report, as a process of its own does."""
    runtime = Runtime.open(Settings(home=home))
    began = time.perf_counter()
    with runtime.reading() as conn:
        report.write(conn, runtime.storage, 1, home / "report", now_of(conn), xlsx=xlsx)
    took = time.perf_counter() - began
    runtime.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sizes = {path.name: path.stat().st_size / 1e6 for path in (home / "report").iterdir()}
    print(json.dumps({"took": took, "peak": peak, "sizes": sizes}))


def measured(home: Path, word: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", word]
    said = subprocess.run(
        command, env=os.environ | {"PAGECAST_HOME": str(home)}, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(said.stdout.splitlines()[-1])


def main() -> None:
    line = rig.options(__doc__ or "")
    line.add_argument("--rows", type=int, default=1_000_000)
    line.add_argument("--child", choices=("plain", "xlsx"))
    asked = line.parse_args()
    if asked.child:
        write(Path(os.environ["PAGECAST_HOME"]), xlsx=asked.child == "xlsx")
        return
    os.environ |= rig.SECRETS
    with rig.home() as settings:
        prepare(settings, asked.rows)
        plain, book = (measured(settings.home, word) for word in ("plain", "xlsx"))
    what = f"export of {asked.rows:,} results"
    rig.show(
        [
            rig.Figure(f"{what}: CSV, Parquet, page", f"{plain['took']:.1f} s, {plain['peak']:,.0f} MB at the peak"),
            rig.Figure(f"{what}: with XLSX", f"{book['took']:.1f} s, {book['peak']:,.0f} MB at the peak"),
        ],
        as_json=asked.json,
    )


if __name__ == "__main__":
    main()
