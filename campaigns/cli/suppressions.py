"""`pagecast suppress`: people who must not be messaged."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from campaigns import pages, suppression
from campaigns.audience import exports
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import UsageError
from campaigns.lifecycle import optouts
from campaigns.moments import iso
from campaigns.runtime import changing

suppress_app = typer.Typer(no_args_is_help=True, help="People who must not be messaged.")
app.add_typer(suppress_app, name="suppress")

Recipient = Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient id.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for people.")]
_SHOWN = 1_000
_COLUMNS = {"recipient_id": "recipient", "page": "page", "source": "source", "at": "since", "note": "note"}
_TOLD = {
    "at": "at",
    "kind": "kind",
    "page": "page",
    "source": "source",
    "actor": "by",
    "evidence": "evidence",
}
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
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
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
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
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
    documents = [
        {
            "recipient_id": row.recipient_id,
            "source": row.source,
            "note": row.note,
            "at": iso(row.at),
            "page": row.page,
        }
        for row in rows
    ]
    if as_json:
        output.emit(documents)
        return
    if documents:
        output.show([each | {"page": each["page"] or _EVERY_PAGE} for each in documents], _COLUMNS)
    if total > len(documents):
        output.note(f"… and {total - len(documents):,} more; --json shows all.")
    if not total:
        output.note("Nobody is suppressed.")


@suppress_app.command()
def history(recipient: Recipient, as_json: AsJson = False) -> None:
    """Show every time that a person opted out or in, oldest first, and how it is known."""
    person = suppression.person(recipient)
    with output.opened() as runtime, runtime.reading() as conn:
        rows = suppression.told(conn, person)
    documents = [
        {
            "at": iso(row.at),
            "kind": row.kind,
            "page": row.page or (str(row.sender_id) if row.sender_id else None),
            "channel": row.channel or None,
            "source": row.source,
            "evidence": row.evidence,
            "actor": row.actor,
        }
        for row in rows
    ]
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"page": each["page"] or _EVERY_PAGE} for each in documents], _TOLD)
    else:
        output.note(f"{person} never opted out or in, as far as is known.")


@suppress_app.command(name="import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV, JSONL, XLSX or Parquet file.")],
    column: Annotated[
        str | None, typer.Option("--column", metavar="HEADER", help="The header of the recipient ids.")
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="HEADER", help="The header that says who opted out.")
    ] = None,
    every_row: Annotated[
        bool, typer.Option("--every-row", help="Everybody in the file, whatever its other columns say.")
    ] = False,
    page: Annotated[str | None, typer.Option("--page", metavar="NAME", help="This page's account only.")] = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Never message those who opted out by a file: a plain list of ids, or another tool's export.

    Of a file with a column for it (opted_out, unsubscribed, blocked, status, …) only those rows count.
    """
    if status and every_row:
        raise UsageError("--status and --every-row contradict each other. Give one of them.")
    with TemporaryDirectory(prefix="pagecast-") as folder:
        export = exports.read_export(source, Path(folder), column=column, status=status, every_row=every_row)
    said = note or f"from {source.name}"
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        done = optouts.bring(conn, export, page, note=said, now=now, actor=output.actor())
    for line in optouts.remarks(export, done.strangers):
        output.note(line)
    if as_json:
        counts = {"rows": export.rows, "added": done.added, "known": done.known, "rejected": export.unusable.height}
        output.emit({**counts, "left": export.left, "columns": optouts.columns(export, page), "dry_run": dry_run})
        return
    what = "would be" if dry_run else "are"
    left = f" {export.left:,} rows have not opted out." if export.left else ""
    output.say(f"{export.rows:,} rows: {done.added:,} people {what} suppressed, {done.known:,} were already.{left}")
