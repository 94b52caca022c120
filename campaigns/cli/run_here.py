"""A `run` on this machine: its database, and workers that are a child of the command."""

from collections.abc import Iterator
from pathlib import Path

from campaigns import cost, report
from campaigns.cli import output
from campaigns.cli.drafts import checked
from campaigns.cli.ground import Drawn, Ended, Found, is_stuck
from campaigns.cli.progress import looks, over
from campaigns.cli.standings import standing
from campaigns.cli.up import Up
from campaigns.lifecycle import control, find, recognise, submit
from campaigns.lifecycle.launch import launch, launched_plan
from campaigns.lifecycle.meeting import Meeting
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.preview import preview
from campaigns.lifecycle.pricing import price
from campaigns.lifecycle.submit import Draft
from campaigns.moments import dated
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.sample import Sample
from schemas.status import Status


class Here:
    """One campaign file against this machine's database."""

    def __init__(self, runtime: Runtime, file: Path, rates: cost.RateCard | None = None, up: Up | None = None) -> None:
        self._runtime = runtime
        self._file = file
        self._rates = rates
        self._up = up
        self._draft: Draft | None = None
        self._campaign: Campaign | None = None

    def close(self) -> None:
        """End what was started."""
        if self._up:
            self._up.close()

    def meet(self, *, strict: bool, again: bool, go_on: bool) -> Found:
        """Check the file and its list, and find its run."""
        draft = self._draft = checked(self._runtime, self._file, strict=strict, again=again)
        known = recognise.recognise(self._runtime, draft)
        self._campaign = known.campaign
        if known.campaign is None:
            return Found(known.meeting)
        if known.meeting is Meeting.UNFINISHED and go_on:
            recognise.refresh(self._runtime, known.campaign, draft)
            self._look()
        return Found(known.meeting, known.overlap)

    @property
    def ref(self) -> str:
        """The campaign's id."""
        return self._stored.ref

    @property
    def name(self) -> str:
        """Its name."""
        return self._stored.name

    @property
    def state(self) -> CampaignState:
        """Where it stood when it was looked at last."""
        return self._stored.state

    def submit(self) -> None:
        """Keep it as a draft."""
        self._campaign = submit.store(self._runtime, self._checked, output.actor())

    def discard(self) -> None:
        """Remove the draft, and what only it brought."""
        submit.discard(self._runtime, self._stored, self._checked)

    def plan(self) -> Drawn:
        """Draw its plan."""
        now = output.now(self._runtime)
        drawn = plan(self._runtime, self._stored, output.environment(), now, self._checked.notes)
        priced = price(drawn, self._stored, self._rates).sentence if self._rates else ""
        return Drawn(drawn.plan, self._checked.message, drawn.waiting, priced)

    def samples(self) -> list[Sample]:
        """Show the message as people would get it."""
        return preview(self._runtime, self._stored, output.environment(), output.now(self._runtime))

    def launch(self, token: str) -> None:
        """Launch it as its plan says."""
        actor, now = output.actor(), output.now(self._runtime)
        self._campaign = launch(self._runtime, self._stored, token, output.environment(), now=now, actor=actor)

    def resume(self) -> None:
        """Let a paused one go on."""
        control.resume(self._runtime, self._stored, output.actor())
        self._look()

    def outlook(self) -> Iterator[str]:
        """Yield what to know before it is watched."""
        if self.state is CampaignState.SCHEDULED:
            yield "It waits for its start. To leave it: Ctrl-C, then `pagecast up` keeps it."
        until = self._stored.keep_open_until
        if until and until > output.now(self._runtime):
            said = f"It stays open until {dated(until)}."
            yield f"{said} To leave it: Ctrl-C, then `pagecast up`, which hears who writes."

    def statuses(self) -> Iterator[Status]:
        """Have it sent, and yield how it stands, until nobody looks on any more."""
        up = self._up = self._up or Up(self._runtime.settings.home)
        up.go()
        return looks(lambda: standing(self._runtime, self._stored))

    def is_over(self, status: Status) -> bool:
        """Whether nothing is left that time alone resolves."""
        if over(status):
            return True
        if self._up:
            self._up.check()
        return not status.in_flight and is_stuck(status)

    def leave(self) -> None:
        """Stop sending, and wait for what is in flight."""
        output.note("Stopping: nothing new is sent, and what is in flight is being settled.")
        try:
            self.close()
        except KeyboardInterrupt:
            output.note("Not waited for: the workers settle it by themselves.")
        output.note(f"Interrupted. `pagecast run {self._file}` goes on where it stopped.")

    def report(self, folder: Path | None) -> Ended:
        """Write its report."""
        self.close()
        campaign = self._stored
        status = standing(self._runtime, campaign)
        planned = launched_plan(self._runtime, campaign)
        folder = folder or self._runtime.settings.home / "reports" / campaign.ref
        with self._runtime.reading() as conn:
            report.write(conn, self._runtime.storage, campaign.id or 0, folder, now_of(conn), plan=planned)
        return Ended(status, report.exit_code(status), folder)

    @property
    def _checked(self) -> Draft:
        assert self._draft is not None
        return self._draft

    @property
    def _stored(self) -> Campaign:
        assert self._campaign is not None
        return self._campaign

    def _look(self) -> None:
        with self._runtime.reading() as conn:
            self._campaign = find.by_id(conn, self._stored.id or 0)
