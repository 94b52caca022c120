"""`python -m campaigns.simulator`: serve a scenario; each plain field of it is a flag."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, get_args

from campaigns.errors import InputError, PagecastError
from campaigns.simulator.scenario import Scenario, from_fields
from campaigns.simulator.scenarios import SCENARIOS, chosen
from campaigns.simulator.server import serve

ON_STDIN = "-"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    line = argparse.ArgumentParser(prog="python -m campaigns.simulator", description="Graph and Orbit, simulated.")
    line.add_argument("--host", default="127.0.0.1")
    line.add_argument("--port", type=int, default=0, help="0 takes a free one")
    line.add_argument(
        "--scenario",
        default="calm",
        help=f"{', '.join(SCENARIOS)}, a .toml or .json file, or - for one line of JSON on standard input, "
        "the end of which then ends the simulator",
    )
    for name, field in Scenario.model_fields.items():
        kinds = {field.annotation, *get_args(field.annotation)}
        if kinds & {int, float, bool, Path} or name == "retry_after":
            line.add_argument(f"--{name.replace('_', '-')}", dest=name, help=field.description, metavar="VALUE")
    return line


def scenario_of(choice: str) -> Scenario:
    """Return the scenario a person or a parent process chose."""
    if choice == ON_STDIN:
        try:
            return from_fields(json.loads(sys.stdin.readline()))
        except ValueError as broken:
            raise InputError("Standard input must start with a line of JSON, the fields of a scenario.") from broken
    return chosen(choice)


def main() -> int:
    """Serve, and return the exit code."""
    asked: dict[str, Any] = vars(parser().parse_args())
    host, port, choice = asked.pop("host"), asked.pop("port"), asked.pop("scenario")
    try:
        scenario = scenario_of(choice).changed(**{name: value for name, value in asked.items() if value is not None})
        serve(scenario, host, port, until_eof=choice == ON_STDIN)
    except PagecastError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return wrong.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
