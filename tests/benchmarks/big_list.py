"""Ten million people: the time and the memory that `check` takes for a list, and a plan of all of them.

    uv run python tests/benchmarks/big_list.py [--rows 10000000]

`check` does what the command does: read, judge, count, and list what is rejected. The plan starts from the file again:
read, store, screen and divide. Each is a process of its own, whose peak memory is its own. The list (0.6 GB) is made
once and kept in the temporary folder.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import rig

from campaigns import audience, migrations
from campaigns.runtime import Runtime
from campaigns.settings import Settings

AIM_SECONDS, AIM_MEMORY_MB = 60.0, 2500
RATE = 1000.0


def check(folder: Path) -> None:
    stored = folder / "checked.parquet"
    reading = audience.read(folder / rig.LIST, stored, {}, zone=None, now_ms=int(time.time() * 1000))
    audience.rejects(stored)
    audience.blanks(stored, reading.columns)
    stored.unlink()


def plan(folder: Path) -> None:
    for file in folder.glob("pagecast.sqlite3*"):
        file.unlink()
    runtime = Runtime.open(Settings(home=folder))
    migrations.upgrade(runtime.engine)
    rig.planned(runtime, "http://127.0.0.1:9", RATE)
    runtime.close()


STAGES: dict[str, Callable[[Path], None]] = {"check": check, "plan": plan}


def _in_child(stage: str, folder: Path) -> tuple[float, float]:
    """Run a stage in a process of its own; return its seconds and its peak memory in MB."""
    command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, peak = json.loads(said)
    return seconds, peak


def _measured(stage: str, folder: Path) -> tuple[float, float]:
    began = time.perf_counter()
    STAGES[stage](folder)
    took = time.perf_counter() - began
    status = Path("/proc/self/status").read_text()
    return took, int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(rows: int) -> list[rig.Figure]:
    folder = Path(tempfile.gettempdir()) / f"bench-big-list-{rows}"
    folder.mkdir(exist_ok=True)
    # Made anew where it is old: everybody's window would have closed.
    if not (folder / rig.LIST).exists() or time.time() - (folder / rig.LIST).stat().st_mtime > 2 * 3600:
        rig.people(folder / rig.LIST, rows)
    taken = {stage: _in_child(stage, folder) for stage in STAGES}
    seconds, peak = (sum(each[0] for each in taken.values()), max(each[1] for each in taken.values()))
    return [
        *(
            rig.Figure(f"{stage} of {rows:,} rows", f"{took:.1f} s, at most {memory:.0f} MB")
            for stage, (took, memory) in taken.items()
        ),
        rig.Figure("both", f"{seconds:.1f} s", f"≤ {AIM_SECONDS:g} s", seconds <= AIM_SECONDS),
        rig.Figure("peak memory", f"{peak:.0f} MB", f"≤ {AIM_MEMORY_MB} MB", peak <= AIM_MEMORY_MB),
    ]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--stage", choices=STAGES, help="run one stage here; used for the child processes")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.stage:
        print(json.dumps(_measured(chosen.stage, chosen.folder)))
    else:
        rig.show(measure(chosen.rows), as_json=chosen.json)


if __name__ == "__main__":
    main()
