"""The whole job in one go: run, watch."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns import campaign_file, cost, report
from campaigns.cli import output, reach
from campaigns.cli.app import app
from campaigns.cli.drafts import File, Rates, Strict
from campaigns.cli.ground import Drawn, Ground
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.cli.plans import show_plan, show_samples
from campaigns.cli.progress import looks, over
from campaigns.cli.progress import watch as look_on
from campaigns.cli.run_here import Here
from campaigns.cli.standings import plain, show_reasons, standing
from campaigns.cli.up import Up
from campaigns.errors import PagecastError, UsageError
from campaigns.moments import people
from campaigns.runtime import check_pace
from campaigns.settings import Settings
from schemas.campaign_state import CampaignState
from schemas.meeting import Meeting
from schemas.status import Status

if TYPE_CHECKING:
    from campaigns.client import Client

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
    _refuse_series(file)
    card = cost.load(rates) if rates else None
    with _ground(file, card, context.obj) as ground:
        job = Job(ground, report_dir, as_json=as_json)
        code = job.run(yes=yes, dry_run=dry_run, again=again, strict=strict)
    raise typer.Exit(code)


@contextlib.contextmanager
def _ground(file: Path, card: cost.RateCard | None, up: Up | None) -> Iterator[Ground]:
    with reach.server(writes=True) as server:
        if server:
            from campaigns.cli.run_there import There  # noqa: PLC0415 - it brings the client

            yield There(server, file, card)
            return
        check_pace(Settings())
        with output.opened(writes=True) as runtime, contextlib.closing(Here(runtime, file, card, up)) as here:
            yield here


@app.command()
def watch(word: Word, as_json: AsJson = False) -> None:
    """Watch a campaign until it ends; the sending goes on without you."""
    with reach.server() as server:
        status, code = _watched_there(server, word) if server else _watched_here(word)
    if as_json:
        output.emit(status.model_dump(mode="json"))
    else:
        _show_end(status)
    raise typer.Exit(code)


def _watched_here(word: str) -> tuple[Status, int]:
    with output.opened() as runtime:
        campaign = found(runtime, word)
        status = look_on(looks(lambda: standing(runtime, campaign, staffed=runtime.staffed)), over)
    return status, report.exit_code(status)


def _watched_there(server: "Client", word: str) -> tuple[Status, int]:
    status = look_on(server.watch(reach.found(server, word).id), over)
    return plain(status), status.exit_code


class Job:
    """One `run` of one campaign file; `status` is how it stood last."""

    def __init__(self, ground: Ground, report_dir: Path | None, *, as_json: bool) -> None:
        self._ground = ground
        self._report_dir = report_dir
        self._as_json = as_json
        self._line = output.note if as_json else output.say
        self.status: Status | None = None

    def run(self, *, yes: bool, dry_run: bool, again: bool, strict: bool = False) -> int:
        """Do what the file needs; return the exit code."""
        ground = self._ground
        known = ground.meet(strict=strict, again=again, go_on=not dry_run)
        if known.meeting is Meeting.FINISHED and not again:
            return self._repeat_report(dry_run=dry_run)
        if known.meeting is not Meeting.UNFINISHED:
            if known.overlap:
                output.note(f"{known.overlap:,} of these people were reached by {ground.name}.")
            ground.submit()
            if dry_run:
                return self._rehearse()
        if ground.state is CampaignState.DRAFT:
            self._launch(yes=yes, dry_run=dry_run)
        elif not dry_run:
            self._go_on()
        return 0 if dry_run else self._send()

    def _rehearse(self) -> int:
        """Show the plan of a draft that is gone afterwards: a dry run stores no campaign."""
        try:
            self._show_plan()
        finally:
            self._ground.discard()
        self._line("Dry run: nothing was stored or sent.")
        return 0

    def _launch(self, *, yes: bool, dry_run: bool) -> None:
        """Confirm and launch; a draft that is not launched after all is not kept."""
        try:
            drawn = self._show_plan()
            if dry_run:
                return
            if drawn.plan.eligible or drawn.waiting:
                output.confirm(_question(drawn), yes=yes)
            self._ground.launch(drawn.plan.token)
        except (PagecastError, KeyboardInterrupt):
            self._ground.discard()
            raise

    def _show_plan(self) -> Drawn:
        drawn = self._ground.plan()
        show_plan(drawn.plan, drawn.message, output.note)
        if drawn.price:
            output.note(drawn.price)
        output.note("As they get it:")
        show_samples(self._ground.samples(), output.note)
        return drawn

    def _go_on(self) -> None:
        ground = self._ground
        output.note(f"Going on with {ground.name} ({ground.ref}), which is {ground.state}.")
        if ground.state is CampaignState.PAUSED:
            ground.resume()

    def _send(self) -> int:
        ground = self._ground
        for line in ground.outlook():
            output.note(line)
        try:
            self.status = look_on(ground.statuses(), ground.is_over)
        except KeyboardInterrupt:
            ground.leave()
            return INTERRUPTED
        return self._finish()

    def _repeat_report(self, *, dry_run: bool) -> int:
        ground = self._ground
        said = f"{ground.name} ({ground.ref}) is {ground.state} already, so nothing is sent."
        output.note(f"{said} To send it once more, add --again.")
        return 0 if dry_run else self._finish()

    def _finish(self) -> int:
        ended = self._ground.report(self._report_dir)
        self.status = ended.status
        if self._as_json:
            output.emit(ended.status.model_dump(mode="json") | {"report": str(ended.folder)})
        else:
            _show_end(ended.status)
            output.say(f"Report: {ended.folder}/report.html")
        return ended.exit_code


def _refuse_series(file: Path) -> None:
    """Raise UsageError for what never ends: `run` stays until its campaign does."""
    if campaign_file.load(file).schedule.repeat:
        raise UsageError(
            f"{file} repeats, and `run` stays with one campaign until its end. `pagecast submit {file}`, then "
            "`pagecast plan` and `pagecast launch` it; `pagecast up` sends it each time."
        )


def _question(drawn: Drawn) -> str:
    more = f" And to {drawn.waiting:,} more when they write?" if drawn.waiting else ""
    return f"Send to {people(drawn.plan.eligible)}?{more}"


def _show_end(status: Status) -> None:
    """Print the equation of all rows, and each reason with its meaning."""
    output.say(status.sentence)
    output.say(report.equation(status))
    show_reasons(status.reasons, output.say)
