"""`pagecast contacts`: the people who wrote to our accounts, and until when they may be written to."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from campaigns import suppression
from campaigns.campaign_file import milliseconds
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.contacts import EVERYBODY
from campaigns.errors import InputError
from campaigns.lifecycle import erase as erasing
from campaigns.lifecycle import roster
from campaigns.lifecycle.erase import Erased

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


@contacts_app.command(name="list")
def list_(page: Page, open_: Open = False, min_left: MinLeft = "0m", as_json: AsJson = False) -> None:
    """Show the people of a page, the first window to close first; all of them with --json."""
    with output.opened() as runtime, runtime.reading() as conn:
        most = EVERYBODY if as_json else _SHOWN + 1
        left = milliseconds(min_left, "--min-left")
        found = list(roster.people(conn, page, is_open=open_, left_ms=left, most=most))
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
        people = roster.people(conn, page, is_open=open_, left_ms=milliseconds(min_left, "--min-left"))
        try:
            with out.open("x", newline="", encoding="utf-8") as file:
                n = roster.write_csv(file, people)
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
