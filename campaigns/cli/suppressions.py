"""`pagecast suppress`: people who must not be messaged."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns import pages, suppression
from campaigns.audience import exports
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.contacts import EVERYBODY
from campaigns.errors import UsageError
from campaigns.lifecycle import optouts
from campaigns.runtime import changing
from schemas.api.exports import Imported
from schemas.api.suppressions import Added, Lifted, Suppressed, Wish

if TYPE_CHECKING:
    from campaigns.client import Client

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
    with reach.server(writes=not dry_run) as server:
        if server:
            done = server.do(calls.suppressions.add(person, page=page, note=note, dry_run=dry_run))
        else:
            done = _add_here(person, page, note, dry_run=dry_run)
    what = "would be suppressed" if dry_run else "is suppressed"
    line = f"{person} {what if done.added else 'was suppressed already'} on {page or _EVERY_PAGE}."
    output.tell(done.model_dump(mode="json"), as_json, line)


@suppress_app.command()
def remove(recipient: Recipient, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Lift every suppression of a person, who may then be messaged again."""
    person = suppression.person(recipient)
    with reach.server(writes=not dry_run) as server:
        if server:
            done = server.do(calls.suppressions.lift(person, dry_run=dry_run))
        else:
            done = _remove_here(person, dry_run=dry_run)
    line = f"{person} {'would no longer be' if dry_run else 'is no longer'} suppressed."
    output.tell(done.model_dump(mode="json"), as_json, line)


@suppress_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show who is suppressed, oldest first; all of them with --json."""
    most = None if as_json else _SHOWN + 1
    with reach.server() as server:
        found = list(islice(server.each(calls.suppressions.listed()), most)) if server else _list_here(most)
    documents = [each.model_dump(mode="json") for each in found]
    if as_json:
        output.emit(documents)
        return
    if documents:
        output.show([each | {"page": each["page"] or _EVERY_PAGE} for each in documents[:_SHOWN]], _COLUMNS)
    else:
        output.note("Nobody is suppressed.")
    if len(documents) > _SHOWN:
        output.note("… and more; --json shows all.")


@suppress_app.command()
def history(recipient: Recipient, as_json: AsJson = False) -> None:
    """Show every time that a person opted out or in, oldest first, and how it is known."""
    person = suppression.person(recipient)
    with reach.server() as server:
        found = server.do(calls.suppressions.history(person)) if server else _history_here(person)
    documents = [each.model_dump(mode="json") for each in found]
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
    file = _File(source, column, status, every_row, page, note or f"from {source.name}")
    with reach.server(writes=not dry_run) as server:
        done = file.bring_there(server, dry_run=dry_run) if server else file.bring_here(dry_run=dry_run)
    for line in done.remarks:
        output.note(line)
    what = "would be" if dry_run else "are"
    left = f" {done.left:,} rows have not opted out." if done.left else ""
    line = f"{done.rows:,} rows: {done.added:,} people {what} suppressed, {done.known:,} were already.{left}"
    output.tell(done.model_dump(mode="json", exclude={"words", "remarks"}), as_json, line)


@dataclass(frozen=True, slots=True)
class _File:
    """A file of opt-outs, and how it is meant."""

    source: Path
    column: str | None
    status: str | None
    every_row: bool
    page: str | None
    note: str

    def bring_here(self, *, dry_run: bool) -> Imported:
        how = {"column": self.column, "status": self.status}
        with TemporaryDirectory(prefix="pagecast-") as folder:
            export = exports.read_export(self.source, Path(folder), **how, every_row=self.every_row)
        with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
            done = optouts.bring(conn, export, self.page, note=self.note, now=now, actor=output.actor())
        return optouts.told(export, done, self.page, dry_run=dry_run)

    def bring_there(self, server: "Client", *, dry_run: bool) -> Imported:
        how = {"column": self.column, "status": self.status, "page": self.page, "note": self.note}
        return server.do(calls.suppressions.bring(self.source, **how, every_row=self.every_row, dry_run=dry_run))


def _add_here(person: str, page: str | None, note: str, *, dry_run: bool) -> Added:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        sender_id = pages.named(conn, page).sender_id if page else suppression.EVERY_SENDER
        new = suppression.suppress(conn, person, sender_id, note=note, now=now, actor=output.actor())
    return Added(recipient_id=person, page=page, added=new, dry_run=dry_run)


def _remove_here(person: str, *, dry_run: bool) -> Lifted:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        suppression.lift(conn, person, now=now, actor=output.actor())
    return Lifted(recipient_id=person, removed=True, dry_run=dry_run)


def _list_here(most: int | None) -> list[Suppressed]:
    with output.opened() as runtime, runtime.reading() as conn:
        return [optouts.suppressed(row) for row in suppression.listed(conn, most or EVERYBODY)]


def _history_here(person: str) -> list[Wish]:
    with output.opened() as runtime, runtime.reading() as conn:
        return [optouts.wish(row) for row in suppression.told(conn, person)]
