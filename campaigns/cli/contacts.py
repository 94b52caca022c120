"""`pagecast contacts`: the people who wrote to our accounts, and until when they may be written to."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Row

from campaigns import contacts, pages, suppression
from campaigns.campaign_file import milliseconds
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.contacts import EVERYBODY
from campaigns.errors import InputError
from campaigns.lifecycle import erase as erasing
from campaigns.lifecycle.erase import Erased
from campaigns.moments import iso
from campaigns.runtime import now_of

contacts_app = typer.Typer(
    no_args_is_help=True, help="People who wrote to our accounts, and the windows that they opened."
)
app.add_typer(contacts_app, name="contacts")

Page = Annotated[str, typer.Option("--page", metavar="NAME", help="The page they wrote to.")]
Open = Annotated[bool, typer.Option("--open", help="Only those whose window is open.")]
MinLeft = Annotated[
    str, typer.Option("--min-left", metavar="TIME", help="Only those with at least this long left: 2h.")
]
_SHOWN = 50
_COLUMNS = {
    "recipient_id": "recipient",
    "window_closes_at": "window closes",
    "last_inbound_at": "wrote",
    "kind": "by",
    "source": "source",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_LIST_COLUMNS = ("recipient_id", "page", "last_inbound_at", "window_closes_at")


@contacts_app.command(name="list")
def list_(page: Page, open_: Open = False, min_left: MinLeft = "0m", as_json: AsJson = False) -> None:
    """Show the people of a page, the first window to close first; all of them with --json."""
    with output.opened() as runtime, runtime.reading() as conn:
        most = EVERYBODY if as_json else _SHOWN + 1
        found = list(_people(conn, page, open_=open_, min_left=min_left, most=most))
    if as_json:
        output.emit(found)
        return
    if found:
        output.show(found[:_SHOWN], _COLUMNS)
    else:
        output.note(f"Nobody{' with an open window' if open_ else ''} has written to {page}, as far as is known.")
    if len(found) > _SHOWN:
        output.note("… and more; --json shows all, and `pagecast contacts export` writes them as a list.")


@contacts_app.command()
def export(
    page: Page,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the list.")],
    open_: Open = False,
    min_left: MinLeft = "0m",
    as_json: AsJson = False,
) -> None:
    """Write the people of a page as a CSV list that a campaign can use."""
    with output.opened() as runtime, runtime.reading() as conn:
        people = _people(conn, page, open_=open_, min_left=min_left, most=EVERYBODY)
        try:
            with out.open("x", newline="", encoding="utf-8") as file:
                n = _write(file, people)
        except FileExistsError as error:
            raise InputError(f"{out} is there already. Name another file, or remove it first.") from error
        except OSError as error:
            raise InputError(f"{out} cannot be written: {error.strerror}.") from error
    output.tell({"people": n, "file": str(out)}, as_json, f"{n:,} people: {out}")


@contacts_app.command()
def erase(
    recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient id.")],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a person out of everything that is kept here; counts stay, and they are never messaged again."""
    person = suppression.person(recipient)
    if not dry_run:
        output.confirm(f"Erase {person} for good? It cannot be undone.", yes=yes)
    with output.opened(writes=not dry_run) as runtime:
        done = erasing.erase(runtime, person, output.actor(), dry_run=dry_run)
    for line in _left_over(done):
        output.note(line)
    document = asdict(done) | {"copies": [str(path) for path in done.copies], "dry_run": dry_run}
    what = "Would erase" if dry_run else "Erased"
    output.tell(
        document,
        as_json,
        f"{what}: {done.contacts:,} windows, {done.events:,} events, {done.deliveries:,} deliveries "
        f"({done.set_aside:,} of them were still to be sent), {done.lists:,} lists, {done.bodies:,} webhook bodies. "
        f"What stays calls the person {done.name}.",
    )


def _left_over(done: Erased) -> Iterator[str]:
    if done.waiting:
        yield f"- Webhook bodies not applied yet that name the person: {done.waiting:,}. Erase again once they are."
    if done.campaigns:
        yield f"- Reports and exports written before name the person; delete yours of: {', '.join(done.campaigns)}."
    if done.copies:
        yield f"- So do copies of an earlier state: {', '.join(map(str, done.copies))}."
    yield "- And so do backups made before."


def _people(conn: Connection, page: str, *, open_: bool, min_left: str, most: int) -> Iterator[dict[str, Any]]:
    left = milliseconds(min_left, "--min-left")
    found = pages.named(conn, page)
    after = now_of(conn) + left if open_ or left else -1
    listed = contacts.listed(conn, found.channel, found.account_id, closes_after=after, most=most)
    return (_person(row, found.name) for row in listed)


def _person(row: Row[Any], page: str) -> dict[str, Any]:
    return {
        "recipient_id": row.recipient_id,
        "page": page,
        "last_inbound_at": iso(row.opened_at),
        "window_closes_at": iso(row.closes_at),
        "kind": row.kind,
        "evidence": row.evidence,
        "source": row.source,
    }


def _write(file: Any, people: Iterable[dict[str, Any]]) -> int:
    writer = csv.DictWriter(file, _LIST_COLUMNS)
    writer.writeheader()
    n = 0
    for n, person in enumerate(people, 1):  # noqa: B007 - the last one is how many there are
        writer.writerow({name: _harmless(person[name]) for name in _LIST_COLUMNS})
    return n


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs; an id behind an apostrophe is read as the id."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
