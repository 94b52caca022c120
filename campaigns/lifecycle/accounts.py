"""Stored pages as people look them up: how fast each sends, and what it does now."""

from collections.abc import Mapping

from pydantic import SecretStr
from sqlalchemy import Connection

from campaigns import pages
from campaigns.briefing import bottleneck, sender_of
from campaigns.moments import clock
from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import Sender
from campaigns.runtime import Runtime
from campaigns.settings import MissingSecretError
from schemas.account import Account
from schemas.api.pages import Resumed
from schemas.campaign_file import PageEntry
from schemas.page import Channel, Page, Route


def account(page: Page, state: str | None = None, sentence: str | None = None) -> Account:
    """Return a page; `state` and `sentence` are what it does now, where somebody looked, else whether it may send."""
    route = Route.model_validate_json(page.route)
    return Account(
        name=page.name,
        channel=page.channel,
        provider=page.provider,
        account_id=page.account_id,
        rate=bottleneck(PROVIDERS[page.provider].paces(_faceless(page.channel, page.account_id, route), route)).rate,
        state=state or ("parked" if page.parked_at else "ready"),
        sentence=page.parked_sentence or "" if sentence is None else sentence,
        token=route.token,
        base_url=route.base_url,
    )


def accounts(conn: Connection, now: int) -> list[Account]:
    """Return every page by name, and what it does at `now` (epoch ms)."""
    return [account(page, *pages.doing(conn, page, now)) for page in pages.all_of(conn)]


def doubts(runtime: Runtime, entry: PageEntry, route: Route, environment: Mapping[str, str]) -> list[str]:
    """Say what is odd about a page that can be stored all the same.

    Raises InputError for a token that no header can carry.
    """
    try:
        sender_of(entry.channel, entry.account_id, route, runtime.settings, environment)
    except MissingSecretError as error:
        missing = [f"The secret {error.args[0]} is not set here. Set it before a campaign uses the page."]
    else:
        missing = []
    return missing + PROVIDERS[entry.provider].rate_warnings(_faceless(entry.channel, entry.account_id, route), route)


def let_go_on(conn: Connection, name: str, now: int, actor: str) -> Resumed:
    """Let a page send again that is parked, or whose account pauses; raises StateError where neither is so."""
    until = pages.resume(conn, pages.named(conn, name), now, actor)
    notes = [f"Its account was asked to slow down until {clock(until, now)}; that pause is over too."] if until else []
    return Resumed(**account(pages.named(conn, name)).model_dump(), notes=notes)


def _faceless(channel: Channel, account_id: str, route: Route) -> Sender:
    """Return a page's sender without its secret: how fast it sends does not depend on that."""
    return Sender(channel, account_id, route.base_url, SecretStr("-"), route.login, route.auth)
