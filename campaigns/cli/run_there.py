"""A `run` at a server, which sends by itself: here the list comes from, and the report goes to."""

from collections.abc import Iterator
from pathlib import Path

from campaigns.cli import calls, output
from campaigns.cli.drafts import priced_there, uploaded
from campaigns.cli.ground import Drawn, Ended, Found, is_stuck
from campaigns.cli.progress import over
from campaigns.cli.reports import brought
from campaigns.cli.standings import plain
from campaigns.client import Client
from campaigns.cost import RateCard
from campaigns.home import home
from schemas.api.campaigns import Summary
from schemas.campaign_file import CampaignFile
from schemas.campaign_state import CampaignState
from schemas.reason import RESCUABLE
from schemas.sample import Sample
from schemas.status import Status

INTERRUPTED = "Interrupted; the server goes on. `pagecast watch {ref}` looks on, `pagecast pause {ref}` stops it."


class There:
    """One campaign file against a server."""

    def __init__(self, server: Client, file: Path, rates: RateCard | None = None) -> None:
        self._server = server
        self._path = file
        self._rates = rates
        self._file: CampaignFile | None = None
        self._campaign: Summary | None = None
        self._notes: list[str] = []

    @property
    def ref(self) -> str:
        """The campaign's id."""
        return self._stored.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._stored.name

    @property
    def state(self) -> CampaignState:
        """Where it stood when it was looked at last."""
        return self._stored.state

    def meet(self, *, strict: bool, again: bool, go_on: bool) -> Found:
        """Send the list unless it is there, and ask for the file's run."""
        self._file = uploaded(self._server, self._path, strict=strict)
        met = self._server.do(calls.campaigns.meet(self._file, again=again, go_on=go_on))
        self._campaign, self._notes = met.campaign, met.notes
        return Found(met.meeting, met.overlap)

    def submit(self) -> None:
        """Keep it as a draft."""
        self._campaign = self._server.do(calls.campaigns.submit(self._written))

    def discard(self) -> None:
        """Remove the draft, and what only it brought."""
        self._server.do(calls.campaigns.discard(self.ref))

    def plan(self) -> Drawn:
        """Draw its plan."""
        plan = self._server.do(calls.campaigns.plan(self.ref))
        plan = plan.model_copy(update={"findings": [*self._notes, *plan.findings]})
        stays_open = self._written.schedule.keep_open_until is not None
        waiting = sum(plan.skipped.get(reason, 0) for reason in RESCUABLE) if stays_open else 0
        price = priced_there(self._server, self.ref, self._rates).sentence if self._rates else ""
        return Drawn(plan, self._written.message.message, waiting, price)

    def samples(self) -> list[Sample]:
        """Show the message as people would get it."""
        return self._server.do(calls.campaigns.preview(self.ref))

    def launch(self, token: str) -> None:
        """Launch it as its plan says."""
        self._campaign = self._server.do(calls.campaigns.launch(self.ref, token))

    def resume(self) -> None:
        """Let a paused one go on."""
        changed = self._server.do(calls.campaigns.resume(self.ref))
        self._campaign = self._stored.model_copy(update={"state": changed.state})

    def outlook(self) -> Iterator[str]:
        """Yield what to know before it is watched."""
        if self.state is CampaignState.SCHEDULED:
            yield "It waits for its start."
        yield f"The server sends it, with you or without you. To leave it: Ctrl-C, then `pagecast watch {self.ref}`."

    def statuses(self) -> Iterator[Status]:
        """Yield how it stands whenever that changes."""
        return map(plain, self._server.watch(self.ref))

    def is_over(self, status: Status) -> bool:
        """Whether nothing is left that time alone resolves."""
        return over(status) or (not status.in_flight and is_stuck(status))

    def leave(self) -> None:
        """Say that it goes on."""
        output.note(INTERRUPTED.format(ref=self.ref))

    def report(self, folder: Path | None) -> Ended:
        """Fetch its report."""
        folder = folder or home() / "reports" / self.ref
        summary = brought(self._server, self.ref, folder)
        return Ended(summary.status, summary.exit_code, folder)

    @property
    def _written(self) -> CampaignFile:
        assert self._file is not None
        return self._file

    @property
    def _stored(self) -> Summary:
        assert self._campaign is not None
        return self._campaign
