"""Campaigns before they are sent: submitted, planned, previewed, and launched."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from campaigns import uploads
from campaigns.errands.bench import Bench, Made, made
from campaigns.errors import InputError
from campaigns.lifecycle import recognise
from campaigns.lifecycle.launch import launch as start
from campaigns.lifecycle.meeting import Meeting
from campaigns.lifecycle.plan import plan as make
from campaigns.lifecycle.preview import preview as show
from campaigns.lifecycle.pricing import sendings as counted
from campaigns.lifecycle.submit import Draft, check
from campaigns.moments import iso, iso_or_none
from campaigns.report.skipped import write_skipped
from schemas.api.campaigns import Summary
from schemas.api.verbs import Drafted, Load, Met
from schemas.campaign import Campaign
from schemas.campaign_file import CONTACTS, CampaignFile


def meet(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Say what a campaign file finds that was run before, as `Met`; with `go_on` an unfinished run takes its limits."""
    draft = _checked(bench, arguments, again=arguments["again"])
    known = recognise.recognise(bench.runtime, draft)
    found = known.campaign
    if found and known.meeting is Meeting.UNFINISHED and arguments["go_on"]:
        recognise.refresh(bench.runtime, found, draft)
        found = bench.campaign(found.ref)
    shown = summary(found) if found else None
    return made(Met(meeting=known.meeting, campaign=shown, overlap=known.overlap, notes=list(draft.notes)))


def submit(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Keep a campaign as a draft, and return it as `Drafted`; the same one again is the same draft."""
    draft = _checked(bench, arguments, again=True)
    kept = recognise.stored(bench.runtime, draft, bench.actor)
    return made(Drafted(**summary(kept).model_dump(), notes=list(draft.notes)))


def plan(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Say what a launch would do, as a `Plan`."""
    found = bench.campaign(arguments["campaign"])
    return made(make(bench.runtime, found, bench.environment, bench.now()).plan)


def launch(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Launch a draft as its plan says, and return its `Summary`; with one token it is launched once."""
    found, token = bench.campaign(arguments["campaign"]), arguments["token"]
    launched = start(bench.runtime, found, token, bench.environment, now=bench.now(), actor=bench.actor)
    return made(summary(launched))


def preview(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Show the message as people of the list would get it, each as a `Sample`."""
    found = bench.campaign(arguments["campaign"])
    return made(show(bench.runtime, found, bench.environment, bench.now(), to=arguments["to"]))


def sendings(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Say how many messages each provider would carry, each as a `Load`."""
    found = bench.campaign(arguments["campaign"])
    drawn = make(bench.runtime, found, bench.environment, bench.now())
    return made([Load(**asdict(each)) for each in counted(drawn, found)])


def skipped(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Write who would not get the message, and why."""
    found = bench.campaign(arguments["campaign"])
    drawn = make(bench.runtime, found, bench.environment, bench.now())
    write_skipped(drawn.division, bench.folder / "skipped.csv")
    return Made(file="skipped.csv")


def _checked(bench: Bench, arguments: Mapping[str, Any], *, again: bool) -> Draft:
    """Return a campaign file and its uploaded list, checked; `again` is as for `check`."""
    file = CampaignFile.model_validate(arguments["file"])
    storage = bench.runtime.storage
    if file.list != CONTACTS:
        if file.schedule.repeat:
            raise InputError("A campaign that repeats needs list = @contacts here: an uploaded list stays for a week.")
        file = file.model_copy(update={"list": str(uploads.find(storage, file.list).path)})
    return check(bench.runtime, file, uploads.folder(storage), bench.environment, bench.now(), again=again)


def summary(found: Campaign, next_at: int | None = None) -> Summary:
    """Return a campaign as the API's list has it; `next_at` (epoch ms) is when one that repeats goes out next."""
    return Summary(
        id=found.ref,
        name=found.name,
        state=found.state,
        rows=found.total,
        created_at=iso(found.created_at),
        start_at=iso_or_none(found.start_at),
        launched_at=iso_or_none(found.launched_at),
        finished_at=iso_or_none(found.finished_at),
        next_at=iso_or_none(next_at),
    )
