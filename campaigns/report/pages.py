"""Where each page of a campaign stands, in one plain sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns import hours
from campaigns.moments import clock, iso_or_none, lasting, people
from campaigns.pages import PAUSED
from campaigns.plan.timetable import Timetable
from campaigns.report.lanes import LaneNow, Work
from campaigns.report.pauses import Pauses, allowed, holding, last_over, told, why_slow
from schemas.bucket import Bucket
from schemas.campaign import Campaign, CampaignState
from schemas.lane import LaneState
from schemas.status import PageStatus, Rates

STALL_MS = 10_000
"""A page that may send and sent nothing for this long (longer for slow pages) says so."""
_RUNG_LATELY_MS = 60_000
"""The clock calls a worker again after half of this."""
_SLOTS_TO_TELL = 4
_MEASURED_MS = 3_000
_ARTICLES = frozenset({"The", "A", "An", "This", "Page"})

_NOT_SENDING = {
    CampaignState.DRAFT: "the campaign is not launched yet",
    CampaignState.SCHEDULED: "the campaign has not started yet",
    CampaignState.AWAITING_APPROVAL: "the campaign is not approved yet",
    CampaignState.PAUSED: "the campaign is paused",
    CampaignState.CANCELLED: "the campaign was cancelled; what is in flight is being settled",
    CampaignState.FINISHED: "the campaign is being finished",
}


@dataclass(frozen=True, slots=True)
class Now:
    """The moment a status is taken (epoch ms), and what holds for every page of the campaign.

    `slow` holds the buckets below their cap; `since` is when the campaign last changed its pace (start, resume);
    `parts` is the number of calls a person costs.
    """

    ms: int
    campaign: Campaign
    pauses: Pauses
    slow: Mapping[str, Bucket]
    since: int
    parts: int
    staffed: bool | None = None
    """Whether somebody is there to send; None where that cannot be known."""
    open: Timetable | None = None
    """When the campaign sends, None where that is always."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page's state, its sentence, and when the state ends by itself (epoch ms; None: not by time alone)."""

    state: LaneState
    sentence: str
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A page's status and the moment its last row is done at the present pace (epoch ms; None: cannot be told).

    `overdue` is for how long (ms) people who are due have waited while nobody was sent; 0 where the page may not send.
    """

    status: PageStatus
    done_at: int | None
    overdue: int = 0


def standing(lane: LaneNow, counts: dict[str, int], now: Now) -> Standing:
    """Return where one page stands; `counts` are its own."""
    place = _place(lane, counts, now)
    stopped = now.campaign.state is not CampaignState.SENDING or now.campaign.hold_until is not None
    held = stopped or holding(lane, now.pauses, now.ms) is not None
    stands = place.state in {LaneState.PARKED, LaneState.DONE}
    rates = Rates(
        asked=0.0 if place.state is LaneState.DONE else lane.asked,
        allowed=0.0 if stands or held else round(allowed(lane, now.slow, now.ms), 2),
        achieved=round(_reached(lane, now, now.campaign.started_at or 0), 2),
    )
    status = PageStatus(
        name=lane.name,
        state=place.state,
        sentence=place.sentence,
        until=iso_or_none(place.until),
        counts=counts,
        rate=rates,
    )
    return Standing(status, _done_at(lane, counts, place, now), 0 if held else _overdue(lane, place, now))


def outcome(counts: Mapping[str, int]) -> str:
    """Return what became of the rows that are through, as `4,880 accepted, 100 skipped, 20 unknown`."""
    shown = {"accepted": accepted(counts)} | {
        state.replace("_", " "): counts[state]
        for state in ("skipped", "failed", "unknown", "assumed_sent", "cancelled")
    }
    return ", ".join(f"{n:,} {state}" for state, n in shown.items() if n) or "nobody to send to"


def accepted(counts: Mapping[str, int]) -> int:
    """Return how many rows the platform accepted, those delivered and read since included."""
    return counts["accepted"] + counts["delivered"] + counts["read"]


def left(counts: Mapping[str, int]) -> int:
    """Return how many rows are still to be sent or settled."""
    return counts["pending"] + counts["sending"]


def _place(lane: LaneNow, counts: dict[str, int], now: Now) -> Place:
    if not left(counts):
        return Place(LaneState.DONE, f"Done: {outcome(counts)}.")
    if lane.parked:
        return _parked(lane, now)
    if now.campaign.state is not CampaignState.SENDING:
        until = now.campaign.start_at if now.campaign.state is CampaignState.SCHEDULED else None
        return Place(LaneState.WAITING, f"Waiting: {_NOT_SENDING[now.campaign.state]}.", until)
    if now.campaign.hold_until is not None:
        return Place(LaneState.WAITING, hours.holding(now.campaign, now.ms), now.campaign.hold_until)
    if pause := holding(lane, now.pauses, now.ms):
        return Place(LaneState.WAITING, told(lane, pause, now.ms), pause.until)
    return _at_work(lane, counts, now)


def _at_work(lane: LaneNow, counts: dict[str, int], now: Now) -> Place:
    work = lane.work
    if not work.running and not work.ready:
        if work.next_due is not None:
            first = f"the next of {people(left(counts))} is due at {clock(work.next_due, now.ms)}"
            return Place(LaneState.WAITING, f"Waiting: {_why_put_off(work)}{first}.", work.next_due)
        if work.stopped:
            return Place(LaneState.PARKED, f"Stopped: {work.stopped_sentence or 'a part crashed again and again.'}")
    if now.staffed is False:
        return Place(LaneState.WAITING, "Waiting: nobody sends, because no worker runs here; start `pagecast up`.")
    if work.unheard and not work.running:
        return Place(LaneState.WAITING, f"Waiting: {work.unheard}.")
    silent = now.ms - max(now.since, lane.pulse.last_sent or 0)
    if silent <= _patience(lane, now):
        why = why_slow(lane, now.slow, now.ms)
        return Place(LaneState.SENDING, f"Sending {_reached(lane, now, now.since):,.1f}/s. {why}".rstrip())
    why = _why_stalled(lane, counts["sending"], now.ms)
    return Place(LaneState.WAITING, f"Waiting: no progress for {lasting(silent)}, {why}.")


def _why_put_off(work: Work) -> str:
    if work.put_off:
        return f"{work.put_off}; "
    return "it is quiet time by their own clocks; " if work.quiet else ""


def _overdue(lane: LaneNow, place: Place, now: Now) -> int:
    waits = place.state is LaneState.WAITING and place.until is None and not lane.parked
    if not (waits or place.state is LaneState.SENDING):
        return 0
    began = max(now.since, lane.pulse.last_sent or 0, lane.work.due_since, last_over(lane, now.pauses, now.ms))
    return max(0, now.ms - began)


def _why_stalled(lane: LaneNow, in_flight: int, now_ms: int) -> str:
    work = lane.work
    if not work.running:
        return _why_untouched(lane, now_ms)
    if work.lost == work.running:
        return f"because the worker of page {lane.name} no longer answers; another takes over within a minute"
    if not lane.proven:
        return "because the first answer is not in"
    if in_flight:
        return f"because {in_flight:,} {'call is' if in_flight == 1 else 'calls are'} out without an answer"
    return "and no reason is known here; see the worker's log"


def _why_untouched(lane: LaneNow, now_ms: int) -> str:
    if lane.work.busy:
        return f"because all workers are busy with others; page {lane.name} is next"
    if lane.work.rung_at is not None and now_ms - lane.work.rung_at <= _RUNG_LATELY_MS:
        return f"because no worker comes to page {lane.name} although it is called: is one running"
    return "because neither clock nor workers run; start `pagecast up`"


def _patience(lane: LaneNow, now: Now) -> float:
    rate = allowed(lane, now.slow, now.ms)
    return max(STALL_MS, _SLOTS_TO_TELL * 1000 / rate if rate > 0 else 0)


def _parked(lane: LaneNow, now: Now) -> Place:
    work = lane.work
    open_to_try = work.running or work.ready or work.next_due is not None
    if lane.tries and open_to_try and now.campaign.state is CampaignState.SENDING:
        return Place(LaneState.WAITING, f"Waiting: page {lane.name} was parked and tries one message now.")
    return Place(LaneState.PARKED, _why_parked(lane))


def _why_parked(lane: LaneNow) -> str:
    code = f" ({lane.parked_code})" if lane.parked_code else ""
    said = (lane.parked_sentence or f"page {lane.name} cannot send{code}").rstrip(". ")
    if "pages resume" not in said:
        said += f". {_way_out(lane)}"
    if said.startswith("Parked"):
        return f"{said}."
    # "The token …" reads on after a colon; "OAuth …" and "Meta …" are names.
    first = said.split(" ", 1)[0]
    return f"Parked: {said[:1].lower() if first in _ARTICLES else said[:1]}{said[1:]}."


def _way_out(lane: LaneNow) -> str:
    resume = f"`pagecast pages resume {lane.name}`"
    if lane.parked_code == PAUSED:
        return f"To go on, run {resume}"
    tried = "Set a new token; one message tries it within a minute, and the page goes on"
    return f"{tried}. For anything else: mend it, then run {resume}"


def _reached(lane: LaneNow, now: Now, since: int) -> float:
    return lane.pulse.accepted * 1000 / max(1000, now.ms - max(lane.pulse.since, since))


def _done_at(lane: LaneNow, counts: dict[str, int], place: Place, now: Now) -> int | None:
    may_end = place.state is LaneState.SENDING or (place.state is LaneState.WAITING and place.until is not None)
    if not may_end or lane.asked <= 0:
        return None
    begins, needed = max(now.ms, place.until or 0), round(left(counts) * 1000 / _pace(lane, place, now))
    return begins + needed if now.open is None else now.open.after(begins, needed)


def _pace(lane: LaneNow, place: Place, now: Now) -> float:
    """Return people per second: what was reached since the last pause, at most what is allowed."""
    cap = allowed(lane, now.slow, now.ms) / now.parts
    span = now.ms - max(lane.pulse.since, now.since, last_over(lane, now.pauses, now.ms))
    measured = place.state is LaneState.SENDING and span >= _MEASURED_MS and lane.pulse.sent >= _SLOTS_TO_TELL
    return min(cap, lane.pulse.sent * 1000 / span) if measured else cap
