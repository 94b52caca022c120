"""Verbs that take something back: retry, resolve, revise."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.cli.plans import show_samples
from campaigns.errors import InputError
from campaigns.lifecycle import resolve as resolving
from campaigns.lifecycle import retry as retrying
from campaigns.lifecycle import revise as revising
from schemas.decision import Scope, Verdict
from schemas.reason import Reason, about

_WIDTH = 10


@app.command()
def retry(
    word: Word,
    scope: Annotated[Scope, typer.Option("--scope", help="Whom to send to again.")],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send again to people who failed, were skipped or cancelled, after screening each of them anew."""
    with output.opened(writes=not dry_run) as runtime:
        campaign = found(runtime, word)
        retrial = retrying.examine(runtime, campaign, scope, output.environment())
        n, state = retrial.people.height, campaign.state
        _count(retrial.again, "again")
        _count(retrial.kept, f"stay {scope}")
        if n and not dry_run:
            output.confirm(f"Send to {n:,} people of {campaign.name} again?", yes=yes)
            done = retrying.retry(runtime, campaign, retrial, output.actor())
            n, state = done.people, done.state
    document = {"id": campaign.ref, "state": state, "scope": scope, "retried": n, "again": retrial.again}
    output.tell(
        document | {"kept": retrial.kept, "dry_run": dry_run}, as_json, _outcome(n, campaign.name, state, dry_run)
    )


@app.command()
def resolve(
    word: Word,
    verdict: Annotated[Verdict, typer.Option("--as", help="What you decided after looking at the conversations.")],
    recipient: Annotated[str | None, typer.Argument(metavar="[RECIPIENT]", help="One person; else everyone.")] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Decide about people whose outcome is unknown: it was sent, it was not, or send it again."""
    with output.opened(writes=not dry_run) as runtime:
        campaign = found(runtime, word)
        doubt = resolving.examine(runtime, campaign, verdict, output.environment(), recipient)
        n, state = doubt.people.height, campaign.state
        _count(doubt.kept, "stay unknown")
        if dry_run:
            output.note(_question(verdict, n))
        elif n:
            output.confirm(_question(verdict, n), yes=yes)
            done = resolving.resolve(runtime, campaign, doubt, output.actor())
            n, state = done.people, done.state
    document = {"id": campaign.ref, "state": state, "as": verdict, "resolved": n, "kept": doubt.kept}
    line = f"{n:,} people {'would be' if dry_run else 'are'} resolved as {verdict}. {campaign.name} is {state}."
    output.tell(document | {"dry_run": dry_run}, as_json, line)


@app.command()
def revise(
    word: Word,
    message: Annotated[
        Path, typer.Option("--message", metavar="FILE", help="TOML with [message], or the text itself in a .txt file.")
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Correct a paused campaign's message for everyone who has not got it yet."""
    content = _read(message)
    toml = _toml(message, content) if message.suffix == ".toml" else None
    with output.opened(writes=not dry_run) as runtime:
        campaign = found(runtime, word)
        written = revising.reworded(campaign, content, toml=toml)
        change = revising.examine(runtime, campaign, written, output.environment())
        show_samples(change.samples, output.note)
        output.notes(change.findings)
        _count(change.set_aside, "would be skipped")
        if change.freed:
            output.note(f"- {change.freed:,} people skipped before could get it: add a retry --scope skipped.")
        revision = change.revision
        if not dry_run:
            output.confirm(f"Send this to the {change.pending:,} people who wait?", yes=yes)
            revision = revising.revise(runtime, campaign, change, output.actor())
    document = {"id": campaign.ref, "revision": revision, "pending": change.pending, "skipped": change.set_aside}
    line = f"{campaign.name} has revision {revision} of its message; {change.pending:,} people wait for it."
    output.tell(document | {"freed": change.freed, "dry_run": dry_run}, as_json, line)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8. Save it as UTF-8.") from error


def _toml(file: Path, content: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is not valid TOML: {error}.") from error


def _question(verdict: Verdict, n: int) -> str:
    if verdict is Verdict.SEND_AGAIN:
        return (
            f"Send to {n:,} people again, although the first message may have gone out? Those who have it get it twice."
        )
    if verdict is Verdict.SENT:
        return f"Count {n:,} people as sent to, without proof?"
    return f"Count {n:,} people as not sent to? A list of the remainder will name them."


def _outcome(n: int, name: str, state: str, dry_run: bool) -> str:
    if dry_run:
        return f"{n:,} people would be sent to again. {name} is {state}."
    if not n:
        return f"Nobody to send to again. {name} is {state}."
    way = " Resume it to send." if state == "paused" else " The workers of `pagecast up` send it."
    return f"{n:,} people are pending again. {name} is {state}.{way}"


def _count(counts: dict[str, int], what: str) -> None:
    for reason, n in counts.items():
        meaning = about(Reason(reason)).sentence if reason in set(Reason) else ""
        output.note(f"{n:>{_WIDTH},}  {what}: {reason}. {meaning}".rstrip())
