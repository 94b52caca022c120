"""Rows of a launched campaign, screened anew: who may be sent to now, and with which words."""

from collections.abc import Mapping

import polars as pl
from sqlalchemy import text

from campaigns.lifecycle.plan import screen
from campaigns.runtime import Runtime, now_of
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState

_ROWS = text("""
    SELECT id, line, page_id, sender_id, recipient_id, chunk_id, reason, closes_at FROM delivery
    WHERE id BETWEEN :low AND :high AND campaign_id = :campaign_id AND state = :state ORDER BY id
""")
_TYPES: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "line": pl.Int64,
    "page_id": pl.Int64,
    "sender_id": pl.Int64,
    "recipient_id": pl.String,
    "chunk_id": pl.Int64,
    "reason": pl.String,
    "closes_at": pl.Int64,
}


def rows_in(runtime: Runtime, campaign: Campaign, state: DeliveryState) -> pl.DataFrame:
    """Return a campaign's rows in a state: id, line, page_id, sender_id, recipient_id, chunk_id, reason, closes_at."""
    bounds = {"low": campaign.first_id or 0, "high": campaign.last_id or 0}
    with runtime.reading() as conn:
        found = conn.execute(_ROWS, bounds | {"campaign_id": campaign.id, "state": state.value}).all()
    return pl.DataFrame([tuple(row) for row in found], schema=_TYPES, orient="row")


def rescreen(
    runtime: Runtime, campaign: Campaign, environment: Mapping[str, str], rows: pl.DataFrame
) -> tuple[pl.DataFrame, dict[int, float]]:
    """Return rows with `obstacle` (the reason why not, null for none), `variables` and `closes_at` as of now.

    A window that a later message has opened counts as open, whatever the list says. Beside them: messages per second
    of each page.
    """
    with runtime.reading() as conn:
        now = now_of(conn)
    judged, lanes = screen(runtime, campaign, environment, now, rows)
    known = judged.select(
        pl.col(stored.LINE).alias("line"),
        pl.coalesce(stored.RULE, screened.REASON).alias("obstacle"),
        pl.col(screened.VARIABLES).alias("variables"),
        pl.col(screened.CLOSING).alias("closes_at"),
    )
    joined = rows.lazy().drop("closes_at").join(known, on="line", how="left", maintain_order="left")
    return joined.collect(), {lane.page.page_id: lane.page.rate for lane in lanes}


def by_reason(reasons: pl.Series) -> dict[str, int]:
    """Count reasons, the most frequent first."""
    counted = reasons.drop_nulls().value_counts(name="n").sort(["n", reasons.name], descending=[True, False])
    return dict(counted.iter_rows())


def told(counts: Mapping[str, int]) -> str:
    """Return counts by reason in words."""
    return ", ".join(f"{n:,} {reason}" for reason, n in counts.items())


def total(counts: Mapping[str, int]) -> int:
    """Return how many people counts are about."""
    return sum(counts.values())
