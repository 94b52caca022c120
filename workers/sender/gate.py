"""Whether a person may have the message at their slot: screened once more, and by the clocks of their hours."""

from campaigns.briefing import Briefing
from campaigns.ledger.claims import Candidate, Hold
from campaigns.plan.timetable import NEVER, Times
from schemas.reason import Reason

CLOSING = 0.25
"""Seconds before a closing in which nothing begins: a call takes its time to arrive."""
_CLOSING_MS = int(CLOSING * 1000)


def admit(row: Candidate, briefing: Briefing, slot: int) -> int | Reason | Hold:
    """Return until when (epoch ms) a person may be sent to whose `slot` (epoch ms) is good, or why it is not."""
    if row.opted_out:
        return Reason.OPTED_OUT
    if row.capped:
        return Reason.FREQUENCY_CAP
    last = NEVER if row.closes_at is None else row.closes_at - briefing.margin_ms
    if last <= slot:
        return Reason.WINDOW_CLOSED
    return _within_hours(row, briefing.times, slot, last) if briefing.times else NEVER


def _within_hours(row: Candidate, times: Times, slot: int, last: int) -> int | Reason | Hold:
    if row.open_until is not None and row.open_until - _CLOSING_MS <= slot:
        return Hold(None)
    if times.people is None:
        return NEVER if row.open_until is None else row.open_until
    own = times.person(row.zone)
    opens = own.next_open(slot)
    if opens == slot:
        closes = own.next_close(slot)
        if slot < closes - _CLOSING_MS:
            return closes
        opens = own.next_open(closes)
    return Reason.QUIET_HOURS if opens >= last else Hold(opens)
