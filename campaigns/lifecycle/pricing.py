"""What a plan will cost by a rate card."""

import polars as pl

from campaigns import cost
from campaigns.cost import Cost, RateCard, Sending
from campaigns.lifecycle.plan import Planned
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState
from schemas.message import Message


def price(planned: Planned, campaign: Campaign, card: RateCard) -> Cost:
    """Return the estimate for everybody eligible. Raises InputError."""
    return cost.estimate(card, sendings(planned, campaign))


def sendings(planned: Planned, campaign: Campaign) -> list[Sending]:
    """Return how many messages each provider and channel would carry; a window counts as open where it is known."""
    parts = len(Message.model_validate_json(campaign.message).parts)
    rows = planned.division.rows.lazy().filter(pl.col("state") == str(DeliveryState.PENDING))
    counted = rows.group_by("page_id").agg(pl.len(), pl.col("closes_at").count()).collect()
    people = {page_id: (n * parts, inside * parts) for page_id, n, inside in counted.iter_rows()}
    return [
        Sending(lane.page.channel, lane.provider, *people[lane.page.page_id])
        for lane in planned.lanes
        if lane.page.page_id in people
    ]
