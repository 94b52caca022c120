"""What a campaign leaves for the next one: remainder, clone."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns import report
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.named import Word, drafted, found
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import UsageError
from campaigns.lifecycle.clone import clone as copy
from campaigns.report.outstanding import warning
from schemas.api.reports import Left
from schemas.campaign_state import CampaignState

if TYPE_CHECKING:
    from campaigns.client import Client


@dataclass(frozen=True, slots=True)
class Clone:
    """A draft that was made, or would be."""

    id: str
    name: str
    state: CampaignState
    notes: list[str]


@app.command()
def remainder(
    word: Word,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A .csv or .parquet file.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write everyone who was not reached, in the columns of the list, as the next one; cells stay as they were."""
    with reach.server() as server:
        ref, made = _left_there(server, word, out, dry_run) if server else _left_here(word, out, dry_run)
    output.notes(_notes(made, ref))
    if as_json:
        output.emit({"id": ref, "file": str(out), **made.model_dump(), "dry_run": dry_run})
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
    with reach.server(writes=not dry_run) as server:
        made = _cloned_there(server, word, name, dry_run) if server else _cloned_here(word, name, dry_run)
    output.notes(made.notes)
    if as_json:
        facts = {"id": made.id, "name": made.name, "state": made.state, "notes": made.notes}
        output.emit(facts | {"dry_run": dry_run})
    elif dry_run:
        output.say(f"Would make the draft {made.name}.")
    else:
        output.say(drafted(made.id, made.name))


def _left_here(word: str, out: Path, dry_run: bool) -> tuple[str, Left]:
    with output.opened() as runtime:
        campaign = found(runtime, word)
        with runtime.reading() as conn:
            made = report.remainder(conn, runtime.storage, campaign.id or 0, None if dry_run else out)
    return campaign.ref, Left(**asdict(made))


def _left_there(server: "Client", word: str, out: Path, dry_run: bool) -> tuple[str, Left]:
    if out.suffix != ".csv":
        raise UsageError(f"{out.name} is no .csv, and a server writes remainders as CSV. Name the file so.")
    ref = reach.found(server, word).id
    made = server.do(calls.reports.left(ref))
    if not dry_run:
        server.download(calls.reports.remainder(ref), out)
    return ref, made


def _cloned_here(word: str, name: str | None, dry_run: bool) -> Clone:
    with output.opened(writes=not dry_run) as runtime:
        made, notes = copy(runtime, found(runtime, word), output.actor(), name, dry_run=dry_run)
    return Clone(made.ref, made.name, made.state, notes)


def _cloned_there(server: "Client", word: str, name: str | None, dry_run: bool) -> Clone:
    made = server.do(calls.campaigns.clone(reach.found(server, word).id, name, dry_run=dry_run))
    return Clone(made.id, made.name, made.state, made.notes)


def _notes(made: Left, ref: str) -> list[str]:
    notes = []
    if made.rejected:
        notes.append(f"{made.rejected:,} of these rows cannot be used as they are; `pagecast check` names them.")
    if made.open:
        notes.append(warning(made.open))
    if made.unknown:
        said = f"{made.unknown:,} people whose outcome is unknown are left out, because they may have got it."
        notes.append(f"{said} Decide with `pagecast resolve {ref} --as not-sent` first.")
    return notes
