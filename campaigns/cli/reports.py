"""Verbs that say what happened: explain, report."""

from pathlib import Path
from typing import Annotated, Any

import typer

from campaigns import report as reports
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson
from campaigns.cli.people import told
from campaigns.cli.standings import WIDTH
from campaigns.errors import UsageError
from campaigns.lifecycle import find
from campaigns.lifecycle.launch import launched_plan
from campaigns.report import several, stacked
from campaigns.runtime import now_of
from schemas.explanation import Explanation
from schemas.several import CampaignLine

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
    with output.opened() as runtime:
        campaign = found(runtime, word)
        with runtime.reading() as conn:
            explanation = reports.explain(conn, runtime.storage, campaign.id or 0, recipient)
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


def _one(word: str, folder: Path, *, xlsx: bool, as_json: bool) -> None:
    with output.opened() as runtime:
        campaign = found(runtime, word)
        planned = launched_plan(runtime, campaign)
        with runtime.reading() as conn:
            facts = (runtime.storage, campaign.id or 0, folder, now_of(conn))
            written = reports.write(conn, *facts, plan=planned, xlsx=xlsx)
    said = {"id": campaign.ref, "report": str(folder), "rows": written.rows}
    output.tell(said, as_json, f"{folder}/report.html")


def _several(words: list[str], days: tuple[str, str], folder: Path | None, *, as_json: bool) -> None:
    when = None if words else several.span(*days, ("--from", "--to"))
    with output.opened() as runtime, runtime.reading() as conn:
        campaigns = several.began(conn, when) if when else [find.campaign(conn, word) for word in words]
        summary = several.several(conn, campaigns, when)
        if folder:
            stacked.write(conn, runtime.storage, campaigns, summary, folder, now_ms=now_of(conn))
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
