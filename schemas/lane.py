"""One page's share of one campaign: how it is reached, and where it stands."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from schemas.lane_state import LaneState

__all__ = ["Lane", "LaneState"]


class Lane(SQLModel, table=True):
    """Until `proven`, `trial` messages go out and an answer is awaited: three at first, one after a pause for doubt."""

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id")
    page_id: int = Field(primary_key=True, foreign_key="page.id")
    route: str
    """A `Route` as JSON: the page's with the campaign's settings over it."""
    total: int = 0
    proven: bool = False
    trial: int = 3
    asked: float = 0.0
    """Messages per second asked for: the smallest configured bucket."""
    buckets: str = "[]"
    """The keys of the buckets that every send of this lane passes, as a JSON list."""
    updated_at: int = Field(default=0, sa_type=BigInteger)
