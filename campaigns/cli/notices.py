"""`pagecast notices`: who is told what happens, and whether it arrives."""

import asyncio
from typing import Annotated, Any

import typer

from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import StoppedError
from campaigns.notices import attempts, roll, targets
from campaigns.notices.wire import Wire
from campaigns.runtime import changing, now_of
from schemas.api.webhooks import NewWebhook, Probed, Subscribed, Unsubscribed, Webhook
from schemas.notice import NoticeTarget, Way

notices_app = typer.Typer(
    no_args_is_help=True, help="Who is told what happens to campaigns and pages: by webhook, chat or e-mail."
)
app.add_typer(notices_app, name="notices")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whom you tell, in a word.")]
_COLUMNS = {
    "name": "name",
    "kind": "by",
    "url": "url",
    "on": "told of",
    "queued": "queued",
    "sent": "sent",
    "dead": "given up",
    "sentence": "",
}


@notices_app.command()
def add(
    name: Name,
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Where to, or @{secret:NAME} where the URL is a secret itself.")
    ],
    by: Annotated[
        Way, typer.Option("--by", help="Signed JSON to a webhook, or words to chat or e-mail by a URL of Apprise.")
    ] = Way.WEBHOOK,
    signing: Annotated[
        str, typer.Option("--secret", metavar="@{secret:NAME}", help="Where the secret is that signs webhooks.")
    ] = "",
    on: Annotated[
        str, typer.Option("--on", metavar="KINDS", help="What of, by commas, such as finished,parked; or all.")
    ] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Tell somebody when a campaign finishes, is stopped, stalls or misses its start, and when a page parks."""
    # Before a server hears of it: what stands in the place of a reference may be the secret itself.
    target = targets.entered(name, by, url, signing, on)
    with reach.server(writes=not dry_run) as server:
        if server:
            wanted = NewWebhook(name=name, kind=by, url=url, secret=signing, events=_words(on), dry_run=dry_run)
            done = server.do(calls.webhooks.add(wanted))
        else:
            done = _add_here(target, dry_run=dry_run)
    output.notes(done.notes)
    told = f"{name} {'would be' if dry_run else 'is'} told: {', '.join(done.events)}."
    output.tell(_document(done), as_json, f"{told} Try it: `pagecast notices test {name}`.")


@notices_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show who is told what, how much arrived, and what hinders the rest."""
    with reach.server() as server:
        found = server.do(calls.webhooks.listed()) if server else _list_here()
    documents = [_document(each) for each in found]
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"on": ", ".join(each["on"])} for each in documents], _COLUMNS)
    else:
        output.note("Nobody is told. Add somebody with `pagecast notices add`.")


@notices_app.command()
def remove(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Tell somebody nothing any more; what is queued for them is dropped."""
    with reach.server(writes=not dry_run) as server:
        if server:
            done = server.do(calls.webhooks.remove(name, dry_run=dry_run))
        else:
            done = _remove_here(name, dry_run=dry_run)
    line = f"{name} {'would be' if dry_run else 'is'} told nothing any more."
    output.tell(done.model_dump(mode="json"), as_json, line)


@notices_app.command(name="test")
def try_(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Send one notice that says so at once, and tell whether it arrived; nothing is queued."""
    with reach.server() as server:
        done = server.do(calls.webhooks.probe(name, dry_run=dry_run)) if server else _try_here(name, dry_run=dry_run)
    if as_json:
        output.emit(done.model_dump(mode="json"))
    if done.error:
        raise StoppedError(f"{name} was not told. {done.error}")
    if not as_json:
        output.say(f"{name} would be told." if dry_run else f"{name} was told ({done.id}).")


@notices_app.command()
def replay(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One target's; else everybody's.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Those that were given up too, from the first try on.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Try what has not arrived again now instead of at its next turn; the ids stay, so receivers know a copy."""
    with reach.server(writes=not dry_run) as server:
        if server:
            n = server.do(calls.webhooks.replay(name, dead=dead, dry_run=dry_run)).replayed
        else:
            n = _replay_here(name, dead=dead, dry_run=dry_run)
    what = f"{n:,} {'notice' if n == 1 else 'notices'}"
    line = f"{what} would be tried again." if dry_run else f"{what} will be tried again by `pagecast up` at once."
    output.tell({"name": name, "dead": dead, "replayed": n, "dry_run": dry_run}, as_json, line)


def _add_here(target: NoticeTarget, *, dry_run: bool) -> Subscribed:
    with output.opened(writes=not dry_run) as runtime:
        doubts = list(roll.doubts(target, runtime.settings, output.environment()))
        with changing(runtime, dry_run=dry_run) as (conn, now):
            targets.add(conn, target, now, output.actor())
    return roll.subscribed(target, doubts, dry_run=dry_run)


def _list_here() -> list[Webhook]:
    with output.opened() as runtime, runtime.reading() as conn:
        return roll.listed(conn)


def _remove_here(name: str, *, dry_run: bool) -> Unsubscribed:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        targets.remove(conn, targets.named(conn, name), now, output.actor())
    return Unsubscribed(name=name, removed=True, dry_run=dry_run)


def _try_here(name: str, *, dry_run: bool) -> Probed:
    key, error = None, ""
    with output.opened() as runtime:
        with runtime.reading() as conn:
            target, now = targets.named(conn, name), now_of(conn)
        if not dry_run:
            key, error = asyncio.run(attempts.test(Wire(runtime.settings, output.environment()), target, now))
    return Probed(name=name, id=key, arrived=not (error or dry_run), error=error, dry_run=dry_run)


def _replay_here(name: str | None, *, dead: bool, dry_run: bool) -> int:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        target = targets.named(conn, name) if name else None
        return attempts.replay(conn, target, now, output.actor(), dead=dead)


def _words(on: str) -> list[str]:
    return [word.strip() for word in on.split(",") if word.strip()]


def _document(told: Subscribed | Webhook) -> dict[str, Any]:
    """Return who is told, in the words of the command's options."""
    return {("on" if name == "events" else name): value for name, value in told.model_dump(mode="json").items()}
