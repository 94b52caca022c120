"""How a campaign stands now: the one function that CLI, API, dashboard and report ask."""

import json
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, text

from campaigns import buckets, hours
from campaigns.errors import InputError
from campaigns.moments import clock, iso_or_none, lasting, people
from campaigns.report import tallies as tally
from campaigns.report.lanes import lanes
from campaigns.report.pages import Now, Standing, accepted, left, outcome, standing
from campaigns.report.pauses import TOLD_BELOW, pauses
from campaigns.report.series import Repetition, repetition
from campaigns.report.series import sentence as repeating
from campaigns.report.tallies import Tally
from schemas.campaign import Campaign, CampaignState
from schemas.delivery import DeliveryState
from schemas.lane import LaneState
from schemas.status import PageStatus, Rates, Status

_DEFAULTS = {
    CampaignState.DRAFT: "Draft: not launched yet.",
    CampaignState.AWAITING_APPROVAL: "Waiting: somebody has to approve this campaign.",
    CampaignState.PAUSED: "Paused: resume it to go on.",
}
_PROMPT_MS = 15_000
"""A clock that runs has begun a campaign long before it is so late."""
_CAMPAIGN = text("SELECT * FROM campaign WHERE id = :campaign_id")
# That a campaign stands still is no beginning.
_LAST_VERB = text("""
    SELECT MAX(at) FROM event WHERE campaign_id = :campaign_id
    AND kind NOT LIKE 'bucket.%' AND kind NOT IN ('campaign.stalled', 'campaign.moving')
""")


def campaign(conn: Connection, campaign_id: int) -> Campaign:
    """Return a campaign's row, detached; raises InputError where there is none."""
    row = conn.execute(_CAMPAIGN, {"campaign_id": campaign_id}).mappings().one_or_none()
    if row is None:
        raise InputError(f"There is no campaign with the number {campaign_id}.")
    return Campaign(**{**row, "state": CampaignState(row["state"])})


def status(
    conn: Connection,
    campaign_id: int,
    now_ms: int,
    paused: Mapping[str, int] | None = None,
    *,
    staffed: bool | None = None,
) -> Status:
    """Return how a campaign stands at `now_ms` by the database's clock.

    `paused` is what the limiter itself says about its buckets (key → epoch ms); without it the stored pauses count.
    `staffed` tells whether workers are there to send, None where that cannot be known.
    One transaction gives one consistent answer. Raises InputError for an unknown campaign.
    """
    found = campaign(conn, campaign_id)
    if found.state is not CampaignState.DRAFT and (repeats := repetition(conn, campaign_id)):
        return _repeats(found, repeats, staffed=staffed)
    rows = tally.tallies(conn, campaign_id)
    stands = standings(conn, found, rows, now_ms, paused, staffed=staffed)
    counts = tally.counts(rows)
    pages = [each.status for each in stands]
    eta = _eta(stands) if left(counts) else None
    result = Status(
        id=found.ref,
        name=found.name,
        state=found.state,
        sentence="",
        total=found.total if rows else 0,
        counts=counts,
        reasons=tally.reasons(rows),
        failures=tally.reasons(rows, {DeliveryState.FAILED}),
        rate=_total([page.rate for page in pages]),
        eta=iso_or_none(eta),
        in_flight=counts["sending"],
        pages=pages,
    )
    sentence = _kept_open(found, result, rows, now_ms) or _sentence(found, result, eta, now_ms)
    return result.model_copy(update={"sentence": sentence})


def standings(
    conn: Connection,
    found: Campaign,
    rows: Collection[Tally],
    now_ms: int,
    paused: Mapping[str, int] | None = None,
    *,
    staffed: bool | None = None,
) -> list[Standing]:
    """Return where each page of a campaign with these tallies stands, by name; the rest is as for `status`."""
    facts = {"campaign_id": found.id}
    held = pauses(conn, now_ms, paused)
    since = max(found.started_at or 0, conn.execute(_LAST_VERB, facts).scalar() or 0)
    parts = max(1, len(json.loads(found.message).get("parts", ())))
    times = hours.times_of(found)
    now = Now(now_ms, found, held, buckets.slow(conn, now_ms), since, parts, staffed, times.whole if times else None)
    return [standing(lane, tally.counts(rows, lane.page_id), now) for lane in lanes(conn, found.id or 0, now_ms)]


def _repeats(found: Campaign, repeats: Repetition, *, staffed: bool | None) -> Status:
    """Return how a series stands: it has no rows, each of its moments has a campaign that does."""
    return Status(
        id=found.ref,
        name=found.name,
        state=found.state,
        sentence=repeating(found, repeats, staffed=staffed),
        total=0,
        counts=tally.counts([]),
        reasons={},
        rate=_total([]),
        eta=None,
        in_flight=0,
        pages=[],
    )


def _total(rates: Sequence[Rates]) -> Rates:
    return Rates(
        asked=round(sum(rate.asked for rate in rates), 2),
        allowed=round(sum(rate.allowed for rate in rates), 2),
        achieved=round(sum(rate.achieved for rate in rates), 2),
    )


def _eta(standings: Sequence[Standing]) -> int | None:
    # Pages send side by side, so the last one decides; one that only a person can set going again is left out.
    return max((each.done_at for each in standings if each.done_at is not None), default=None)


def _sentence(found: Campaign, status: Status, eta: int | None, now_ms: int) -> str:
    in_flight = f" {status.in_flight:,} still in flight." if status.in_flight else ""
    match found.state:
        case CampaignState.SENDING:
            return _while_sending(status, eta, now_ms)
        case CampaignState.SCHEDULED if found.start_at and now_ms - found.start_at > _PROMPT_MS:
            since = f"its start at {clock(found.start_at, now_ms)} passed while nothing ran"
            return f"Scheduled: {since}. `pagecast up` does what late_start says."
        case CampaignState.SCHEDULED:
            when = f"at {clock(found.start_at, now_ms)}" if found.start_at else "at once"
            return f"Scheduled: sending to {people(status.counts['pending'])} starts {when}."
        case CampaignState.CANCELLED:
            return f"Cancelled: {outcome(status.counts)}.{in_flight}"
        case CampaignState.FINISHED:
            return f"Finished: {outcome(status.counts)}."
        case _:
            return (found.sentence or _DEFAULTS[found.state]) + in_flight


def _kept_open(found: Campaign, status: Status, rows: Collection[Tally], now_ms: int) -> str:
    """Return the sentence of a campaign that waits for people to write, '' for every other."""
    until = found.keep_open_until or 0
    waiting = tally.rescuable(rows)
    if found.state is not CampaignState.SENDING or left(status.counts) or until <= now_ms or not waiting:
        return ""
    get = "gets" if waiting == 1 else "get"
    return f"Open until {clock(until, now_ms)}: {people(waiting)} {get} it when they write."


def _while_sending(status: Status, eta: int | None, now_ms: int) -> str:
    if not left(status.counts):
        return f"Finishing: {outcome(status.counts)}."
    parked = [page for page in status.pages if page.state is LaneState.PARKED]
    waiting = [page for page in status.pages if page.state is LaneState.WAITING]
    if any(page.state is LaneState.SENDING for page in status.pages):
        return _progress(status, eta, now_ms) + _slowed_too(status.pages) + _parked_too(parked)
    if waiting:
        first = min(waiting, key=lambda page: (page.until is None, page.until or ""))
        return first.sentence + _parked_too(parked)
    if len(parked) == 1:
        return parked[0].sentence
    return f"Stopped: all {len(parked)} pages with people left are parked; each page says why."


def _progress(status: Status, eta: int | None, now_ms: int) -> str:
    through = accepted(status.counts)
    goal = through + left(status.counts)
    rest = f", about {lasting(eta - now_ms)} left" if eta else ""
    return f"Sending {status.rate.achieved:,.1f}/s: {through:,} of {goal:,} accepted{rest}."


def _slowed_too(pages: Sequence[PageStatus]) -> str:
    slowed = [
        page for page in pages if page.state is LaneState.SENDING and page.rate.allowed < page.rate.asked * TOLD_BELOW
    ]
    if not slowed:
        return ""
    if len(slowed) == 1:
        rate = slowed[0].rate
        return f" Page {slowed[0].name} is slowed to {rate.allowed:,.3g}/s of {rate.asked:,.3g}/s for now."
    return f" {len(slowed)} pages are slowed by their platforms for now."


def _parked_too(parked: Sequence[PageStatus]) -> str:
    if not parked:
        return ""
    if len(parked) == 1:
        return f" Page {parked[0].name} is parked."
    return f" {len(parked)} pages are parked."
