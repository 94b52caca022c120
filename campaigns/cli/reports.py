"""Verbs that say what happened: explain, report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel

from campaigns import report as reports
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson
from campaigns.cli.people import told
from campaigns.cli.standings import WIDTH
from campaigns.errors import InputError, UsageError
from campaigns.lifecycle import find
from campaigns.lifecycle.launch import launched_plan
from campaigns.report import several, stacked
from campaigns.report.several import Span
from campaigns.runtime import now_of
from schemas.api.exports import ExportKind
from schemas.api.reports import Kind
from schemas.explanation import Explanation
from schemas.several import CampaignLine, Several
from schemas.summary import Summary

if TYPE_CHECKING:
    from campaigns.client import Client

_COLUMNS = {
    "id": "id",
    "state": "state",
    "rows": "rows",
    "got": "accepted",
    "replied": "replied",
    "opted_out": "opted out",
    "name": "name",
}
_TOLD_APART = {"line", "page", "state", "sentence", "reason_sentence", "next_step", "timeline"}


@app.command()
def explain(
    word: Word, recipient: Annotated[str, typer.Argument(metavar="RECIPIENT")], as_json: AsJson = False
) -> None:
    """Say everything known about one person in a campaign, and why."""
    with reach.server() as server:
        explanation = _explained_there(server, word, recipient) if server else _explained_here(word, recipient)
    if as_json:
        output.emit(explanation.model_dump(mode="json"))
    else:
        _show(explanation)


@app.command()
def report(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="An id, unique prefix, unique name, or `last`.")
    ] = None,
    since: Annotated[
        str, typer.Option("--from", metavar="DAY", help="Those that began on this day of UTC or later,")
    ] = "",
    until: Annotated[str, typer.Option("--to", metavar="DAY", help="and on this day or earlier.")] = "",
    folder: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The folder to write into.")] = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Write results.xlsx too; of one campaign.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write results.csv, results.parquet, summary.json and report.html; at any time.

    Of several campaigns, or of a span of time, there is no report.html, and without --out only the totals are shown.
    """
    words = words or []
    if not words and not (since and until):
        raise UsageError("Name one campaign or several, or give --from and --to.")
    if words and (since or until):
        raise UsageError("Name campaigns, or give --from and --to; not both.")
    if len(words) == 1:
        if folder is None:
            raise UsageError("Name the folder to write into: --out DIR.")
        _one(words[0], folder, xlsx=xlsx, as_json=as_json)
        return
    if xlsx:
        raise UsageError("results.xlsx is written for one campaign at a time. Leave --xlsx out.")
    _several(words, (since, until), folder, as_json=as_json)


def _explained_here(word: str, recipient: str) -> Explanation:
    with output.opened() as runtime:
        campaign = found(runtime, word)
        with runtime.reading() as conn:
            return reports.explain(conn, runtime.storage, campaign.id or 0, recipient)


def _explained_there(server: "Client", word: str, recipient: str) -> Explanation:
    return server.do(calls.campaigns.explain(reach.found(server, word).id, recipient))


def _one(word: str, folder: Path, *, xlsx: bool, as_json: bool) -> None:
    with reach.server() as server:
        if server:
            ref = reach.found(server, word).id
            rows = brought(server, ref, folder, xlsx=xlsx).status.total
        else:
            ref, rows = _written(word, folder, xlsx=xlsx)
    output.tell({"id": ref, "report": str(folder), "rows": rows}, as_json, f"{folder}/report.html")


def _written(word: str, folder: Path, *, xlsx: bool) -> tuple[str, int]:
    with output.opened() as runtime:
        campaign = found(runtime, word)
        planned = launched_plan(runtime, campaign)
        with runtime.reading() as conn:
            facts = (runtime.storage, campaign.id or 0, folder, now_of(conn))
            return campaign.ref, reports.write(conn, *facts, plan=planned, xlsx=xlsx).rows


def _several(words: list[str], days: tuple[str, str], folder: Path | None, *, as_json: bool) -> None:
    when = None if words else several.span(*days, ("--from", "--to"))
    with reach.server() as server:
        summary = _stacked_there(server, words, days, folder) if server else _stacked_here(words, when, folder)
    if as_json:
        output.emit(summary.model_dump(mode="json") | {"report": str(folder) if folder else None})
        return
    if summary.campaigns:
        output.show([_row(line) for line in summary.campaigns], _COLUMNS)
    output.say(summary.equation)
    for each in summary.reasons:
        output.say(f"{each.rows:>{WIDTH},}  {each.reason}  {each.sentence}")
    if folder:
        output.say(f"{folder}/results.csv")


def _stacked_here(words: list[str], when: Span | None, folder: Path | None) -> Several:
    with output.opened() as runtime, runtime.reading() as conn:
        campaigns = several.began(conn, when) if when else [find.campaign(conn, word) for word in words]
        summary = several.several(conn, campaigns, when)
        if folder:
            stacked.write(conn, runtime.storage, campaigns, summary, folder, now_ms=now_of(conn))
    return summary


def _stacked_there(server: "Client", words: list[str], days: tuple[str, str], folder: Path | None) -> Several:
    since, until = (None, None) if words else days
    which = [reach.found(server, word).id for word in words]
    summary = server.do(calls.reports.several(which, since=since, until=until))
    if folder:
        _made(folder)
        for kind in ExportKind:
            called = calls.reports.results_of_several(kind, which, since=since, until=until)
            server.download(called, folder / f"results.{kind}")
        _keep(summary, folder)
    return summary


def brought(server: "Client", ref: str, folder: Path, *, xlsx: bool = False) -> Summary:
    """Write a campaign's report into `folder`, as the server has it; return its numbers.

    Raises InputError for a folder that cannot be written.
    """
    summary = server.do(calls.reports.report(ref))
    _made(folder)
    for kind in (Kind.CSV, Kind.PARQUET, *([Kind.XLSX] if xlsx else [])):
        server.download(calls.reports.results(ref, kind), folder / f"results.{kind}")
    server.download(calls.reports.page(ref), folder / "report.html")
    _keep(summary, folder)
    return summary


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _keep(summary: BaseModel, folder: Path) -> None:
    try:
        (folder / "summary.json").write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError(f"Cannot write to {folder}: {error.strerror or error}. Choose another folder.")


def _row(line: CampaignLine) -> dict[str, Any]:
    got = sum(line.counts[state] for state in ("accepted", "delivered", "read"))
    facts = {"id": line.id, "state": line.state.value, "rows": line.total, "got": got}
    return facts | {"replied": line.replied, "opted_out": line.opted_out, "name": line.name}


def _show(explanation: Explanation) -> None:
    for window in explanation.windows:
        output.say(told(window))
    for each in explanation.lines:
        output.say(f"Line {each.line}{f', page {each.page}' if each.page else ''}: {each.state}. {each.sentence}")
        for fact in (each.reason_sentence, each.next_step):
            if fact:
                output.say(f"    {fact}")
        for key, value in each.model_dump(exclude=_TOLD_APART).items():
            if value:
                output.say(f"    {key.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
        for moment in each.timeline:
            output.say(f"    {moment.at}  {moment.sentence}")
