"""`pagecast pages pull`: what people wrote and what went out, read from the platform where no webhook tells it."""

from dataclasses import asdict
from typing import Annotated

import typer

from campaigns import pages
from campaigns.campaign_file import milliseconds
from campaigns.cli import output
from campaigns.cli.output import AsJson, DryRun
from campaigns.cli.page_check import Name
from campaigns.errors import StoppedError
from campaigns.inbound.pull import Found
from campaigns.inbound.visit import broken_off, visit
from campaigns.moments import people


def pull(
    name: Name,
    since: Annotated[
        str | None, typer.Option("--since", metavar="24h", help="How far back; without it, from the last pull on.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read a page's conversations: who wrote, who opted out, and what became of messages in doubt."""
    back = None if since is None else milliseconds(since, "--since")
    with output.opened(writes=not dry_run) as runtime:
        with runtime.reading() as conn:
            page = pages.named(conn, name)
        output.note(f"Reading the conversations of page {name}, two questions a second.")
        where = output.environment()
        found, refused = visit(runtime, page, where, output.actor(), since_ms=back, dry_run=dry_run)
    if as_json:
        document = {"name": name, "complete": refused is None, "dry_run": dry_run}
        output.emit(document | asdict(found))
    elif refused is None or found.conversations:
        output.say(_told(name, found, dry_run=dry_run))
    if found.unclear:
        output.note(f"{found.unclear:,} messages name neither side as account {page.account_id}. Check its account_id.")
    if refused:
        raise StoppedError(broken_off(page, refused))


def _told(name: str, found: Found, *, dry_run: bool) -> str:
    does = "would bring" if dry_run else "brought"
    said = (
        f"{found.messages:,} messages of people and {found.echoes:,} of the account, {found.windows:,} windows opened, "
        f"{people(found.opted_out)} opted out, {found.settled:,} unknown outcomes settled"
    )
    return f"Page {name}: {found.conversations:,} conversations {does} {said}."
