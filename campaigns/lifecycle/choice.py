"""What a campaign file chooses among the people who could get it: caps, hold-outs, one row a customer."""

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Connection, text

from campaigns.moments import dated, people
from campaigns.plan.division import Division
from campaigns.policy.twins import IN_HAND
from schemas import recipient_list as stored
from schemas.campaign import Campaign
from schemas.campaign_file import CampaignFile
from schemas.delivery import DeliveryState
from schemas.reason import Reason

_IN_HAND = text("""
    SELECT line FROM delivery WHERE id BETWEEN :low AND :high AND campaign_id = :id
    AND state IN ('pending', 'sending', 'accepted', 'delivered', 'read', 'unknown', 'assumed_sent')
""")


def standing(
    conn: Connection, campaign: Campaign, file: CampaignFile, again: pl.DataFrame | None
) -> pl.LazyFrame | None:
    """Return which rows of a launched campaign may stand for their customers, as `campaigns.policy.twins` asks for it.

    Those are the rows that are looked at `again`, and those that have the message or will. None for a plan.
    """
    if again is None or file.audience.one_per is None:
        return None
    bounds = {"low": campaign.first_id or 0, "high": campaign.last_id or 0, "id": campaign.id}
    lines = conn.execute(_IN_HAND, bounds).scalars().all()
    looked_at = again.select(pl.col("line").alias(stored.LINE), pl.lit(value=False).alias(IN_HAND))
    in_hand = pl.DataFrame({stored.LINE: lines}, schema={stored.LINE: pl.Int64}).with_columns(
        pl.lit(value=True).alias(IN_HAND)
    )
    return pl.concat([looked_at, in_hand]).unique(stored.LINE, keep="first", maintain_order=True).lazy()


def told(file: CampaignFile, division: Division) -> Iterator[str]:
    """Say what the choices of a campaign file come to."""
    skipped = division.rows.lazy().filter(pl.col("state") == str(DeliveryState.SKIPPED)).group_by("reason").len()
    counts = dict(skipped.collect().iter_rows())
    cap, share = file.limits.per_person, file.audience.holdout
    if cap and (n := counts.get(Reason.FREQUENCY_CAP)) and division.free_at is not None:
        said = f"Held back for having had {_messages(cap.count)} within {cap.days:g} day{'' if cap.days == 1 else 's'}"
        yield f"{said}: {people(n)}, the first of them until {dated(division.free_at)}."
    if share and (n := counts.get(Reason.HOLDOUT)):
        yield f"Held out, to compare the others with: {people(n)}, drawn as {100 * share:.3g} % of the list."
    if n := division.twins:
        rows = "1 row gives" if n == 1 else f"{n:,} rows give"
        yield f"{rows} way to another of the same {file.audience.one_per}, so that each gets one message."


def _messages(n: int) -> str:
    return "a message" if n == 1 else f"{n:,} messages"
