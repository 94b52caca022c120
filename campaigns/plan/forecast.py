"""The plan that people read and confirm: counts by reason, the forecast, findings, and the token that binds them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from campaigns.plan.division import Division, Outlook
from schemas.delivery import DUPLICATE, REJECTED, DeliveryState
from schemas.message import Message
from schemas.plan import PagePlan, Plan
from schemas.reason import Reason

_TOKEN_LENGTH = 12

_OF_TIME = (
    Reason.WINDOW_NEVER_OPENED,
    Reason.WINDOW_CLOSED,
    Reason.CLOSES_BEFORE_TURN,
    Reason.DEADLINE_PASSED,
    Reason.FREQUENCY_CAP,
    Reason.QUIET_HOURS,
)
"""What people move into and out of while a plan is read: windows close, messages open them, a cap's days pass."""

_WINDOWLESS = (
    "The list does not say when anybody last wrote, so nobody can be sent to. Add a column last_inbound_at or "
    'window_closes_at, or set policy = "provider" to let the provider judge.'
)


def forecast(division: Division, *, token: str, findings: Sequence[str] = ()) -> Plan:
    """Return the plan of a division, with the findings of the message before its own."""
    counts = division.tallies.group_by("state", "reason").agg(pl.col("n").sum()).sort("reason")
    by_state = dict(counts.group_by("state").agg(pl.col("n").sum()).iter_rows())
    skipped = counts.filter(pl.col("state") == str(DeliveryState.SKIPPED)).select("reason", "n")
    outlooks = division.outlooks
    return Plan(
        token=token,
        eligible=by_state.get(DeliveryState.PENDING, 0),
        skipped=dict(skipped.iter_rows()),
        rejected=by_state.get(REJECTED, 0),
        duplicates=by_state.get(DUPLICATE, 0),
        total=sum(by_state.values()),
        lost=sum(outlook.lost for outlook in outlooks),
        finish_at=_up(max((at for o in outlooks if (at := o.finish_at) is not None), default=None)),
        lowest_rate=max((rate for o in outlooks if (rate := o.lowest_rate) is not None), default=None),
        latest_start=_down(min((at for o in outlooks if (at := o.latest_start) is not None), default=None)),
        pages=[_page(outlook) for outlook in outlooks],
        findings=[*findings, *([_WINDOWLESS] if division.windowless else [])],
        blanks=division.blanks,
    )


def token(
    *,
    message: Message,
    list_id: str,
    division: Division,
    limits: Mapping[str, Any],
    schedule: Mapping[str, Any],
    audience: Mapping[str, Any],
    routes: Mapping[str, Any],
) -> str:
    """Return a short hash of content, audience, limits, schedule and routes; the four last are JSON values.

    Give the schedule as it was typed: a start that means "now" must not become a time. People whose window closes
    or opens while the plan is being read do not change the token: eligible ones count together with those whom only
    time holds. Where each customer gets one message, which row gets it is a matter of windows too. An opt-out does.
    """
    of_time = (*_OF_TIME, Reason.EXCLUDED) if audience.get("one_per") else _OF_TIME
    content = {
        "message": message.model_dump(mode="json"),
        "list": list_id,
        "audience": [audience, _counts(division, of_time)],
        "pages": [[o.page.page_id, o.page.sender_id, o.page.channel, o.page.rate] for o in division.outlooks],
        "limits": limits,
        "schedule": schedule,
        "routes": routes,
    }
    written = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:_TOKEN_LENGTH]


def _counts(division: Division, of_time: Sequence[Reason]) -> list[list[Any]]:
    """Return the counts by page, state and reason, without what changes by itself from one second to the next."""
    timed = pl.col("reason").is_in([str(reason) for reason in of_time])
    steady = division.tallies.select(
        "page_id",
        pl.when(timed).then(pl.lit(str(DeliveryState.PENDING))).otherwise("state").alias("state"),
        pl.when(timed).then(pl.lit("")).otherwise("reason").alias("reason"),
        "n",
    )
    counted = steady.group_by("page_id", "state", "reason").agg(pl.col("n").sum())
    return [list(row) for row in counted.sort("page_id", "state", "reason").iter_rows()]


def _page(outlook: Outlook) -> PagePlan:
    return PagePlan(
        name=outlook.page.name,
        eligible=outlook.eligible,
        lost=outlook.lost,
        rate=outlook.page.rate,
        bottleneck=outlook.page.bottleneck,
        finish_at=_up(outlook.finish_at),
        lowest_rate=outlook.lowest_rate,
        latest_start=_down(outlook.latest_start),
    )


def _up(at: int | None) -> str | None:
    """Return the time to the second, not earlier than it is."""
    return None if at is None else datetime.fromtimestamp(-(-at // 1000), UTC).isoformat()


def _down(at: int | None) -> str | None:
    """Return the time to the second, not later than it is."""
    return None if at is None else datetime.fromtimestamp(at // 1000, UTC).isoformat()
