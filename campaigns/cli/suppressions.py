"""`pagecast suppress`: people who must not be messaged."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import polars as pl
import typer

from campaigns import audience, pages, suppression
from campaigns.audience import Reading
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.change import change
from campaigns.cli.output import AsJson, DryRun
from campaigns.moments import iso
from schemas.recipient_list import LINE, RECIPIENT

suppress_app = typer.Typer(no_args_is_help=True, help="People who must not be messaged.")
app.add_typer(suppress_app, name="suppress")

Recipient = Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient id.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for people.")]
_SHOWN = 1_000
_SLICE = 50_000
_COLUMNS = {"recipient_id": "recipient", "page": "page", "source": "source", "at": "since", "note": "note"}
_EVERY_PAGE = "every page"


@suppress_app.command()
def add(
    recipient: Recipient,
    page: Annotated[str | None, typer.Option("--page", metavar="NAME", help="This page's account only.")] = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Never message a person: from now on, in running campaigns too."""
    person = suppression.person(recipient)
    with output.opened(writes=not dry_run) as runtime, change(runtime, dry_run=dry_run) as (conn, now):
        sender_id = pages.named(conn, page).sender_id if page else suppression.EVERY_SENDER
        new = suppression.suppress(conn, person, sender_id, note=note, now=now, actor=output.actor())
    if as_json:
        output.emit({"recipient_id": person, "page": page, "added": new, "dry_run": dry_run})
        return
    what = "would be suppressed" if dry_run else "is suppressed"
    output.say(f"{person} {what if new else 'was suppressed already'} on {page or _EVERY_PAGE}.")


@suppress_app.command()
def remove(recipient: Recipient, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Lift every suppression of a person, who may then be messaged again."""
    person = suppression.person(recipient)
    with output.opened(writes=not dry_run) as runtime, change(runtime, dry_run=dry_run) as (conn, now):
        suppression.lift(conn, person, now=now, actor=output.actor())
    if as_json:
        output.emit({"recipient_id": person, "removed": True, "dry_run": dry_run})
    else:
        output.say(f"{person} {'would no longer be' if dry_run else 'is no longer'} suppressed.")


@suppress_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show who is suppressed, oldest first; all of them with --json."""
    with output.opened() as runtime, runtime.reading() as conn:
        total = suppression.count(conn)
        rows = suppression.listed(conn, total if as_json else _SHOWN)
    documents = [{**row._mapping, "at": iso(row.at)} for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it
    if as_json:
        output.emit(documents)
        return
    if documents:
        output.show([each | {"page": each["page"] or _EVERY_PAGE} for each in documents], _COLUMNS)
    if total > len(documents):
        output.note(f"… and {total - len(documents):,} more; --json shows all.")
    if not total:
        output.note("Nobody is suppressed.")


@suppress_app.command(name="import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file.")],
    column: Annotated[
        str | None, typer.Option("--column", metavar="HEADER", help="The header of the recipient ids.")
    ] = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Never message anybody of a file, whatever its other columns say."""
    with TemporaryDirectory(prefix="pagecast-") as folder:
        reading, people, unusable = _people(source, column, Path(folder) / "list.parquet")
    said = note or f"from {source.name}"
    with output.opened(writes=not dry_run) as runtime, change(runtime, dry_run=dry_run) as (conn, now):
        new = suppression.suppress_all(
            conn,
            ([(each, suppression.EVERY_SENDER) for each in part] for part in _slices(people)),
            note=said,
            now=now,
            actor=output.actor(),
        )
    known = people.len() - new
    if unusable.height:
        line, sentence = unusable.select("line", "sentence").row(0)
        output.note(
            f"Lines without a usable id: {unusable.height:,}. Those people are NOT suppressed. "
            f"The first is line {line}: {sentence} `pagecast check --rejects` lists them all."
        )
    if as_json:
        counts = {"rows": reading.rows, "added": new, "known": known, "rejected": unusable.height}
        output.emit({**counts, "dry_run": dry_run})
        return
    what = "would be" if dry_run else "are"
    output.say(f"{reading.rows:,} rows: {new:,} people {what} suppressed, {known:,} were already.")


def _people(source: Path, header: str | None, stored: Path) -> tuple[Reading, pl.Series, pl.DataFrame]:
    """Return how a file was read, the different ids in it as text, and the lines that hold none."""
    given = {"recipient_id": header} if header else {}
    reading = audience.read(source, stored, given, zone=None, now_ms=int(time.time() * 1000))
    ids = pl.scan_parquet(stored, glob=False).select(LINE, RECIPIENT)
    people = ids.select(pl.col(RECIPIENT).drop_nulls().unique(maintain_order=True)).collect().to_series()
    without = ids.filter(pl.col(RECIPIENT).is_null()).select(line=LINE).collect()
    # A line whose times cannot be read is no use to a campaign, but its person is known well enough.
    return reading, people, audience.rejects(stored).join(without, on="line", how="semi", maintain_order="left")


def _slices(people: pl.Series) -> Iterator[pl.Series]:
    return (people.slice(offset, _SLICE) for offset in range(0, people.len(), _SLICE))
