"""Verbs that lead to a launch, a step at a time: submit, plan, preview, launch."""

from pathlib import Path
from typing import Annotated

import typer

from campaigns import campaign_file, cost
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.named import Word, drafted, found
from campaigns.cli.output import AsJson, DryRun
from campaigns.cli.plans import show_plan, show_samples, write_skipped
from campaigns.lifecycle import recognise
from campaigns.lifecycle import submit as drafting
from campaigns.lifecycle.launch import launch as start
from campaigns.lifecycle.plan import plan as make
from campaigns.lifecycle.preview import preview as rendered
from campaigns.lifecycle.pricing import price
from campaigns.lifecycle.submit import Draft
from campaigns.runtime import Runtime
from schemas.campaign import Campaign
from schemas.campaign_file import CampaignFile

File = Annotated[Path, typer.Argument(metavar="CAMPAIGN.toml")]
OrFile = Annotated[str, typer.Argument(metavar="ID|CAMPAIGN.toml", help="A campaign, or a campaign file.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="End with 3 where a single line of the list is rejected or a duplicate.")
]
Rates = Annotated[
    Path | None, typer.Option("--rates", metavar="FILE", help="A rate card (TOML, CSV): say what the messages cost.")
]


@app.command()
def submit(file: File, strict: Strict = False, as_json: AsJson = False) -> None:
    """Read a campaign file and its list, and keep both as a draft."""
    with output.opened(writes=True) as runtime:
        campaign, notes = _drafted(runtime, file, strict=strict)
    if as_json:
        output.emit({"id": campaign.ref, "name": campaign.name, "state": campaign.state, "notes": notes})
        return
    output.notes(notes)
    output.say(drafted(campaign))


@app.command()
def plan(
    word: OrFile,
    skipped: Annotated[
        Path | None, typer.Option("--skipped", metavar="FILE", help="Write who will not get it, and why, as CSV.")
    ] = None,
    rates: Rates = None,
    as_json: AsJson = False,
) -> None:
    """Show what a launch would do: counts by reason, the forecast, and the token that a launch needs."""
    card = cost.load(rates) if rates else None
    with output.opened() as runtime:
        campaign, notes = found_or_drafted(runtime, word)
        drawn = make(runtime, campaign, output.environment(), output.now(runtime), tuple(notes))
    planned = drawn.plan
    priced = price(drawn, campaign, card) if card else None
    if skipped:
        write_skipped(drawn.division, skipped)
    if as_json:
        output.emit(planned.model_dump(mode="json") | ({"cost": priced.model_dump()} if priced else {}))
        return
    show_plan(planned, campaign)
    if priced:
        output.say(priced.sentence)
    output.say(f"Next: pagecast launch {campaign.ref} --plan {planned.token}")


@app.command()
def preview(
    word: OrFile,
    to: Annotated[str | None, typer.Option("--to", metavar="RECIPIENT", help="One person of the list.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the message as three people of the list would get it, or one of them."""
    with output.opened() as runtime:
        campaign, _ = found_or_drafted(runtime, word)
        samples = rendered(runtime, campaign, output.environment(), output.now(runtime), to=to)
    if as_json:
        output.emit([sample.model_dump() for sample in samples])
    else:
        show_samples(samples, output.say)


@app.command()
def launch(
    word: Word,
    token: Annotated[str, typer.Option("--plan", metavar="TOKEN", help="The token of the plan you confirm.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Launch a draft as its plan says. Workers (`pagecast up`) do the sending."""
    with output.opened(writes=True) as runtime:
        campaign = found(runtime, word)
        if dry_run:
            planned = make(runtime, campaign, output.environment(), output.now(runtime)).plan
            said = {"id": campaign.ref, "would_launch": planned.token == token, "eligible": planned.eligible}
        else:
            actor, now = output.actor(), output.now(runtime)
            campaign = start(runtime, campaign, token, output.environment(), now=now, actor=actor)
            said = {"id": campaign.ref, "name": campaign.name, "state": campaign.state}
    output.tell(said, as_json, _launched(campaign))


def _launched(campaign: Campaign) -> str:
    if CampaignFile.model_validate_json(campaign.spec).schedule.repeat:
        return f"{campaign.name} repeats, while `pagecast up` runs. Next: pagecast status {campaign.ref}"
    return f"{campaign.name} is {campaign.state}. Next: pagecast watch {campaign.ref}"


def checked(runtime: Runtime, path: Path, *, strict: bool = False, again: bool = True) -> Draft:
    """Return a campaign file and its list, checked; `strict` adds that key to the file, `again` is as for `check`."""
    file = campaign_file.load(path)
    if strict:
        file = file.model_copy(update={"strict": True})
    now = output.now(runtime)
    return drafting.check(runtime, file, path.resolve().parent, output.environment(), now, again=again)


def found_or_drafted(runtime: Runtime, word: str) -> tuple[Campaign, list[str]]:
    """Return the campaign that `word` means; a campaign file means its draft, made where there is none."""
    if not word.endswith(".toml"):
        return found(runtime, word), []
    return _drafted(runtime, Path(word))


def _drafted(runtime: Runtime, path: Path, *, strict: bool = False) -> tuple[Campaign, list[str]]:
    """Return the draft of a campaign file with what there is to say about it; raises StateError once it is launched."""
    draft = checked(runtime, path, strict=strict)
    return recognise.stored(runtime, draft, output.actor()), list(draft.notes)
