"""How a campaign stands now: the one shape that CLI, API and report show."""

from pydantic import BaseModel, Field

from schemas.campaign_state import CampaignState
from schemas.lane_state import LaneState


class Rates(BaseModel):
    """Messages per second: what was configured, what the limiter allows now, what was reached lately."""

    asked: float
    allowed: float
    achieved: float


class PageStatus(BaseModel):
    """One page of a campaign; `until` is ISO 8601, or None where only a person ends the wait."""

    name: str
    state: LaneState
    sentence: str
    until: str | None
    counts: dict[str, int]
    rate: Rates


class Status(BaseModel):
    """`counts` always has every key of `schemas.delivery.COUNTED` and adds up to `total`.

    `reasons` counts every row that has one; `failures` is the part of it that belongs to failed rows, which decides
    the exit code; it is not part of the JSON.
    """

    id: str
    name: str
    state: CampaignState
    sentence: str
    total: int
    counts: dict[str, int]
    reasons: dict[str, int]
    failures: dict[str, int] = Field(default={}, exclude=True)
    rate: Rates
    eta: str | None
    in_flight: int
    pages: list[PageStatus]
