"""Pause, resume, cancel: a claim asks for the campaign's state, so a change holds from the next claim on."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text

from campaigns import events
from campaigns.errors import StateError
from campaigns.ledger import chunks, withdrawal
from campaigns.lifecycle import series
from campaigns.lifecycle.late import MISSED_MS
from campaigns.lifecycle.lock import swept
from campaigns.runtime import Runtime, changing, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.delivery import DeliveryState
from schemas.reason import Reason

_SET = text("UPDATE campaign SET state = :new, sentence = :sentence WHERE id = :id AND state = :old")
# The clock may have taken the refusals for the end of it.
_STOP = text("""
    UPDATE campaign SET state = 'paused', sentence = :sentence, finished_at = NULL
    WHERE id = :id AND state IN ('sending', 'finished')
""")
_BEGUN = text("UPDATE campaign SET started_at = :now WHERE id = :id AND started_at IS NULL")
_STOPPED_SO = text("SELECT 1 FROM campaign WHERE id = :id AND state = 'paused' AND sentence = :sentence")
_PAUSE_ALL = text("""
    UPDATE campaign SET state = 'paused', sentence = :sentence WHERE state IN ('sending', 'scheduled') RETURNING id
""")
_IN_FLIGHT = text("SELECT COALESCE(SUM(n), 0) FROM tally WHERE campaign_id = :id AND state = 'sending'")
_PENDING = text("SELECT COALESCE(SUM(n), 0) FROM tally WHERE campaign_id = :id AND state = 'pending'")
_ACCEPTED = text("""
    SELECT COALESCE(SUM(n), 0) FROM tally WHERE campaign_id = :id AND state IN ('accepted', 'delivered', 'read')
""")
_REFUSED = text("SELECT COALESCE(SUM(n), 0) FROM tally WHERE campaign_id = :id AND state = 'failed'")
_REFUSALS_STOP = 3

PAUSABLE = (CampaignState.SENDING, CampaignState.SCHEDULED)
RESUMABLE = (CampaignState.PAUSED,)
CANCELLABLE = (*PAUSABLE, CampaignState.DRAFT, CampaignState.PAUSED, CampaignState.AWAITING_APPROVAL)


@dataclass(frozen=True, slots=True)
class Change:
    """What a verb did. `in_flight` calls were out at that moment; they end within seconds, and are settled.

    `also` names the campaigns of a series that were changed with it.
    """

    state: CampaignState
    in_flight: int
    withdrawn: int = 0
    also: tuple[str, ...] = ()


def pause(runtime: Runtime, campaign: Campaign, actor: str, sentence: str = "") -> Change:
    """Stop claiming at once; slots leased before are gone within a second. Raises StateError.

    What a series has under way is paused with it.
    """
    said = sentence or f"Paused by {actor}."
    with runtime.writing() as conn:
        _move(conn, campaign, PAUSABLE, CampaignState.PAUSED, said)
        now = now_of(conn)
        events.record(conn, now, "campaign.paused", actor, said, campaign_id=campaign.id)
        also = series.pause(conn, campaign, actor, now)
        in_flight = sum(_count(conn, _IN_FLIGHT, each) for each in [campaign, *also])
        return Change(CampaignState.PAUSED, in_flight, also=tuple(each.name for each in also))


def pause_all(runtime: Runtime, actor: str) -> int:
    """Stop every campaign; return how many were sending or scheduled."""
    with runtime.writing() as conn:
        ids = conn.execute(_PAUSE_ALL, {"sentence": f"Paused with all others by {actor}."}).scalars().all()
        now = now_of(conn)
        for campaign_id in ids:
            events.record(conn, now, "campaign.paused", actor, "Paused with all others.", campaign_id=campaign_id)
    return len(ids)


def resume(runtime: Runtime, campaign: Campaign, actor: str) -> Change:
    """Go on: sending, or waiting for its start; what was paused with a series goes on with it. Raises StateError."""
    with runtime.reading() as conn:
        repeats, held = series.is_one(conn, campaign), series.held(conn, campaign)
    if repeats:
        return _resume_series(runtime, campaign, held, actor)
    with runtime.writing() as conn:
        now = now_of(conn)
        waits = campaign.started_at is None and campaign.start_at is not None and campaign.start_at > now
        state = CampaignState.SCHEDULED if waits else CampaignState.SENDING
        _move(conn, campaign, RESUMABLE, state, "")
        if not waits:
            conn.execute(_BEGUN, {"now": now, "id": campaign.id})
        chunks.restart(conn, campaign.id or 0)
        events.record(conn, now, "campaign.resumed", actor, "Resumed.", campaign_id=campaign.id)
        return Change(state, 0)


def _resume_series(runtime: Runtime, campaign: Campaign, held: Sequence[Campaign], actor: str) -> Change:
    """Wait for the next moment: what came during the pause is left out, unless it is no ten minutes ago."""
    with runtime.writing() as conn:
        now = now_of(conn)
        _move(conn, campaign, RESUMABLE, CampaignState.SCHEDULED, "")
        series.leave_out_before(conn, campaign, now - MISSED_MS)
        events.record(conn, now, "campaign.resumed", actor, "Resumed.", campaign_id=campaign.id)
    also = []
    for each in held:
        # Somebody else may have decided about it since.
        with suppress(StateError):
            resume(runtime, each, actor)
            also.append(each.name)
    return Change(CampaignState.SCHEDULED, 0, also=tuple(also))


def cancel(runtime: Runtime, campaign: Campaign, actor: str) -> Change:
    """End a campaign: who has not had a turn is cancelled, who got it stays as the ledger has it. Raises StateError.

    What a series has under way ends with it.
    """
    with swept(runtime, campaign), runtime.writing() as conn:
        _move(conn, campaign, CANCELLABLE, CampaignState.CANCELLED, f"Cancelled by {actor}.")
        events.record(conn, now_of(conn), "campaign.cancelled", actor, "Cancelled.", campaign_id=campaign.id)
        in_flight = _count(conn, _IN_FLIGHT, campaign)
    withdrawn = 0
    while n := _withdraw(runtime, campaign):
        withdrawn += n
    with runtime.reading() as conn:
        under_way = series.unfinished(conn, campaign)
    also = []
    for each in under_way:
        # It may have ended meanwhile.
        with suppress(StateError):
            change = cancel(runtime, each, actor)
            in_flight, withdrawn = in_flight + change.in_flight, withdrawn + change.withdrawn
            also.append(each.name)
    return Change(CampaignState.CANCELLED, in_flight, withdrawn, tuple(also))


def foresee(runtime: Runtime, campaign: Campaign, new: CampaignState) -> Change:
    """Return what pausing, resuming or cancelling would do, and change nothing; raises StateError where they would."""
    allowed = {CampaignState.PAUSED: PAUSABLE, CampaignState.CANCELLED: CANCELLABLE}.get(new, RESUMABLE)
    with changing(runtime, dry_run=True) as (conn, _):
        in_flight, pending = _count(conn, _IN_FLIGHT, campaign), _count(conn, _PENDING, campaign)
        _move(conn, campaign, allowed, new, "")
    return Change(new, in_flight, pending if new is CampaignState.CANCELLED else 0)


def stop_if_all_refused(conn: Connection, campaign_id: int, code: str, sentence: str, now: int) -> None:
    """Pause a campaign whose message the platform refused three times with one code and never took.

    The refused rows go back to pending: it was not their fault, and a corrected message may reach them.
    """
    said = f"Stopped: the platform refused the message itself ({code}). {sentence} Correct it, then launch again."
    if conn.execute(_STOPPED_SO, {"sentence": said, "id": campaign_id}).first():
        # The answer of a call that was out when others stopped it.
        withdrawal.return_failed(conn, campaign_id, code)
        return
    if _count_of(conn, _ACCEPTED, campaign_id) or _count_of(conn, _REFUSED, campaign_id) < _REFUSALS_STOP:
        return
    if withdrawal.failed_with(conn, campaign_id, code) < _REFUSALS_STOP:
        return
    if conn.execute(_STOP, {"sentence": said, "id": campaign_id}).rowcount:
        withdrawal.return_failed(conn, campaign_id, code)
        events.record(conn, now, "campaign.stopped", "worker", said, campaign_id=campaign_id)


def _withdraw(runtime: Runtime, campaign: Campaign) -> int:
    with runtime.writing() as conn:
        return withdrawal.withdraw(conn, campaign.id or 0, DeliveryState.CANCELLED, Reason.CANCELLED)


def _move(
    conn: Connection, campaign: Campaign, allowed: tuple[CampaignState, ...], new: CampaignState, sentence: str
) -> None:
    for old in allowed:
        facts = {"old": old.value, "new": new.value, "sentence": sentence, "id": campaign.id}
        if conn.execute(_SET, facts).rowcount:
            return
    raise StateError(
        f"{campaign.name} is {_state(conn, campaign)}; only a campaign that is {_either(allowed)} can become {new}."
    )


def _either(states: tuple[CampaignState, ...]) -> str:
    *others, last = (state.replace("_", " ") for state in states)
    return f"{', '.join(others)} or {last}" if others else last


def _state(conn: Connection, campaign: Campaign) -> str:
    return str(conn.execute(text("SELECT state FROM campaign WHERE id = :id"), {"id": campaign.id}).scalar_one())


def _count(conn: Connection, query: TextClause, campaign: Campaign) -> int:
    return _count_of(conn, query, campaign.id or 0)


def _count_of(conn: Connection, query: TextClause, campaign_id: int) -> int:
    return int(conn.execute(query, {"id": campaign_id}).scalar_one())
