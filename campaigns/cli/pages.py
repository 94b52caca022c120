"""`pagecast pages`: the sending accounts."""

from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from campaigns import pages
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.cli.page_check import Name, check
from campaigns.cli.page_pull import pull
from campaigns.lifecycle.accounts import account, accounts, doubts, let_go_on
from campaigns.runtime import changing, now_of
from schemas.account import Account
from schemas.api.pages import NewPage, Removed, Resumed, Stored
from schemas.campaign_file import PageEntry
from schemas.page import Channel, ProviderName, Route

pages_app = typer.Typer(no_args_is_help=True, help="The sending accounts.")
app.add_typer(pages_app, name="pages")

_COLUMNS = {
    "name": "page",
    "channel": "channel",
    "provider": "provider",
    "account_id": "account",
    "rate": "messages/s",
    "state": "state",
    "sentence": "",
}


@pages_app.command()
def add(
    name: Name,
    channel: Annotated[Channel, typer.Option("--channel")],
    provider: Annotated[ProviderName, typer.Option("--provider")],
    account_id: Annotated[str, typer.Option("--account-id", metavar="ID")],
    token: Annotated[str, typer.Option("--token", metavar="@{secret:NAME}", help="Where the token is, never itself.")],
    rate: Annotated[float | None, typer.Option("--rate", help="Messages per second.")] = None,
    key_rate_per_minute: Annotated[
        float | None, typer.Option("--key-rate-per-minute", help="Messages per minute of the API key.")
    ] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Where requests go.")] = None,
    login: Annotated[Literal["facebook", "instagram"], typer.Option("--login")] = "facebook",
    auth: Annotated[Literal["x-api-key", "bearer"], typer.Option("--auth", help="Orbit's header.")] = "x-api-key",
    on_try_later: Annotated[
        Literal["hold", "repeat"], typer.Option("--on-try-later", help='What an answer "try again later" leads to.')
    ] = "hold",
    trust_idempotency: Annotated[
        bool, typer.Option("--trust-idempotency", help="Repeat what has no answer, by its idempotency key.")
    ] = False,
    pulls: Annotated[
        bool, typer.Option("--pull", help="Meta: read conversations every minute, where no webhook tells of them.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Store a page that campaigns can send from, or give a stored one another token, rate or address."""
    facts = {
        "channel": channel,
        "provider": provider,
        "account_id": account_id,
        "token": token,
        "rate": rate,
        "key_rate_per_minute": key_rate_per_minute,
        "base_url": base_url,
        "login": login,
        "auth": auth,
        "on_try_later": on_try_later,
        "trust_idempotency": trust_idempotency,
        "pull": pulls,
    }
    # Before a server hears of it: what stands in the place of a reference may be the token itself.
    entry, route = pages.entered(name, facts)
    with reach.server(writes=not dry_run) as server:
        if server:
            page = server.do(calls.pages.add(NewPage.model_validate({"name": name, **facts}), dry_run=dry_run))
        else:
            page = _add_here(name, entry, route, dry_run)
    done = "added" if page.added else "changed"
    _tell(page, f"would be {done}" if dry_run else f"is {done}", page.notes, as_json=as_json, dry_run=dry_run)


@pages_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show every page, and why a parked one does not send."""
    with reach.server() as server:
        found = server.do(calls.pages.listed()) if server else _list_here()
    documents = [each.model_dump(mode="json") for each in found]
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"rate": f"{each['rate']:g}"} for each in documents], _COLUMNS)
    else:
        output.note("No pages yet. Add one with `pagecast pages add`, or as [pages.NAME] in a campaign file.")


@pages_app.command()
def remove(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Take a page out of use; what it sent stays in the reports."""
    with reach.server(writes=not dry_run) as server:
        page = server.do(calls.pages.remove(name, dry_run=dry_run)) if server else _remove_here(name, dry_run)
    _tell(page, "would be removed" if dry_run else "is removed", [], as_json=as_json, dry_run=dry_run)


@pages_app.command()
def pause(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Stop a page in every campaign; its people wait until it is resumed."""
    with reach.server(writes=not dry_run) as server:
        page = server.do(calls.pages.pause(name, dry_run=dry_run)) if server else _pause_here(name, dry_run)
    _tell(page, "would be paused" if dry_run else "is paused", [], as_json=as_json, dry_run=dry_run)


@pages_app.command()
def resume(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Let a page send again that was paused, or parked for a reason that is gone."""
    with reach.server(writes=not dry_run) as server:
        page = server.do(calls.pages.resume(name, dry_run=dry_run)) if server else _resume_here(name, dry_run)
    _tell(page, "would send again" if dry_run else "sends again", page.notes, as_json=as_json, dry_run=dry_run)


pages_app.command()(check)
pages_app.command()(pull)


def _add_here(name: str, entry: PageEntry, route: Route, dry_run: bool) -> Stored:
    with output.opened(writes=not dry_run) as runtime:
        notes = doubts(runtime, entry, route, output.environment())
        with changing(runtime, dry_run=dry_run) as (conn, now):
            page, new = pages.put(conn, name, entry, route, now=now, actor=output.actor())
    return Stored(**account(page).model_dump(), added=new, notes=notes)


def _list_here() -> list[Account]:
    with output.opened() as runtime, runtime.reading() as conn:
        return accounts(conn, now_of(conn))


def _remove_here(name: str, dry_run: bool) -> Removed:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        page = pages.named(conn, name)
        pages.remove(conn, page, now, output.actor())
    return Removed(**account(page).model_dump(), removed=True, dry_run=dry_run)


def _pause_here(name: str, dry_run: bool) -> Account:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        return account(pages.pause(conn, pages.named(conn, name), now, output.actor()))


def _resume_here(name: str, dry_run: bool) -> Resumed:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        return let_go_on(conn, name, now, output.actor())


def _tell(page: Account, what: str, notes: Sequence[str], *, as_json: bool, dry_run: bool) -> None:
    output.notes(notes)
    if as_json:
        output.emit(page.model_dump(mode="json") | {"notes": list(notes), "dry_run": dry_run})
    else:
        output.say(f"Page {page.name} {what}: {page.channel} account {page.account_id} by {page.provider}.")
