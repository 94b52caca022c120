"""Every benchmark in turn, as one Markdown table of figures and aims; takes some fifteen minutes.

    uv run python tests/benchmarks/all.py

Nothing else should run on the machine meanwhile: the figures of pace are about milliseconds.
"""

import json
import subprocess
import sys
from pathlib import Path

from rig import Figure

RUNS = (
    ("startup.py",),
    ("export.py",),
    ("lists.py",),
    ("ledger.py",),
    ("sending.py",),
    ("many_pages.py",),
    ("status.py",),
    ("limiter.py",),
    ("webhooks.py",),
    ("api.py",),
    ("streams.py",),
    ("applying.py",),
    ("pace.py", "--rate", "36", "--latency", "0.4", "--jitter", "0.2"),
    ("pace.py", "--rate", "36", "--latency", "1.0"),
    ("pace.py", "--rate", "300", "--latency", "0.4", "--jitter", "0.2"),
    ("pace.py", "--rate", "300", "--latency", "1.0"),
    ("pace.py", "--rate", "300", "--latency", "1.0", "--processes", "1"),
)


def figures(name: str, *words: str) -> list[Figure]:
    """Run one benchmark in a process of its own."""
    print(name, *words, file=sys.stderr)
    command = [sys.executable, str(Path(__file__).with_name(name)), *words, "--json"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [Figure(**each) for each in json.loads(said.splitlines()[-1])]


def row(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    verdict = {None: "", True: "met", False: "**missed**"}[figure.met]
    return f"| {figure.what} | {figure.value} | {figure.aim} | {verdict} |"


def main() -> None:
    print("| figure | measured | aim | |\n|---|---|---|---|")
    for run in RUNS:
        for figure in figures(*run):
            print(row(figure), flush=True)


if __name__ == "__main__":
    main()
