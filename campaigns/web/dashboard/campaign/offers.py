"""Which actions a campaign's screen offers: what its state allows, of what the key may do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from campaigns.lifecycle import canary, control, late
from campaigns.web.dashboard.campaign.seen import Seen
from schemas.campaign import CampaignState
from schemas.campaign_state import OVER
from schemas.decision import Scope
from schemas.right import Right


class Deed(StrEnum):
    """What can be done."""

    LAUNCH = "launch"
    RESUME = "resume"
    PAUSE = "pause"
    REVISE = "revise"
    CHANGE = "change"
    TEST = "test"
    RESOLVE = "resolve"
    RETRY_FAILED = "retry failed"
    RETRY_SKIPPED = "retry skipped"
    RETRY_CANCELLED = "retry cancelled"
    CLONE = "clone"
    CANCEL = "cancel"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Offer:
    """One button; what is `first` is what the state waits for, what is `spare` stands in the menu."""

    deed: Deed
    word: str
    icon: str
    first: bool = False
    spare: bool = False


SCOPES = {
    Deed.RETRY_FAILED: Scope.FAILED,
    Deed.RETRY_SKIPPED: Scope.SKIPPED,
    Deed.RETRY_CANCELLED: Scope.CANCELLED,
}
_RIGHTS = {
    Deed.LAUNCH: Right.LAUNCH,
    Deed.RESUME: Right.RESUME,
    Deed.PAUSE: Right.PAUSE,
    Deed.REVISE: Right.REVISE,
    Deed.CHANGE: Right.CHANGE,
    Deed.TEST: Right.TEST,
    Deed.RESOLVE: Right.RESOLVE,
    Deed.RETRY_FAILED: Right.RETRY,
    Deed.RETRY_SKIPPED: Right.RETRY,
    Deed.RETRY_CANCELLED: Right.RETRY,
    Deed.CLONE: Right.CLONE,
    Deed.CANCEL: Right.CANCEL,
    Deed.DISCARD: Right.SUBMIT,
}
_DRAFT, _SCHEDULED, _SENDING, _PAUSED = (
    CampaignState.DRAFT,
    CampaignState.SCHEDULED,
    CampaignState.SENDING,
    CampaignState.PAUSED,
)
STATES: Mapping[Deed, frozenset[CampaignState]] = {
    Deed.PAUSE: frozenset(control.PAUSABLE),
    Deed.RESUME: frozenset(control.RESUMABLE),
    Deed.CANCEL: frozenset(control.CANCELLABLE) - {_DRAFT},
    Deed.DISCARD: frozenset({_DRAFT}),
}
"""In which states a verb is offered; a draft, which could be cancelled too, is discarded instead."""
_REOPENS = OVER | {_SENDING, _PAUSED}


def offers(seen: Seen, may: Callable[[Right], bool]) -> tuple[Offer, ...]:
    """Return what is offered, in the order of the buttons."""
    return tuple(offer for offer in _possible(seen) if may(_RIGHTS[offer.deed]))


def allows(state: CampaignState, deed: Deed, may: Callable[[Right], bool]) -> bool:
    """Whether a deed of `STATES` is offered to somebody in a state."""
    return state in STATES[deed] and may(_RIGHTS[deed])


def is_canary(seen: Seen) -> bool:
    """Whether the first few are out, and somebody is to look at them."""
    return seen.state is _PAUSED and seen.standing.sentence.startswith(canary.OUT)


def is_missed(seen: Seen) -> bool:
    """Whether its start was missed, and somebody is to say what now."""
    return seen.state is _PAUSED and seen.standing.sentence.startswith(late.MISSED)


def _possible(seen: Seen) -> list[Offer]:
    state, running = seen.state, {_SENDING, _SCHEDULED, _PAUSED}
    resume = "Go on" if is_canary(seen) else "Resume"
    found = [
        (state is _DRAFT, Offer(Deed.LAUNCH, "Launch", "send", first=True)),
        (state in STATES[Deed.RESUME], Offer(Deed.RESUME, resume, "play_arrow", first=True)),
        (state in STATES[Deed.PAUSE], Offer(Deed.PAUSE, "Pause", "pause", first=True)),
        (state is _PAUSED, Offer(Deed.REVISE, "Correct the text", "edit")),
        (state in running, Offer(Deed.CHANGE, "Change pace or hours", "tune")),
        (state not in OVER, Offer(Deed.TEST, "Send a test", "science", spare=state is not _DRAFT)),
        *_again(seen),
        (True, Offer(Deed.CLONE, "Clone", "content_copy", spare=state not in OVER)),
        (state in STATES[Deed.CANCEL], Offer(Deed.CANCEL, "Cancel", "close", spare=True)),
        (state in STATES[Deed.DISCARD], Offer(Deed.DISCARD, "Discard the draft", "delete_outline", spare=True)),
    ]
    return [offer for possible, offer in found if possible]


def _again(seen: Seen) -> list[tuple[bool, Offer]]:
    counts, opens = seen.standing.counts, seen.state in _REOPENS
    failed, skipped, cancelled, unknown = (counts[each] for each in ("failed", "skipped", "cancelled", "unknown"))
    return [
        (unknown > 0, Offer(Deed.RESOLVE, f"Resolve unknown ({unknown:,})", "help_outline")),
        (opens and failed > 0, Offer(Deed.RETRY_FAILED, f"Retry failed ({failed:,})", "refresh")),
        (opens and skipped > 0, Offer(Deed.RETRY_SKIPPED, f"Retry skipped ({skipped:,})", "refresh", spare=True)),
        (
            opens and cancelled > 0,
            Offer(Deed.RETRY_CANCELLED, f"Retry cancelled ({cancelled:,})", "refresh", spare=True),
        ),
    ]
