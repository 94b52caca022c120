"""Verbs that lead to a launch, a step at a time: submit, plan, preview, launch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns import campaign_file, cost
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.named import Word, drafted, found
from campaigns.cli.output import AsJson, DryRun
from campaigns.cli.plans import show_plan, show_samples
from campaigns.cost import Cost, RateCard, Sending
from campaigns.lifecycle import recognise
from campaigns.lifecycle import submit as drafting
from campaigns.lifecycle.launch import launch as start
from campaigns.lifecycle.plan import plan as make
from campaigns.lifecycle.preview import preview as rendered
from campaigns.lifecycle.pricing import price
from campaigns.lifecycle.submit import Draft
from campaigns.report.skipped import write_skipped
from campaigns.runtime import Runtime
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CONTACTS, CampaignFile
from schemas.message import Message
from schemas.plan import Plan
from schemas.sample import Sample

if TYPE_CHECKING:
    from campaigns.client import Client

File = Annotated[Path, typer.Argument(metavar="CAMPAIGN.toml")]
OrFile = Annotated[str, typer.Argument(metavar="ID|CAMPAIGN.toml", help="A campaign, or a campaign file.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="End with 3 where a single line of the list is rejected or a duplicate.")
]
Rates = Annotated[
    Path | None, typer.Option("--rates", metavar="FILE", help="A rate card (TOML, CSV): say what the messages cost.")
]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The plan of a campaign, and what its message is; `priced` by a rate card."""

    ref: str
    plan: Plan
    message: Message
    priced: Cost | None = None


@dataclass(frozen=True, slots=True)
class _Launched:
    """A campaign after its launch."""

    ref: str
    name: str
    state: CampaignState
    repeats: bool


@app.command()
def submit(file: File, strict: Strict = False, as_json: AsJson = False) -> None:
    """Read a campaign file and its list, and keep both as a draft."""
    with reach.server(writes=True) as server:
        ref, name, notes = _submitted(server, file, strict=strict) if server else _kept(file, strict=strict)
    if as_json:
        output.emit({"id": ref, "name": name, "state": CampaignState.DRAFT, "notes": notes})
        return
    output.notes(notes)
    output.say(drafted(ref, name))


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
    with reach.server() as server:
        drawn = _planned_there(server, word, skipped, card) if server else _planned_here(word, skipped, card)
    planned, priced = drawn.plan, drawn.priced
    if as_json:
        output.emit(planned.model_dump(mode="json") | ({"cost": priced.model_dump()} if priced else {}))
        return
    show_plan(planned, drawn.message)
    if priced:
        output.say(priced.sentence)
    output.say(f"Next: pagecast launch {drawn.ref} --plan {planned.token}")


@app.command()
def preview(
    word: OrFile,
    to: Annotated[str | None, typer.Option("--to", metavar="RECIPIENT", help="One person of the list.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the message as three people of the list would get it, or one of them."""
    with reach.server() as server:
        samples = _rendered_there(server, word, to) if server else _rendered_here(word, to)
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
    with reach.server(writes=True) as server:
        done, planned = (
            _launched_there(server, word, token, dry_run=dry_run)
            if server
            else _launched_here(word, token, dry_run=dry_run)
        )
    if planned:
        said = {"id": done.ref, "would_launch": planned.token == token, "eligible": planned.eligible}
    else:
        said = {"id": done.ref, "name": done.name, "state": done.state}
    output.tell(said, as_json, _next(done))


def _next(done: _Launched) -> str:
    if done.repeats:
        return f"{done.name} repeats, while `pagecast up` runs. Next: pagecast status {done.ref}"
    return f"{done.name} is {done.state}. Next: pagecast watch {done.ref}"


def _kept(path: Path, *, strict: bool) -> tuple[str, str, list[str]]:
    with output.opened(writes=True) as runtime:
        campaign, notes = _drafted(runtime, path, strict=strict)
    return campaign.ref, campaign.name, notes


def _submitted(server: "Client", path: Path, *, strict: bool) -> tuple[str, str, list[str]]:
    made = server.do(calls.campaigns.submit(uploaded(server, path, strict=strict)))
    return made.id, made.name, made.notes


def _planned_here(word: str, skipped: Path | None, card: RateCard | None) -> _Drawn:
    with output.opened() as runtime:
        campaign, notes = found_or_drafted(runtime, word)
        drawn = make(runtime, campaign, output.environment(), output.now(runtime), tuple(notes))
    priced = price(drawn, campaign, card) if card else None
    if skipped:
        write_skipped(drawn.division, skipped)
    return _Drawn(campaign.ref, drawn.plan, Message.model_validate_json(campaign.message), priced)


def _planned_there(server: "Client", word: str, skipped: Path | None, card: RateCard | None) -> _Drawn:
    ref, notes = found_there(server, word)
    planned = server.do(calls.campaigns.plan(ref))
    planned = planned.model_copy(update={"findings": [*notes, *planned.findings]})
    if skipped:
        server.download(calls.reports.skipped(ref), skipped)
    message = server.do(calls.campaigns.file(ref)).message.message
    return _Drawn(ref, planned, message, priced_there(server, ref, card) if card else None)


def priced_there(server: "Client", ref: str, card: RateCard) -> Cost:
    """Return what a campaign at a server will cost by a card of this machine; raises InputError for a missing price."""
    return cost.estimate(card, [Sending(**dict(each)) for each in server.do(calls.campaigns.sendings(ref))])


def _rendered_here(word: str, to: str | None) -> list[Sample]:
    with output.opened() as runtime:
        campaign, _ = found_or_drafted(runtime, word)
        return rendered(runtime, campaign, output.environment(), output.now(runtime), to=to)


def _rendered_there(server: "Client", word: str, to: str | None) -> list[Sample]:
    return server.do(calls.campaigns.preview(found_there(server, word)[0], to=to))


def _launched_here(word: str, token: str, *, dry_run: bool) -> tuple[_Launched, Plan | None]:
    with output.opened(writes=True) as runtime:
        campaign, planned = found(runtime, word), None
        if dry_run:
            planned = make(runtime, campaign, output.environment(), output.now(runtime)).plan
        else:
            actor, now = output.actor(), output.now(runtime)
            campaign = start(runtime, campaign, token, output.environment(), now=now, actor=actor)
    repeats = CampaignFile.model_validate_json(campaign.spec).schedule.repeat is not None
    return _Launched(campaign.ref, campaign.name, campaign.state, repeats), planned


def _launched_there(server: "Client", word: str, token: str, *, dry_run: bool) -> tuple[_Launched, Plan | None]:
    campaign, planned = reach.found(server, word), None
    if dry_run:
        planned = server.do(calls.campaigns.plan(campaign.id))
    else:
        campaign = server.do(calls.campaigns.launch(campaign.id, token))
    repeats = server.do(calls.campaigns.file(campaign.id)).schedule.repeat is not None
    return _Launched(campaign.id, campaign.name, campaign.state, repeats), planned


def checked(runtime: Runtime, path: Path, *, strict: bool = False, again: bool = True) -> Draft:
    """Return a campaign file and its list, checked; `strict` adds that key to the file, `again` is as for `check`."""
    file = campaign_file.load(path)
    if strict:
        file = file.model_copy(update={"strict": True})
    now = output.now(runtime)
    return drafting.check(runtime, file, path.resolve().parent, output.environment(), now, again=again)


def uploaded(server: "Client", path: Path, *, strict: bool = False) -> CampaignFile:
    """Return a campaign file as a server takes it, once its list is there; raises InputError."""
    file = campaign_file.load(path)
    if strict:
        file = file.model_copy(update={"strict": True})
    if file.list == CONTACTS:
        return file
    columns = file.columns
    kept = server.upload(path.resolve().parent / file.list, columns=columns.given, zone=columns.zone)
    return file.model_copy(update={"list": kept.id})


def found_there(server: "Client", word: str) -> tuple[str, list[str]]:
    """Return the id of the campaign that `word` means at a server; a campaign file means its draft, made if need be."""
    if not word.endswith(".toml"):
        return reach.found(server, word).id, []
    made = server.do(calls.campaigns.submit(uploaded(server, Path(word))))
    return made.id, made.notes


def found_or_drafted(runtime: Runtime, word: str) -> tuple[Campaign, list[str]]:
    """Return the campaign that `word` means; a campaign file means its draft, made where there is none."""
    if not word.endswith(".toml"):
        return found(runtime, word), []
    return _drafted(runtime, Path(word))


def _drafted(runtime: Runtime, path: Path, *, strict: bool = False) -> tuple[Campaign, list[str]]:
    """Return the draft of a campaign file with what there is to say about it; raises StateError once it is launched."""
    draft = checked(runtime, path, strict=strict)
    return recognise.stored(runtime, draft, output.actor()), list(draft.notes)
