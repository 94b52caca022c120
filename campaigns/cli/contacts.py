"""`pagecast contacts`: the people who wrote to our accounts, and until when they may be written to."""

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns import suppression
from campaigns.campaign_file import milliseconds
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.contacts import EVERYBODY
from campaigns.errors import InputError
from campaigns.lifecycle import erase as erasing
from campaigns.lifecycle import roster
from campaigns.moments import people, some
from schemas.api.contacts import Known
from schemas.api.people import Gone

if TYPE_CHECKING:
    from campaigns.client import Client

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
    wanted = _Wanted.of(page, open_, min_left)
    most = None if as_json else _SHOWN + 1
    with reach.server() as server:
        people = wanted.listed_there(server, most) if server else wanted.listed_here(most)
    found = [each.model_dump(mode="json") for each in people]
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
    wanted = _Wanted.of(page, open_, min_left)
    with reach.server() as server:
        n = wanted.written_there(server, out) if server else wanted.written_here(out)
    output.tell({"people": n, "file": str(out)}, as_json, f"{people(n)}: {out}")


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
    with reach.server(writes=not dry_run) as server:
        if server:
            done = server.do(calls.people.erase(person, dry_run=dry_run))
        else:
            done = _erase_here(person, dry_run=dry_run)
    for line in _left_over(done):
        output.note(line)
    what = "Would erase" if dry_run else "Erased"
    output.tell(
        done.model_dump(mode="json"),
        as_json,
        f"{what}: {some(done.contacts, 'window')}, {some(done.events, 'event')}, "
        f"{some(done.deliveries, 'delivery', 'deliveries')} ({done.set_aside:,} of them still to be sent), "
        f"{some(done.lists, 'list')}, {some(done.bodies, 'webhook body', 'webhook bodies')}. "
        f"What stays calls the person {done.name}.",
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Whom somebody asks for: those of a page whose windows are open for so long; `left_ms` is `min_left`, read."""

    page: str
    is_open: bool
    min_left: str
    left_ms: int

    @classmethod
    def of(cls, page: str, is_open: bool, min_left: str) -> "_Wanted":
        return cls(page, is_open, min_left, milliseconds(min_left, "--min-left"))

    def listed_here(self, most: int | None) -> list[Known]:
        with output.opened() as runtime, runtime.reading() as conn:
            found = roster.people(conn, self.page, is_open=self.is_open, left_ms=self.left_ms, most=most or EVERYBODY)
            return [Known(**each) for each in found]

    def listed_there(self, server: "Client", most: int | None) -> list[Known]:
        asked = calls.contacts.listed(self.page, is_open=self.is_open, min_left=self.min_left)
        return list(islice(server.each(asked), most))

    def written_here(self, out: Path) -> int:
        with output.opened() as runtime, runtime.reading() as conn:
            people = roster.people(conn, self.page, is_open=self.is_open, left_ms=self.left_ms)
            try:
                with out.open("x", newline="", encoding="utf-8") as file:
                    return roster.write_csv(file, people)
            except FileExistsError as error:
                raise _taken(out) from error
            except OSError as error:
                raise InputError(f"{out} cannot be written: {error.strerror}.") from error

    def written_there(self, server: "Client", out: Path) -> int:
        if out.exists():
            raise _taken(out)
        server.download(calls.contacts.export(self.page, is_open=self.is_open, min_left=self.min_left), out)
        with out.open(newline="", encoding="utf-8") as file:
            return sum(1 for _ in csv.DictReader(file))


def _taken(out: Path) -> InputError:
    return InputError(f"{out} is there already. Name another file, or remove it first.")


def _erase_here(person: str, *, dry_run: bool) -> Gone:
    with output.opened(writes=not dry_run) as runtime:
        done = erasing.erase(runtime, person, output.actor(), dry_run=dry_run)
    return Gone(**asdict(done) | {"copies": [str(path) for path in done.copies], "dry_run": dry_run})


def _left_over(done: Gone) -> Iterator[str]:
    if done.waiting:
        yield f"- Webhook bodies not applied yet that name the person: {done.waiting:,}. Erase again once they are."
    if done.campaigns:
        yield f"- Reports and exports written before name the person; delete yours of: {', '.join(done.campaigns)}."
    if done.copies:
        copies = "So do copies of an earlier state" if done.campaigns else "Copies of an earlier state name the person"
        yield f"- {copies}: {', '.join(done.copies)}."
    so = bool(done.campaigns or done.copies)
    yield "- And so do backups made before." if so else "- Backups made before may name the person."
