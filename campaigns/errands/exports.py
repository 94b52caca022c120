"""Reports, results and remainders: the same numbers and rows as the files of `pagecast report`."""

from collections.abc import Mapping
from typing import Any

from campaigns import report as reports
from campaigns.errands.bench import Bench, Made
from campaigns.lifecycle.launch import launched_plan
from campaigns.runtime import now_of


def report(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Return the report's numbers as a `Summary`."""
    written = _written(bench, arguments)
    return Made(written.summary.model_dump_json())


def page(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Write the report as one HTML page."""
    _written(bench, arguments)
    return _left_alone(bench, "report.html")


def results(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Write one row a row of the list, as a file of the kind that `kind` says."""
    kind = arguments["kind"]
    _written(bench, arguments, xlsx=kind == "xlsx")
    return _left_alone(bench, f"results.{kind}")


def remainder(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Write everyone who was not reached, in the columns of the list."""
    found = bench.campaign(arguments["campaign"])
    with bench.runtime.reading() as conn:
        reports.remainder(conn, bench.runtime.storage, found.id or 0, bench.folder / "remainder.csv")
    return Made(file="remainder.csv")


def _written(bench: Bench, arguments: Mapping[str, Any], *, xlsx: bool = False) -> reports.Written:
    found = bench.campaign(arguments["campaign"])
    planned = launched_plan(bench.runtime, found)
    with bench.runtime.reading() as conn:
        facts = (bench.runtime.storage, found.id or 0, bench.folder, now_of(conn))
        return reports.write(conn, *facts, plan=planned, xlsx=xlsx)


def _left_alone(bench: Bench, name: str) -> Made:
    """Keep one file of those that were written."""
    for each in bench.folder.iterdir():
        if each.name != name:
            each.unlink()
    return Made(file=name)
