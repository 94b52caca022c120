"""Adding a page, or giving a stored one another token, rate or address. A token itself is neither asked nor shown."""

import re
from collections.abc import Mapping
from typing import Any

from nicegui import ui

from campaigns import pages as stored
from campaigns.errors import InputError
from campaigns.lifecycle.accounts import doubts
from campaigns.runtime import changing
from campaigns.web.dashboard.form import Form, choice, field, text
from campaigns.web.dashboard.session import Session
from schemas.account import Account
from schemas.channel import Channel, ProviderName
from schemas.page import Route
from schemas.right import Right

_CHANNELS = {Channel.INSTAGRAM.value: "Instagram", Channel.MESSENGER.value: "Messenger"}
_PROVIDERS = {ProviderName.META.value: "Meta, straight to the Graph API", ProviderName.ORBIT.value: "Orbit"}
_WHERE_IT_IS = (
    "The token stays outside: put it into an environment variable, or into a file of that name in "
    "PAGECAST_SECRETS_DIR, of the web process and the workers. Here stands only where it is."
)


async def added(session: Session) -> list[str] | None:
    """Ask for a new page and store it; return what is odd about it, None where it was not added."""
    form = Form("Add a page", "One Instagram professional account or one Facebook Page.")
    with form.body():
        name = field("Name", "A short word of yours: acme").props("autofocus")
        channel = choice("Channel", _CHANNELS, Channel.INSTAGRAM.value)
        provider = choice("Reached by", _PROVIDERS, ProviderName.META.value)
        account_id = field("Account id", "The number that the platform shows for it")
        token = field("Token", "A reference: @{secret:ACME_TOKEN}")
        ui.label(_WHERE_IT_IS).classes("small soft")
        rate, base_url = _more()
    name.on("blur", lambda: _suggest(name, token))

    def add() -> list[str]:
        facts = {"channel": channel.value, "provider": provider.value, "account_id": text(account_id)}
        return put(session, text(name), facts | _facts(token, rate, base_url), new=True)

    return await form.done("Add the page", add, right=Right.CHANGE_PAGES, done=lambda odd: _told(text(name), odd))


async def changed(session: Session, account: Account, route: Route) -> list[str] | None:
    """Ask for another token, rate or address; return what is odd about it, None where nothing was changed."""
    said = "Campaigns under way use the new token at once; a new rate or address holds for campaigns to come."
    form = Form(f"Change page {account.name}", said)
    with form.body():
        token = field("Token", "A reference: @{secret:ACME_TOKEN}", account.token)
        ui.label(_WHERE_IT_IS).classes("small soft")
        rate, base_url = _more(f"{route.rate:g}" if route.rate else "", account.base_url)

    def change() -> list[str]:
        kept = route.model_dump(exclude={"token", "rate", "base_url"})
        own = {"channel": account.channel, "provider": account.provider, "account_id": account.account_id}
        return put(session, account.name, kept | own | _facts(token, rate, base_url), new=False)

    return await form.done(
        "Change the page", change, right=Right.CHANGE_PAGES, done=lambda odd: _told(account.name, odd)
    )


def put(session: Session, name: str, facts: Mapping[str, Any], *, new: bool) -> list[str]:
    """Store a page by the keys of `[pages.NAME]`; return what is odd about it. Raises InputError."""
    entry, route = stored.entered(name, facts)
    odd = doubts(session.runtime, entry, route, session.environment)
    with changing(session.runtime, dry_run=False) as (conn, now):
        if new and stored.find(conn, name):
            raise InputError(f"There is a page named {name} already. Choose another name.")
        stored.put(conn, name, entry, route, now=now, actor=session.actor)
    return odd


def variable(name: str) -> str:
    """Return the reference that a page's token usually has."""
    word = re.sub(r"\W", "_", name.strip(), flags=re.ASCII).upper()
    return f"@{{secret:{word}_TOKEN}}"


def number(written: str) -> float | None:
    """Read a rate; None for nothing. Raises InputError."""
    try:
        return float(written.replace(",", ".")) if written else None
    except ValueError:
        raise InputError(f'"{written}" is no rate. Write messages per second as a number, such as 20.') from None


def _more(rate: str = "", base_url: str = "") -> tuple[ui.input, ui.input]:
    with ui.expansion("Rate and address").classes("unfold"):
        return (
            field("Messages per second, at most", "Empty: what the platform takes", rate),
            field("Address", "Empty: the platform's own", base_url),
        )


def _facts(token: ui.input, rate: ui.input, base_url: ui.input) -> dict[str, Any]:
    return {"token": text(token), "rate": number(text(rate)), "base_url": text(base_url) or None}


def _suggest(name: ui.input, token: ui.input) -> None:
    if text(name) and not text(token):
        token.value = variable(text(name))


def _told(name: str, odd: list[str]) -> str:
    return " ".join([f"Page {name} is stored.", *odd])
