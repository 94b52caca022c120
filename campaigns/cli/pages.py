"""`pagecast pages`: the sending accounts."""

from typing import Annotated, Literal

import typer

from campaigns import pages
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.cli.page_check import Name, check
from campaigns.cli.page_pull import pull
from campaigns.lifecycle.accounts import account, accounts, doubts
from campaigns.moments import clock
from campaigns.runtime import changing, now_of
from schemas.page import Channel, Page, ProviderName

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
    entry, route = pages.entered(name, facts)
    with output.opened(writes=not dry_run) as runtime:
        notes = doubts(runtime, entry, route, output.environment())
        with changing(runtime, dry_run=dry_run) as (conn, now):
            page, new = pages.put(conn, name, entry, route, now=now, actor=output.actor())
    done = "added" if new else "changed"
    _tell(page, f"would be {done}" if dry_run else f"is {done}", notes, as_json=as_json, dry_run=dry_run)


@pages_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show every page, and why a parked one does not send."""
    with output.opened() as runtime, runtime.reading() as conn:
        now = now_of(conn)
        documents = [each.model_dump(mode="json") for each in accounts(conn, now)]
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"rate": f"{each['rate']:g}"} for each in documents], _COLUMNS)
    else:
        output.note("No pages yet. Add one with `pagecast pages add`, or as [pages.NAME] in a campaign file.")


@pages_app.command()
def remove(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Take a page out of use; what it sent stays in the reports."""
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        page = pages.named(conn, name)
        pages.remove(conn, page, now, output.actor())
    _tell(page, "would be removed" if dry_run else "is removed", [], as_json=as_json, dry_run=dry_run)


@pages_app.command()
def pause(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Stop a page in every campaign; its people wait until it is resumed."""
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        page = pages.pause(conn, pages.named(conn, name), now, output.actor())
    _tell(page, "would be paused" if dry_run else "is paused", [], as_json=as_json, dry_run=dry_run)


@pages_app.command()
def resume(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Let a page send again that was paused, or parked for a reason that is gone."""
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        page = pages.named(conn, name)
        until = pages.resume(conn, page, now, output.actor())
        page = pages.named(conn, name)
    notes = [f"Its account was asked to slow down until {clock(until, now)}; that pause is over too."] if until else []
    _tell(page, "would send again" if dry_run else "sends again", notes, as_json=as_json, dry_run=dry_run)


pages_app.command()(check)
pages_app.command()(pull)


def _tell(page: Page, what: str, notes: list[str], *, as_json: bool, dry_run: bool) -> None:
    output.notes(notes)
    if as_json:
        output.emit(account(page).model_dump(mode="json") | {"notes": notes, "dry_run": dry_run})
    else:
        output.say(f"Page {page.name} {what}: {page.channel} account {page.account_id} by {page.provider}.")
