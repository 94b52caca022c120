"""`pagecast pages pull`: what people wrote and what went out, read from the platform where no webhook tells it."""

from typing import Annotated

import typer

from campaigns import pages
from campaigns.campaign_file import milliseconds
from campaigns.cli import calls, output, reach
from campaigns.cli.output import AsJson, DryRun
from campaigns.cli.page_check import Name
from campaigns.errors import StoppedError
from campaigns.inbound.visit import visit
from campaigns.moments import people
from schemas.api.pages import Pulled


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
    with reach.server(writes=not dry_run) as server:
        output.note(f"Reading the conversations of page {name}, two questions a second.")
        if server:
            found = server.do(calls.pages.pull(name, since, dry_run=dry_run))
        else:
            found = _here(name, back, dry_run=dry_run)
    if as_json:
        output.emit(found.model_dump(mode="json"))
    elif found.complete or found.conversations:
        output.say(_told(found))
    if found.unclear:
        output.note(
            f"{found.unclear:,} messages name neither side as the account of page {name}. Check its account_id."
        )
    if not found.complete:
        raise StoppedError(found.sentence)


def _here(name: str, back: int | None, *, dry_run: bool) -> Pulled:
    with output.opened(writes=not dry_run) as runtime:
        with runtime.reading() as conn:
            page = pages.named(conn, name)
        return visit(runtime, page, output.environment(), output.actor(), since_ms=back, dry_run=dry_run)


def _told(found: Pulled) -> str:
    does = "would bring" if found.dry_run else "brought"
    said = (
        f"{found.messages:,} messages of people and {found.echoes:,} of the account, {found.windows:,} windows opened, "
        f"{people(found.opted_out)} opted out, {found.settled:,} unknown outcomes settled"
    )
    return f"Page {found.name}: {found.conversations:,} conversations {does} {said}."
