"""`pagecast pages pull`: what people wrote and what went out, read from the platform where no webhook tells it."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from campaigns import pages
from campaigns.briefing import sender_of
from campaigns.campaign_file import milliseconds
from campaigns.cli import output
from campaigns.cli.output import AsJson, DryRun
from campaigns.cli.page_check import Name
from campaigns.errors import InputError, StoppedError
from campaigns.inbound.pull import Found, Pull, RefusedError
from campaigns.inbound.questions import Questions, connected
from campaigns.moments import lasting, people
from campaigns.providers.protocol import Sender
from campaigns.runtime import Runtime
from campaigns.settings import MissingSecretError
from schemas.page import Page, ProviderName, Route


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
        sender = _sender(runtime, page)
        output.note(f"Reading the conversations of page {name}, two questions a second.")
        found, refused = asyncio.run(_pulled(runtime, page, sender, back, dry_run=dry_run))
    if as_json:
        document = {"name": name, "complete": refused is None, "dry_run": dry_run}
        output.emit(document | asdict(found))
    elif refused is None or found.conversations:
        output.say(_told(name, found, dry_run=dry_run))
    if found.unclear:
        output.note(f"{found.unclear:,} messages name neither side as account {page.account_id}. Check its account_id.")
    if refused:
        wait = f" It asks to wait {lasting(int(refused.wait * 1000))}." if refused.wait else ""
        raise StoppedError(f"Page {name}: {refused.sentence}{wait} The next pull goes on from here.")


def _sender(runtime: Runtime, page: Page) -> Sender:
    if page.provider != ProviderName.META:
        raise InputError(f"Page {page.name} is reached by {page.provider}, which shows no conversations. Use webhooks.")
    route = Route.model_validate_json(page.route)
    try:
        return sender_of(page.channel, page.account_id, route, runtime.settings, output.environment())
    except MissingSecretError as error:
        raise InputError(f"The secret {error.args[0]} of page {page.name} is not set here. Set it first.") from error


async def _pulled(
    runtime: Runtime, page: Page, sender: Sender, since_ms: int | None, *, dry_run: bool
) -> tuple[Found, RefusedError | None]:
    async with connected() as client:
        reading = Pull(runtime, page.sender_id, sender, Questions(client), dry_run=dry_run)
        try:
            await reading.run(since_ms)
        except RefusedError as refused:
            return reading.found, refused
    return reading.found, None


def _told(name: str, found: Found, *, dry_run: bool) -> str:
    does = "would bring" if dry_run else "brought"
    said = (
        f"{found.messages:,} messages of people and {found.echoes:,} of the account, {found.windows:,} windows opened, "
        f"{people(found.opted_out)} opted out, {found.settled:,} unknown outcomes settled"
    )
    return f"Page {name}: {found.conversations:,} conversations {does} {said}."
