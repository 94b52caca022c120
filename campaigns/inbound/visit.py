"""One pull that a person asks for: a page's conversations, read now."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict

from campaigns import events
from campaigns.briefing import speaker
from campaigns.errors import InputError
from campaigns.inbound.pull import Found, Pull, RefusedError
from campaigns.inbound.questions import Questions, connected
from campaigns.moments import lasting
from campaigns.providers.protocol import Sender
from campaigns.runtime import Runtime, now_of
from schemas.api.pages import Pulled
from schemas.page import Page, ProviderName


def visit(
    runtime: Runtime,
    page: Page,
    environment: Mapping[str, str],
    actor: str,
    *,
    since_ms: int | None = None,
    dry_run: bool = False,
) -> Pulled:
    """Read what is new, or the last `since_ms` milliseconds; return what it brought, and what broke it off.

    Raises InputError where the page's provider shows no conversations, or its secret is not set.
    """
    if page.provider != ProviderName.META:
        raise InputError(f"Page {page.name} is reached by {page.provider}, which shows no conversations. Use webhooks.")
    sender = speaker(page, runtime.settings, environment)
    found, refused = asyncio.run(_read(runtime, page, sender, since_ms, dry_run=dry_run))
    if not dry_run:
        with runtime.writing() as conn:
            events.record(conn, now_of(conn), "page.pulled", actor, _told(found), page_id=page.id)
    why = _broken_off(page, refused) if refused else ""
    return Pulled(name=page.name, complete=refused is None, sentence=why, **asdict(found), dry_run=dry_run)


def _broken_off(page: Page, refused: RefusedError) -> str:
    wait = f" It asks to wait {lasting(int(refused.wait * 1000))}." if refused.wait else ""
    return f"Page {page.name}: {refused.sentence}{wait} The next pull goes on from here."


async def _read(
    runtime: Runtime, page: Page, sender: Sender, since_ms: int | None, *, dry_run: bool
) -> tuple[Found, RefusedError | None]:
    async with connected() as client:
        reading = Pull(runtime, page.sender_id, sender, Questions(client), dry_run=dry_run)
        try:
            await reading.run(since_ms)
        except RefusedError as refused:
            return reading.found, refused
    return reading.found, None


def _told(found: Found) -> str:
    counts = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in asdict(found).items() if n)
    return f"Its conversations were read: {counts or 'nothing new'}."
