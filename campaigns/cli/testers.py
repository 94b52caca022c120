"""`pagecast testers`: whom a test may go to."""

from collections.abc import Sequence
from typing import Annotated

import typer

from campaigns import suppression, testers
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.lifecycle import allowlist
from campaigns.runtime import changing
from schemas.api.testers import Allowed, Disallowed, Tester

testers_app = typer.Typer(no_args_is_help=True, help="People of ours whom tests may go to.")
app.add_typer(testers_app, name="testers")

Recipient = Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient id, as the page's account has it.")]
_COLUMNS = {
    "recipient_id": "recipient",
    "page": "page",
    "added_at": "since",
    "added_by": "added by",
    "tested_at": "last test",
    "note": "note",
}


@testers_app.command()
def add(
    recipient: Recipient,
    page: Annotated[str, typer.Option("--page", metavar="NAME", help="The page that may send tests to them.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Who that is, for people.")] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a page send tests to a person; nobody else ever gets one."""
    person = suppression.person(recipient)
    with reach.server(writes=not dry_run) as server:
        if server:
            done = server.do(calls.testers.add(person, page, note=note, dry_run=dry_run))
        else:
            done = _add_here(person, page, note, dry_run=dry_run)
    what = ("would be" if dry_run else "is") if done.added else "was already"
    output.tell(done.model_dump(mode="json"), as_json, f"{person} {what} a tester of page {page}.")


@testers_app.command()
def remove(
    recipient: Recipient,
    page: Annotated[str | None, typer.Option("--page", metavar="NAME", help="Of this page's account only.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send no more tests to a person."""
    person = suppression.person(recipient)
    with reach.server(writes=not dry_run) as server:
        if server:
            done = server.do(calls.testers.remove(person, page=page, dry_run=dry_run))
        else:
            done = _remove_here(person, page, dry_run=dry_run)
    line = f"{person} {'would no longer be' if dry_run else 'is no longer'} a tester."
    output.tell(done.model_dump(mode="json"), as_json, line)


@testers_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show whom tests may go to, and when the latest one went."""
    with reach.server() as server:
        found = list(server.each(calls.testers.listed())) if server else _list_here()
    documents = [each.model_dump(mode="json") for each in found]
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"page": each["page"] or each["account_id"]} for each in documents], _COLUMNS)
    else:
        output.note("No testers yet. Add one with `pagecast testers add RECIPIENT --page NAME`.")


def _add_here(person: str, page: str, note: str, *, dry_run: bool) -> Allowed:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        new = allowlist.allow(conn, page, person, note=note, now=now, actor=output.actor())
    return Allowed(recipient_id=person, page=page, added=new, dry_run=dry_run)


def _remove_here(person: str, page: str | None, *, dry_run: bool) -> Disallowed:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        n = allowlist.disallow(conn, person, page, now=now, actor=output.actor())
    return Disallowed(recipient_id=person, page=page, removed=n, dry_run=dry_run)


def _list_here() -> Sequence[Tester]:
    with output.opened() as runtime, runtime.reading() as conn:
        return [allowlist.shown(row) for row in testers.listed(conn)]
