"""`pagecast notices`: who is told what happens, and whether it arrives."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.change import change
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import StoppedError
from campaigns.moments import dated, iso, iso_or_none
from campaigns.notices import queue, targets
from campaigns.notices.body import sample
from campaigns.notices.queue import Trouble
from campaigns.notices.wire import Wire
from campaigns.settings import Settings, keys
from schemas.notice import NoticeTarget, Way

notices_app = typer.Typer(
    no_args_is_help=True, help="Who is told what happens to campaigns and pages: by webhook, chat or e-mail."
)
app.add_typer(notices_app, name="notices")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whom you tell, in a word.")]
_NONE = {"queued": 0, "sent": 0, "dead": 0}
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
        doubts = _doubts(target, runtime.settings, output.environment())
        with change(runtime, dry_run=dry_run) as (conn, now):
            targets.add(conn, target, now, output.actor())
    for doubt in doubts:
        output.note(f"- {doubt}")
    kinds = targets.kinds_of(target)
    line = f"{name} {'would be' if dry_run else 'is'} told: {', '.join(kinds)}. Try it: `pagecast notices test {name}`."
    document = {"name": name, "kind": by, "url": url, "secret": signing or None, "on": kinds, "notes": doubts}
    output.tell(document | {"dry_run": dry_run}, as_json, line)


@notices_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show who is told what, how much arrived, and what hinders the rest."""
    with output.opened() as runtime, runtime.reading() as conn:
        stored, counts, troubles = targets.all_of(conn), queue.counts(conn), queue.troubles(conn)
    documents = [_document(each, counts.get(each.id or 0, _NONE), troubles.get(each.id or 0)) for each in stored]
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"on": ", ".join(each["on"])} for each in documents], _COLUMNS)
    else:
        output.note("Nobody is told. Add somebody with `pagecast notices add`.")


@notices_app.command()
def remove(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Tell somebody nothing any more; what is queued for them is dropped."""
    with output.opened(writes=not dry_run) as runtime, change(runtime, dry_run=dry_run) as (conn, now):
        targets.remove(conn, targets.named(conn, name), now, output.actor())
    line = f"{name} {'would be' if dry_run else 'is'} told nothing any more."
    output.tell({"name": name, "removed": True, "dry_run": dry_run}, as_json, line)


@notices_app.command(name="test")
def try_(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Send one notice that says so at once, and tell whether it arrived; nothing is queued."""
    key = f"msg_{secrets.token_hex(12)}"
    with output.opened() as runtime:
        with runtime.reading() as conn:
            target = targets.named(conn, name)
        body = sample(key, output.now(runtime))
        error = "" if dry_run else _tried(target, key, body, runtime.settings)
    if as_json:
        output.emit({"name": name, "id": key, "arrived": not (error or dry_run), "error": error, "dry_run": dry_run})
    if error:
        raise StoppedError(f"{name} was not told. {error}")
    if not as_json:
        output.say(f"{name} {'would be told' if dry_run else 'was told'} ({key}).")


@notices_app.command()
def replay(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One target's; else everybody's.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Those that were given up too, from the first try on.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Try what has not arrived again now instead of at its next turn; the ids stay, so receivers know a copy."""
    with output.opened(writes=not dry_run) as runtime, change(runtime, dry_run=dry_run) as (conn, now):
        target = targets.named(conn, name) if name else None
        n = queue.replay(conn, now, target, dead=dead)
    what = f"{n:,} {'notice' if n == 1 else 'notices'}"
    line = f"{what} would be tried again." if dry_run else f"{what} will be tried again by `pagecast up` at once."
    output.tell({"name": name, "dead": dead, "replayed": n, "dry_run": dry_run}, as_json, line)


def _tried(target: NoticeTarget, key: str, body: str, settings: Settings) -> str:
    return asyncio.run(Wire(settings, output.environment()).deliver(target, key, body))


def _doubts(target: NoticeTarget, settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Say what is odd about a target that can be stored all the same."""
    doubts = []
    if target.kind == Way.WEBHOOK and not target.secret:
        doubts.append("Its notices are not signed: the receiver cannot tell them from anybody's. Add --secret.")
    if target.url.startswith("http:"):
        doubts.append("Its URL is http: whoever is on the way can read along. Use https where you can.")
    references = [SecretStr(word) for word in (target.url, target.secret) if word.startswith("@{secret:")]
    missing = [name for each in references for name in keys(each, settings, environment).missing]
    return doubts + [f"The secret {name} is not set here. Set it where `pagecast up` runs." for name in missing]


def _document(target: NoticeTarget, counts: Mapping[str, int], trouble: Trouble | None) -> dict[str, Any]:
    return {
        "name": target.name,
        "kind": target.kind,
        "url": target.url,
        "secret": target.secret or None,
        "on": targets.kinds_of(target),
        "created_at": iso(target.created_at),
        **counts,
        "sentence": _hindrance(trouble) if trouble else "",
        "next_try": iso_or_none(trouble.again_at) if trouble else None,
    }


def _hindrance(trouble: Trouble) -> str:
    tries = f"{trouble.attempts} {'try' if trouble.attempts == 1 else 'tries'}"
    then = f"next at {dated(trouble.again_at)}" if trouble.again_at else "given up"
    return f"{trouble.type}, {tries}, {then}: {trouble.error}"
