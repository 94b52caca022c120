"""Verbs that say what happened: explain, report."""

from pathlib import Path
from typing import Annotated

import typer

from campaigns import report as reports
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson
from campaigns.cli.people import told
from campaigns.lifecycle.launch import launched_plan
from campaigns.runtime import now_of
from schemas.explanation import Explanation

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
    word: Word,
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write into.")],
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Write results.xlsx too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write results.csv, results.parquet, summary.json and report.html; at any time."""
    with output.opened() as runtime:
        campaign = found(runtime, word)
        planned = launched_plan(runtime, campaign)
        with runtime.reading() as conn:
            facts = (runtime.storage, campaign.id or 0, folder, now_of(conn))
            written = reports.write(conn, *facts, plan=planned, xlsx=xlsx)
    said = {"id": campaign.ref, "report": str(folder), "rows": written.rows}
    output.tell(said, as_json, f"{folder}/report.html")


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
