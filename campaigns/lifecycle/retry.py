"""Sending anew to people who did not get it: failed, set aside, or cancelled; each of them screened again first."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from campaigns.lifecycle.reopen import bring_back, refuse_closed
from campaigns.lifecycle.rescreen import by_reason, rescreen, rows_in, told, total
from campaigns.runtime import Runtime
from schemas.campaign import Campaign, CampaignState
from schemas.decision import Scope
from schemas.delivery import DeliveryState
from schemas.reason import Reason, about

_JUDGED_ANEW = frozenset(
    {
        Reason.OPTED_OUT,
        Reason.WINDOW_NEVER_OPENED,
        Reason.WINDOW_CLOSED,
        Reason.CLOSES_BEFORE_TURN,
        Reason.BLANK_VARIABLE,
        Reason.TEXT_TOO_LONG,
        Reason.FREQUENCY_CAP,
        Reason.DEADLINE_PASSED,
        Reason.STALE_START,
    }
)
"""Why people are set aside that screening can see anew; the others are somebody's decision and stay."""


@dataclass(frozen=True)
class Retrial:
    """What a retry would do. `again` counts who will be sent to by the reason they have, `kept` who will not by why."""

    scope: Scope
    again: dict[str, int]
    kept: dict[str, int]
    people: pl.DataFrame
    rates: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Retried:
    """The campaign's state afterwards, and how many people are pending again."""

    state: CampaignState
    people: int


def examine(runtime: Runtime, campaign: Campaign, scope: Scope, environment: Mapping[str, str]) -> Retrial:
    """Say who would be sent to again. Changes nothing; raises StateError and InputError."""
    refuse_closed(runtime, campaign, "retry")
    rows = rows_in(runtime, campaign, DeliveryState(scope.value))
    judged, rates = rescreen(runtime, campaign, environment, rows)
    why_not = judged.with_columns(
        pl.when(~pl.col("reason").is_in(_hopeful(scope)).fill_null(value=True))
        .then("reason")
        .otherwise("obstacle")
        .alias("obstacle")
    )
    people = why_not.filter(pl.col("obstacle").is_null())
    return Retrial(scope, by_reason(people["reason"]), by_reason(why_not["obstacle"]), people, rates)


def retry(runtime: Runtime, campaign: Campaign, retrial: Retrial, actor: str) -> Retried:
    """Do what was examined: an ended campaign goes on, a paused one stays paused. Raises StateError."""
    kept = f"; {total(retrial.kept):,} stay {retrial.scope} ({told(retrial.kept)})" if retrial.kept else ""
    said = f"Retry: {retrial.people.height:,} {retrial.scope} people are pending again ({told(retrial.again)}){kept}."
    state, people = bring_back(
        runtime,
        campaign,
        DeliveryState(retrial.scope.value),
        retrial.people,
        retrial.rates,
        verb="retried",
        sentence=said,
        actor=actor,
    )
    return Retried(state, people)


def _hopeful(scope: Scope) -> list[str]:
    """Return the reasons that a retry may undo."""
    if scope is Scope.FAILED:
        # What failed without an answer is what somebody settled as not sent.
        return [str(reason) for reason in Reason if about(reason).retryable or reason is Reason.OUTCOME_UNKNOWN]
    if scope is Scope.SKIPPED:
        return [str(reason) for reason in _JUDGED_ANEW]
    return [str(reason) for reason in Reason]
