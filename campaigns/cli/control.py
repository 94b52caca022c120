"""Verbs that stop a campaign, or let it go on: pause, resume, cancel."""

from typing import Annotated

import typer

from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.cli.standings import standing
from campaigns.errors import UsageError
from campaigns.lifecycle import control, series
from campaigns.lifecycle.control import Change
from campaigns.runtime import Runtime
from schemas.campaign import Campaign


@app.command()
def pause(
    word: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every campaign, at once.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Stop sending within a second; what is on the wire ends and is settled."""
    if (word is None) != every:
        raise UsageError("Name one campaign, or give --all for every one.")
    with output.opened(writes=True) as runtime:
        if word is None:
            n = 0 if dry_run else control.pause_all(runtime, output.actor())
            output.tell({"paused": n}, as_json, f"Paused {n} {'campaign' if n == 1 else 'campaigns'}.")
            return
        campaign = found(runtime, word)
        if dry_run:
            output.tell({"id": campaign.ref, "state": campaign.state}, as_json, f"Would pause {campaign.name}.")
            return
        change = control.pause(runtime, campaign, output.actor())
    said = {"id": campaign.ref, "state": change.state, "in_flight": change.in_flight}
    line = f"{campaign.name} is paused; {change.in_flight} calls are in flight and will be settled."
    output.tell(said | _also(change), as_json, line + _with_it(change, "paused"))


@app.command()
def resume(word: Word, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Go on with a paused campaign."""
    with output.opened(writes=True) as runtime:
        campaign = found(runtime, word)
        change = Change(campaign.state, 0) if dry_run else control.resume(runtime, campaign, output.actor())
    said = {"id": campaign.ref, "state": change.state}
    output.tell(said | _also(change), as_json, f"{campaign.name} is {change.state}." + _with_it(change, "resumed"))


@app.command()
def cancel(word: Word, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """End a campaign: nobody else gets it; who got it stays in the ledger."""
    with output.opened(writes=True) as runtime:
        campaign = found(runtime, word)
        counts = standing(runtime, campaign).counts
        got, pending = sum(counts[state] for state in ("accepted", "delivered", "read")), counts["pending"]
        question = f"Cancel {campaign.name}? {got:,} got it; {pending:,} will not."
        if (repeats := _repeating(runtime, campaign)) is not None:
            question = f"Cancel {campaign.name}? No more of it goes out{repeats}."
        if dry_run:
            output.tell({"id": campaign.ref, "accepted": got, "would_cancel": pending}, as_json, question)
            return
        output.confirm(question, yes=yes)
        change = control.cancel(runtime, campaign, output.actor())
    said = {"id": campaign.ref, "state": change.state, "accepted": got, "in_flight": change.in_flight}
    line = f"{campaign.name} is cancelled: {change.withdrawn:,} withdrawn, {change.in_flight} calls still in flight."
    output.tell(said | {"cancelled": change.withdrawn} | _also(change), as_json, line + _with_it(change, "cancelled"))


def _also(change: Change) -> dict[str, object]:
    return {"also": list(change.also)} if change.also else {}


def _with_it(change: Change, done: str) -> str:
    return f" With it {done}: {', '.join(change.also)}." if change.also else ""


def _repeating(runtime: Runtime, campaign: Campaign) -> str | None:
    """Return what of a series ends with it, in words; None where the campaign does not repeat."""
    with runtime.reading() as conn:
        if not series.is_one(conn, campaign):
            return None
        under_way = [each.name for each in series.unfinished(conn, campaign)]
    return f", and this ends too: {', '.join(under_way)}" if under_way else ""
