"""Verbs that take something back: retry, resolve."""

from typing import Annotated

import typer

from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.campaigns import Word, found
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.lifecycle.resolve import Verdict
from campaigns.lifecycle.retry import Scope
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
    from campaigns.lifecycle import retry as verb  # noqa: PLC0415

    with output.opened(writes=not dry_run) as runtime:
        campaign = found(runtime, word)
        retrial = verb.examine(runtime, campaign, scope, output.environment())
        n, state = retrial.people.height, campaign.state
        _count(retrial.again, "again", "")
        _count(retrial.kept, f"stay {scope}", "")
        if n and not dry_run:
            output.confirm(f"Send to {n:,} people of {campaign.name} again?", yes=yes)
            done = verb.retry(runtime, campaign, retrial, output.actor())
            n, state = done.people, done.state
    document = {"id": campaign.ref, "state": state, "scope": scope, "retried": n, "again": retrial.again}
    _tell(document | {"kept": retrial.kept, "dry_run": dry_run}, as_json, _outcome(n, campaign.name, state, dry_run))


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
    from campaigns.lifecycle import resolve as verb  # noqa: PLC0415

    with output.opened(writes=not dry_run) as runtime:
        campaign = found(runtime, word)
        doubt = verb.examine(runtime, campaign, verdict, output.environment(), recipient)
        n, state = doubt.people.height, campaign.state
        _count(doubt.kept, "stay unknown", "")
        if dry_run:
            output.note(_question(verdict, n))
        elif n:
            output.confirm(_question(verdict, n), yes=yes)
            done = verb.resolve(runtime, campaign, doubt, output.actor())
            n, state = done.people, done.state
    document = {"id": campaign.ref, "state": state, "as": verdict, "resolved": n, "kept": doubt.kept}
    line = f"{n:,} people {'would be' if dry_run else 'are'} resolved as {verdict}. {campaign.name} is {state}."
    _tell(document | {"dry_run": dry_run}, as_json, line)


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


def _count(counts: dict[str, int], what: str, empty: str) -> None:
    for reason, n in counts.items():
        known = reason in set(Reason)
        output.note(f"{n:>{_WIDTH},}  {what}: {reason}. {about(Reason(reason)).sentence if known else empty}".rstrip())


def _tell(document: dict[str, object], as_json: bool, line: str) -> None:
    if as_json:
        output.emit(document)
    else:
        output.say(line)
