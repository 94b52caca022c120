"""What a campaign leaves for the next one: remainder, clone."""

from pathlib import Path
from typing import Annotated

import typer

from campaigns import report
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.named import Word, drafted, found
from campaigns.cli.output import AsJson, DryRun
from campaigns.lifecycle.clone import clone as copy
from campaigns.report import Remainder


@app.command()
def remainder(
    word: Word,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A .csv or .parquet file.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write everyone who was not reached, in the columns of the list, as the next one; cells stay as they were."""
    with output.opened() as runtime:
        campaign = found(runtime, word)
        with runtime.reading() as conn:
            made = report.remainder(conn, runtime.storage, campaign.id or 0, None if dry_run else out)
    output.notes(_notes(made, campaign.ref))
    if as_json:
        counts = {"rows": made.rows, "rejected": made.rejected, "open": made.open, "unknown": made.unknown}
        output.emit({"id": campaign.ref, "file": str(out), **counts, "dry_run": dry_run})
    else:
        output.say(f"{made.rows:,} rows {'would go' if dry_run else 'are'} in {out}.")


@app.command()
def clone(
    word: Word,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Default: the same, with copy.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a new draft of the same message, list, pages and limits."""
    with output.opened(writes=not dry_run) as runtime:
        made, notes = copy(runtime, found(runtime, word), output.actor(), name, dry_run=dry_run)
    output.notes(notes)
    if as_json:
        output.emit({"id": made.ref, "name": made.name, "state": made.state, "notes": notes, "dry_run": dry_run})
    elif dry_run:
        output.say(f"Would make the draft {made.name}.")
    else:
        output.say(drafted(made))


def _notes(made: Remainder, ref: str) -> list[str]:
    notes = []
    if made.rejected:
        notes.append(f"{made.rejected:,} of these rows cannot be used as they are; `pagecast check` names them.")
    if made.open:
        notes.append(f"The campaign may still send to {made.open:,} people: cancel it before you use this list.")
    if made.unknown:
        said = f"{made.unknown:,} people whose outcome is unknown are left out, because they may have got it."
        notes.append(f"{said} Decide with `pagecast resolve {ref} --as not-sent` first.")
    return notes
