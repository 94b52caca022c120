"""`pagecast notices`: who is told what happens, and whether it arrives."""

import asyncio
from typing import Annotated

import typer

from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import StoppedError
from campaigns.notices import attempts, roll, targets
from campaigns.notices.wire import Wire
from campaigns.runtime import changing, now_of
from schemas.notice import Way

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
    target = targets.entered(name, by, url, signing, on)
    with output.opened(writes=not dry_run) as runtime:
        doubts = list(roll.doubts(target, runtime.settings, output.environment()))
        with changing(runtime, dry_run=dry_run) as (conn, now):
            targets.add(conn, target, now, output.actor())
    output.notes(doubts)
    kinds = targets.kinds_of(target)
    line = f"{name} {'would be' if dry_run else 'is'} told: {', '.join(kinds)}. Try it: `pagecast notices test {name}`."
    document = {"name": name, "kind": by, "url": url, "secret": signing or None, "on": kinds, "notes": doubts}
    output.tell(document | {"dry_run": dry_run}, as_json, line)


@notices_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show who is told what, how much arrived, and what hinders the rest."""
    with output.opened() as runtime, runtime.reading() as conn:
        documents = roll.listed(conn)
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"on": ", ".join(each["on"])} for each in documents], _COLUMNS)
    else:
        output.note("Nobody is told. Add somebody with `pagecast notices add`.")


@notices_app.command()
def remove(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Tell somebody nothing any more; what is queued for them is dropped."""
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        targets.remove(conn, targets.named(conn, name), now, output.actor())
    line = f"{name} {'would be' if dry_run else 'is'} told nothing any more."
    output.tell({"name": name, "removed": True, "dry_run": dry_run}, as_json, line)


@notices_app.command(name="test")
def try_(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Send one notice that says so at once, and tell whether it arrived; nothing is queued."""
    key, error = None, ""
    with output.opened() as runtime:
        with runtime.reading() as conn:
            target, now = targets.named(conn, name), now_of(conn)
        if not dry_run:
            key, error = asyncio.run(attempts.test(Wire(runtime.settings, output.environment()), target, now))
    if as_json:
        output.emit({"name": name, "id": key, "arrived": not (error or dry_run), "error": error, "dry_run": dry_run})
    if error:
        raise StoppedError(f"{name} was not told. {error}")
    if not as_json:
        output.say(f"{name} would be told." if dry_run else f"{name} was told ({key}).")


@notices_app.command()
def replay(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One target's; else everybody's.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Those that were given up too, from the first try on.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Try what has not arrived again now instead of at its next turn; the ids stay, so receivers know a copy."""
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        target = targets.named(conn, name) if name else None
        n = attempts.replay(conn, target, now, output.actor(), dead=dead)
    what = f"{n:,} {'notice' if n == 1 else 'notices'}"
    line = f"{what} would be tried again." if dry_run else f"{what} will be tried again by `pagecast up` at once."
    output.tell({"name": name, "dead": dead, "replayed": n, "dry_run": dry_run}, as_json, line)
