"""Verbs on one campaign, a step at a time: submit, plan, preview, launch, pause, resume, cancel, explain, report."""

from pathlib import Path
from typing import Annotated

import typer

from campaigns import cost
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.errors import StateError, UsageError
from campaigns.lifecycle import find
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign
from schemas.status import Status

Word = Annotated[str, typer.Argument(metavar="ID", help="An id, unique prefix, unique name, or `last`.")]
Rates = Annotated[
    Path | None, typer.Option("--rates", metavar="FILE", help="A rate card (TOML, CSV): say what the messages cost.")
]
OrFile = Annotated[str, typer.Argument(metavar="ID|CAMPAIGN.toml", help="A campaign, or a campaign file.")]


@app.command()
def submit(file: Annotated[Path, typer.Argument(metavar="CAMPAIGN.toml")], as_json: AsJson = False) -> None:
    """Read a campaign file and its list, and keep both as a draft."""
    with output.opened(writes=True) as runtime:
        campaign, notes = draft_of(runtime, file)
    if as_json:
        output.emit({"id": campaign.ref, "name": campaign.name, "state": campaign.state, "notes": notes})
        return
    for line in notes:
        output.note(f"- {line}")
    output.say(f"{campaign.ref}  {campaign.name}  draft. Next: pagecast plan {campaign.ref}")


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
    from campaigns.cli.plans import show_plan, write_skipped  # noqa: PLC0415
    from campaigns.lifecycle.plan import plan as make  # noqa: PLC0415
    from campaigns.lifecycle.pricing import price  # noqa: PLC0415

    card = cost.load(rates) if rates else None
    with output.opened() as runtime:
        campaign, notes = named_or_drafted(runtime, word)
        drawn = make(runtime, campaign, output.environment(), _now(runtime), tuple(notes))
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
    from campaigns.cli.plans import show_samples  # noqa: PLC0415
    from campaigns.lifecycle.preview import preview as make  # noqa: PLC0415

    with output.opened() as runtime:
        campaign, _ = named_or_drafted(runtime, word)
        samples = make(runtime, campaign, output.environment(), _now(runtime), to=to)
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
    from campaigns.lifecycle.launch import launch as start  # noqa: PLC0415
    from campaigns.lifecycle.plan import plan as make  # noqa: PLC0415

    with output.opened(writes=True) as runtime:
        campaign = found(runtime, word)
        if dry_run:
            planned = make(runtime, campaign, output.environment(), _now(runtime)).plan
            said = {"id": campaign.ref, "would_launch": planned.token == token, "eligible": planned.eligible}
        else:
            actor, now = output.actor(), _now(runtime)
            campaign = start(runtime, campaign, token, output.environment(), now=now, actor=actor)
            said = {"id": campaign.ref, "name": campaign.name, "state": campaign.state}
    _tell(said, as_json, f"{campaign.name} is {campaign.state}. Next: pagecast watch {campaign.ref}")


@app.command()
def pause(
    word: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every campaign, at once.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Stop sending within a second; what is on the wire ends and is settled."""
    from campaigns.lifecycle import control  # noqa: PLC0415

    if (word is None) != every:
        raise UsageError("Name one campaign, or give --all for every one.")
    with output.opened(writes=True) as runtime:
        if word is None:
            n = 0 if dry_run else control.pause_all(runtime, output.actor())
            _tell({"paused": n}, as_json, f"Paused {n} {'campaign' if n == 1 else 'campaigns'}.")
            return
        campaign = found(runtime, word)
        if dry_run:
            _tell({"id": campaign.ref, "state": campaign.state}, as_json, f"Would pause {campaign.name}.")
            return
        change = control.pause(runtime, campaign, output.actor())
    said = {"id": campaign.ref, "state": change.state, "in_flight": change.in_flight}
    _tell(said, as_json, f"{campaign.name} is paused; {change.in_flight} calls are in flight and will be settled.")


@app.command()
def resume(word: Word, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Go on with a paused campaign."""
    from campaigns.lifecycle import control  # noqa: PLC0415

    with output.opened(writes=True) as runtime:
        campaign = found(runtime, word)
        state = campaign.state if dry_run else control.resume(runtime, campaign, output.actor()).state
    _tell({"id": campaign.ref, "state": state}, as_json, f"{campaign.name} is {state}.")


@app.command()
def cancel(word: Word, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """End a campaign: nobody else gets it; who got it stays in the ledger."""
    from campaigns.lifecycle import control  # noqa: PLC0415

    with output.opened(writes=True) as runtime:
        campaign = found(runtime, word)
        status = _status(runtime, campaign)
        got = sum(status.counts[state] for state in ("accepted", "delivered", "read"))
        question = f"Cancel {campaign.name}? {got:,} got it; {status.counts['pending']:,} will not."
        if dry_run:
            _tell({"id": campaign.ref, "accepted": got, "would_cancel": status.counts["pending"]}, as_json, question)
            return
        output.confirm(question, yes=yes)
        change = control.cancel(runtime, campaign, output.actor())
    said = {"id": campaign.ref, "state": change.state, "accepted": got, "in_flight": change.in_flight}
    line = f"{campaign.name} is cancelled: {change.withdrawn:,} withdrawn, {change.in_flight} calls still in flight."
    _tell(said | {"cancelled": change.withdrawn}, as_json, line)


@app.command()
def explain(
    word: Word, recipient: Annotated[str, typer.Argument(metavar="RECIPIENT")], as_json: AsJson = False
) -> None:
    """Say everything known about one person in a campaign, and why."""
    from campaigns import report as reports  # noqa: PLC0415
    from campaigns.cli.plans import show_explanation  # noqa: PLC0415

    with output.opened() as runtime:
        campaign = found(runtime, word)
        with runtime.reading() as conn:
            explanation = reports.explain(conn, runtime.storage, campaign.id or 0, recipient)
    if as_json:
        output.emit(explanation.model_dump(mode="json"))
        return
    show_explanation(explanation)


@app.command()
def report(
    word: Word,
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write into.")],
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Write results.xlsx too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write results.csv, results.parquet, summary.json and report.html; at any time."""
    from campaigns import report as reports  # noqa: PLC0415
    from campaigns.lifecycle.launch import launched_plan  # noqa: PLC0415

    with output.opened() as runtime:
        campaign = found(runtime, word)
        planned = launched_plan(runtime, campaign)
        with runtime.reading() as conn:
            facts = (runtime.storage, campaign.id or 0, folder, now_of(conn))
            written = reports.write(conn, *facts, plan=planned, xlsx=xlsx)
    _tell({"id": campaign.ref, "report": str(folder), "rows": written.rows}, as_json, f"{folder}/report.html")


@app.command()
def status(
    word: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how a campaign stands; without an id, list the latest ones."""
    from campaigns.cli.plans import show_status  # noqa: PLC0415

    with output.opened() as runtime:
        if word is None:
            _list(runtime, as_json)
            return
        now = _status(runtime, found(runtime, word))
    if as_json:
        output.emit(now.model_dump(mode="json"))
    else:
        show_status(now)


def found(runtime: Runtime, word: str) -> Campaign:
    """Return the campaign that `word` means."""
    with runtime.reading() as conn:
        return find.campaign(conn, word)


def named_or_drafted(runtime: Runtime, word: str) -> tuple[Campaign, list[str]]:
    """Return the campaign that `word` means; a campaign file means its draft, made where there is none."""
    if not word.endswith(".toml"):
        return found(runtime, word), []
    return draft_of(runtime, Path(word))


def draft_of(runtime: Runtime, path: Path) -> tuple[Campaign, list[str]]:
    """Return the draft of a campaign file with what there is to say about it; raises StateError once it is launched."""
    from campaigns import campaign_file  # noqa: PLC0415
    from campaigns.lifecycle import recognise, submit  # noqa: PLC0415
    from schemas.campaign import CampaignState  # noqa: PLC0415

    file = campaign_file.load(path)
    draft = submit.check(runtime, file, path.resolve().parent, output.environment(), _now(runtime))
    known = recognise.recognise(runtime, draft)
    if known.campaign and known.meeting is recognise.Meeting.UNFINISHED:
        if known.campaign.state is not CampaignState.DRAFT:
            ref, state = known.campaign.ref, known.campaign.state
            raise StateError(f"{file.name} is {state} already. See it with `pagecast status {ref}`.")
        recognise.refresh(runtime, known.campaign, draft)
        return found(runtime, known.campaign.ref), list(draft.notes)
    return submit.store(runtime, draft, output.actor()), list(draft.notes)


def _list(runtime: Runtime, as_json: bool) -> None:
    with runtime.reading() as conn:
        rows = [
            {"id": each.ref, "name": each.name, "state": str(each.state), "rows": each.total}
            for each in find.latest(conn)
        ]
    if as_json:
        output.emit(rows)
    elif rows:
        output.show(rows, {"id": "id", "name": "name", "state": "state", "rows": "rows"})
    else:
        output.say("No campaigns yet. Start with `pagecast demo`, or `pagecast run CAMPAIGN.toml`.")


def _status(runtime: Runtime, campaign: Campaign) -> Status:
    from campaigns import report as reports  # noqa: PLC0415

    with runtime.reading() as conn:
        return reports.status(conn, campaign.id or 0, now_of(conn))


def _now(runtime: Runtime) -> int:
    with runtime.reading() as conn:
        return now_of(conn)


def _tell(document: dict[str, object], as_json: bool, line: str) -> None:
    if as_json:
        output.emit(document)
    else:
        output.say(line)
