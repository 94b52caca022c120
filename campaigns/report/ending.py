"""What a campaign's standing means to a script: the exit code."""

from campaigns.report.pages import left
from schemas.campaign import CampaignState
from schemas.lane import LaneState
from schemas.reason import Fault, Reason, about
from schemas.status import Status

DONE = 0
NEEDS_A_PERSON = 5
WITH_FAILURES = 6


def exit_code(status: Status) -> int:
    """Return 5 where people wait for somebody to act, 6 for an end with unknown rows or failures that are no person's.

    A person who blocked us, left, or whose window closed makes no 6, and nobody who was skipped does. A campaign
    that is still going, or waits for time alone, is 0.
    """
    if left(status.counts):
        return NEEDS_A_PERSON if _stuck(status) else DONE
    faultless = sum(n for reason, n in status.failures.items() if _is_the_persons(reason))
    return WITH_FAILURES if status.counts["unknown"] or status.counts["failed"] > faultless else DONE


def _stuck(status: Status) -> bool:
    parked = any(page.state is LaneState.PARKED and left(page.counts) for page in status.pages)
    return parked or status.state is CampaignState.PAUSED


def _is_the_persons(reason: str) -> bool:
    return reason in Reason.__members__.values() and about(Reason(reason)).fault is Fault.PERSON
