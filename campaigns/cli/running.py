"""The whole job in one go: run, watch."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from campaigns import campaign_file, cost, report
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.drafts import File, Rates, Strict, checked
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.cli.plans import show_plan, show_samples
from campaigns.cli.progress import over
from campaigns.cli.progress import watch as look_on
from campaigns.cli.standings import show_reasons, standing
from campaigns.cli.up import Up
from campaigns.errors import PagecastError, UsageError
from campaigns.lifecycle import control, find, recognise, submit
from campaigns.lifecycle.launch import launch, launched_plan
from campaigns.lifecycle.meeting import Meeting
from campaigns.lifecycle.plan import Planned, plan
from campaigns.lifecycle.preview import preview
from campaigns.lifecycle.pricing import price
from campaigns.lifecycle.submit import Draft
from campaigns.moments import dated
from campaigns.runtime import Runtime, check_pace, now_of
from campaigns.settings import Settings
from schemas.campaign import Campaign, CampaignState
from schemas.lane import LaneState
from schemas.status import Status

INTERRUPTED = 130

ReportDir = Annotated[Path | None, typer.Option("--report-dir", metavar="DIR", help="Where the report goes.")]


@app.command()
def run(
    context: typer.Context,
    file: File,
    report_dir: ReportDir = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    again: Annotated[bool, typer.Option("--again", help="Send a finished campaign once more.")] = False,
    rates: Rates = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Import, plan, confirm, launch, watch and report; run again to go on where it stopped."""
    check_pace(Settings())
    _refuse_series(file)
    card = cost.load(rates) if rates else None
    with (
        output.opened(writes=True) as runtime,
        contextlib.closing(Job(runtime, file, report_dir, as_json=as_json, up=context.obj, rates=card)) as job,
    ):
        code = job.run(yes=yes, dry_run=dry_run, again=again, strict=strict)
    raise typer.Exit(code)


@app.command()
def watch(word: Word, as_json: AsJson = False) -> None:
    """Watch a campaign until it ends; the sending goes on without you."""
    with output.opened() as runtime:
        campaign = found(runtime, word)
        status = look_on(lambda: standing(runtime, campaign, staffed=runtime.staffed), over)
    if as_json:
        output.emit(status.model_dump(mode="json"))
    else:
        _show_end(status)
    raise typer.Exit(report.exit_code(status))


class Job:
    """One `run` of one campaign file."""

    def __init__(
        self,
        runtime: Runtime,
        file: Path,
        report_dir: Path | None,
        *,
        as_json: bool,
        up: Up | None = None,
        rates: cost.RateCard | None = None,
    ) -> None:
        self._runtime = runtime
        self._file = file
        self._report_dir = report_dir
        self._as_json = as_json
        self._rates = rates
        self._line = output.note if as_json else output.say
        self.status: Status | None = None
        self._up = up

    def close(self) -> None:
        """End what was started."""
        if self._up:
            self._up.close()

    def run(self, *, yes: bool, dry_run: bool, again: bool, strict: bool = False) -> int:
        """Do what the file needs; return the exit code."""
        draft = checked(self._runtime, self._file, strict=strict, again=again)
        known = recognise.recognise(self._runtime, draft)
        if known.meeting is Meeting.FINISHED and not again and known.campaign:
            return self._repeat_report(known.campaign, dry_run=dry_run)
        if known.meeting is Meeting.UNFINISHED and known.campaign:
            if not dry_run:
                recognise.refresh(self._runtime, known.campaign, draft)
            campaign = self._fresh(known.campaign)
        else:
            if known.overlap:
                output.note(
                    f"{known.overlap:,} of these people were reached by {known.campaign and known.campaign.name}."
                )
            if dry_run:
                return self._rehearse(draft)
            campaign = submit.store(self._runtime, draft, output.actor())
        if campaign.state is CampaignState.DRAFT:
            campaign = self._launch(campaign, draft, yes=yes, dry_run=dry_run)
        elif not dry_run:
            campaign = self._go_on(campaign)
        return 0 if dry_run else self._send(campaign)

    def _rehearse(self, draft: Draft) -> int:
        """Show the plan of a draft that is gone afterwards: a dry run stores no campaign."""
        with submit.rehearsal(self._runtime, draft, output.actor()) as campaign:
            self._show_plan(campaign, draft)
        self._line("Dry run: nothing was stored or sent.")
        return 0

    def _launch(self, campaign: Campaign, draft: Draft, *, yes: bool, dry_run: bool) -> Campaign:
        """Confirm and launch; a draft that is not launched after all is not kept."""
        try:
            drawn = self._show_plan(campaign, draft)
            if dry_run:
                return campaign
            if drawn.plan.eligible or drawn.waiting:
                output.confirm(_question(drawn), yes=yes)
            actor, now = output.actor(), output.now(self._runtime)
            return launch(self._runtime, campaign, drawn.plan.token, output.environment(), now=now, actor=actor)
        except (PagecastError, KeyboardInterrupt):
            submit.discard(self._runtime, campaign, draft)
            raise

    def _show_plan(self, campaign: Campaign, draft: Draft) -> Planned:
        drawn = plan(self._runtime, campaign, output.environment(), output.now(self._runtime), draft.notes)
        show_plan(drawn.plan, campaign, output.note)
        if self._rates:
            output.note(price(drawn, campaign, self._rates).sentence)
        output.note("As they get it:")
        show_samples(preview(self._runtime, campaign, output.environment(), output.now(self._runtime)), output.note)
        return drawn

    def _go_on(self, campaign: Campaign) -> Campaign:
        output.note(f"Going on with {campaign.name} ({campaign.ref}), which is {campaign.state}.")
        if campaign.state is CampaignState.PAUSED:
            control.resume(self._runtime, campaign, output.actor())
        return self._fresh(campaign)

    def _send(self, campaign: Campaign) -> int:
        if campaign.state is CampaignState.SCHEDULED:
            output.note("It waits for its start. To leave it: Ctrl-C, then `pagecast up` keeps it.")
        if campaign.keep_open_until and campaign.keep_open_until > output.now(self._runtime):
            until = dated(campaign.keep_open_until)
            output.note(
                f"It stays open until {until}. To leave it: Ctrl-C, then `pagecast up`, which hears who writes."
            )
        up = self._up = self._up or Up(self._runtime.settings.home)
        up.go()
        try:
            self.status = look_on(lambda: standing(self._runtime, campaign), lambda status: _ended(status, up))
        except KeyboardInterrupt:
            return self._interrupted(up)
        finally:
            up.close()
        return self._finish(campaign)

    def _interrupted(self, up: Up) -> int:
        output.note("Stopping: nothing new is sent, and what is in flight is being settled.")
        try:
            up.close()
        except KeyboardInterrupt:
            output.note("Not waited for: the workers settle it by themselves.")
        output.note(f"Interrupted. `pagecast run {self._file}` goes on where it stopped.")
        return INTERRUPTED

    def _repeat_report(self, campaign: Campaign, *, dry_run: bool) -> int:
        said = f"{campaign.name} ({campaign.ref}) is {campaign.state} already, so nothing is sent."
        output.note(f"{said} To send it once more, add --again.")
        self.status = standing(self._runtime, campaign)
        return 0 if dry_run else self._finish(campaign)

    def _finish(self, campaign: Campaign) -> int:
        self.status = standing(self._runtime, campaign)
        planned = launched_plan(self._runtime, campaign)
        folder = self._report_dir or self._runtime.settings.home / "reports" / campaign.ref
        with self._runtime.reading() as conn:
            report.write(conn, self._runtime.storage, campaign.id or 0, folder, now_of(conn), plan=planned)
        if self._as_json:
            output.emit(self.status.model_dump(mode="json") | {"report": str(folder)})
        else:
            _show_end(self.status)
            output.say(f"Report: {folder}/report.html")
        return report.exit_code(self.status)

    def _fresh(self, campaign: Campaign) -> Campaign:
        with self._runtime.reading() as conn:
            return find.by_id(conn, campaign.id or 0)


def _refuse_series(file: Path) -> None:
    """Raise UsageError for what never ends: `run` stays until its campaign does."""
    if campaign_file.load(file).schedule.repeat:
        raise UsageError(
            f"{file} repeats, and `run` stays with one campaign until its end. `pagecast submit {file}`, then "
            "`pagecast plan` and `pagecast launch` it; `pagecast up` sends it each time."
        )


def _question(drawn: Planned) -> str:
    more = f" And to {drawn.waiting:,} more when they write?" if drawn.waiting else ""
    return f"Send to {drawn.plan.eligible:,} people?{more}"


def _ended(status: Status, up: Up) -> bool:
    """Whether nothing is left that time alone resolves."""
    if over(status):
        return True
    up.check()
    if status.in_flight:
        return False
    if status.state is CampaignState.PAUSED:
        return True
    left = [page for page in status.pages if page.counts["pending"]]
    return status.state is CampaignState.SENDING and bool(left) and all(p.state is LaneState.PARKED for p in left)


def _show_end(status: Status) -> None:
    """Print the equation of all rows, and each reason with its meaning."""
    output.say(status.sentence)
    output.say(report.equation(status))
    show_reasons(status.reasons, output.say)
