"""Somebody looked at the conversations and decides about rows whose outcome is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, text

from campaigns import events
from campaigns.errors import InputError, StateError
from campaigns.ledger import revival
from campaigns.lifecycle.reopen import bring_back, refuse_closed
from campaigns.lifecycle.rescreen import by_reason, rescreen, rows_in, told
from campaigns.moments import people
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.decision import Verdict
from schemas.delivery import DeliveryState
from schemas.reason import Reason

_OF_PERSON = text("""
    SELECT delivery.state FROM lane JOIN page ON page.id = lane.page_id
    JOIN delivery ON delivery.sender_id = page.sender_id AND delivery.recipient_id = :recipient_id
        AND delivery.campaign_id = lane.campaign_id AND delivery.page_id = page.id
    WHERE lane.campaign_id = :campaign_id
""")
_STATE = text("SELECT state FROM campaign WHERE id = :id")


_BECOMES = {
    Verdict.SENT: (DeliveryState.ASSUMED_SENT, None),
    Verdict.NOT_SENT: (DeliveryState.FAILED, Reason.OUTCOME_UNKNOWN),
}


@dataclass(frozen=True)
class Doubt:
    """Whom a verdict is about; `kept` counts, by why, those who cannot be sent to again and stay unknown."""

    verdict: Verdict
    people: pl.DataFrame
    kept: dict[str, int]
    rates: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The campaign's state afterwards, and how many rows were in doubt and are not any more."""

    state: CampaignState
    people: int


def examine(
    runtime: Runtime, campaign: Campaign, verdict: Verdict, environment: Mapping[str, str], recipient: str | None = None
) -> Doubt:
    """Say whom a verdict would be about: everybody in doubt, or one person.

    Changes nothing. Nobody in doubt is an empty answer, and so is a person who was resolved in this way already. Raises
    InputError for a person who is not in the campaign, StateError for one who is not in doubt.
    """
    rows = rows_in(runtime, campaign, DeliveryState.UNKNOWN)
    if recipient is not None:
        rows = rows.filter(pl.col("recipient_id") == recipient)
        if rows.is_empty():
            _refuse_certain(runtime, campaign, recipient, verdict)
    if verdict is not Verdict.SEND_AGAIN:
        return Doubt(verdict, rows, {}, {})
    refuse_closed(runtime, campaign, "send again")
    judged, rates = rescreen(runtime, campaign, environment, rows)
    people = judged.filter(pl.col("obstacle").is_null())
    return Doubt(verdict, people, by_reason(judged["obstacle"]), rates)


def resolve(runtime: Runtime, campaign: Campaign, doubt: Doubt, actor: str) -> Resolved:
    """Do what was examined; to send again takes an ended campaign up again. Raises StateError."""
    if doubt.verdict is Verdict.SEND_AGAIN:
        stays = f" {told(doubt.kept)} stay unknown." if doubt.kept else ""
        said = f"Resolved: {doubt.people.height:,} people in doubt are sent to again, at the risk of twice.{stays}"
        before, rows = DeliveryState.UNKNOWN, doubt.people
        return Resolved(
            *bring_back(runtime, campaign, before, rows, doubt.rates, verb="resolved", sentence=said, actor=actor)
        )
    state, reason = _BECOMES[doubt.verdict]
    with runtime.writing() as conn:
        n = revival.decide(conn, campaign.id or 0, state, reason, doubt.people["id"])
        if n:
            after = state.replace("_", " ")
            said = f"Resolved as {doubt.verdict}: {people(n)} went from unknown to {after}."
            events.record(conn, now_of(conn), "campaign.resolved", actor, said, campaign_id=campaign.id)
        return Resolved(_state(conn, campaign), n)


def _refuse_certain(runtime: Runtime, campaign: Campaign, recipient: str, verdict: Verdict) -> None:
    with runtime.reading() as conn:
        facts = {"recipient_id": recipient, "campaign_id": campaign.id}
        states = conn.execute(_OF_PERSON, facts).scalars().all()
    if not states:
        raise InputError(f"{recipient} is not in {campaign.name}. Give an id as the list has it.")
    after = DeliveryState.PENDING if verdict is Verdict.SEND_AGAIN else _BECOMES[verdict][0]
    if after not in states:
        raise StateError(
            f"{recipient} is {' and '.join(dict.fromkeys(states))} in {campaign.name}; only a row that is unknown can "
            f"be resolved. `pagecast explain {campaign.ref} {recipient}` says more."
        )


def _state(conn: Connection, campaign: Campaign) -> CampaignState:
    return CampaignState(conn.execute(_STATE, {"id": campaign.id}).scalar_one())
