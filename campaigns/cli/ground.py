"""What `run` stands on: this machine or a server, with the same steps and the same facts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from schemas.campaign_state import CampaignState
from schemas.lane_state import LaneState
from schemas.meeting import Meeting
from schemas.message import Message
from schemas.plan import Plan
from schemas.sample import Sample
from schemas.status import Status


@dataclass(frozen=True, slots=True)
class Found:
    """What a campaign file found; `overlap` counts the people of its list whom the run before it reached."""

    meeting: Meeting
    overlap: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plan; `waiting` more get it when they write, and `price` says what it costs, '' where nobody asked."""

    plan: Plan
    message: Message
    waiting: int
    price: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, as the report in `folder` has it."""

    status: Status
    exit_code: int
    folder: Path


class Ground(Protocol):
    """One campaign file, and the run that it means."""

    @property
    def ref(self) -> str:
        """The campaign's id."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def state(self) -> CampaignState:
        """Where it stood when it was looked at last."""

    def meet(self, *, strict: bool, again: bool, go_on: bool) -> Found:
        """Check the file and its list, and find its run; one that goes on takes the file's limits and addresses."""

    def submit(self) -> None:
        """Keep it as a draft."""

    def discard(self) -> None:
        """Remove the draft, and what only it brought."""

    def plan(self) -> Drawn:
        """Draw its plan."""

    def samples(self) -> list[Sample]:
        """Show the message as people would get it."""

    def launch(self, token: str) -> None:
        """Launch it as its plan says."""

    def resume(self) -> None:
        """Let a paused one go on."""

    def outlook(self) -> Iterator[str]:
        """Yield what to know before it is watched."""

    def statuses(self) -> Iterator[Status]:
        """Have it sent, and yield how it stands."""

    def is_over(self, status: Status) -> bool:
        """Whether nothing is left that time alone resolves."""

    def leave(self) -> None:
        """End looking on before that, and say what becomes of it."""

    def report(self, folder: Path | None) -> Ended:
        """Write its report."""


def is_stuck(status: Status) -> bool:
    """Whether a person must act before anything more is sent: it is paused, or every page with people is parked."""
    if status.state is CampaignState.PAUSED:
        return True
    left = [page for page in status.pages if page.counts["pending"]]
    return status.state is CampaignState.SENDING and bool(left) and all(p.state is LaneState.PARKED for p in left)
