"""Campaigns, looked at."""

from pydantic import BaseModel, Field

from schemas.campaign_state import CampaignState
from schemas.status import Status


class Summary(BaseModel):
    """A campaign in the list; `rows` are those of its ledger, 0 before the launch."""

    id: str = Field(examples=["k7m2x9qa"])
    name: str = Field(examples=["Spring"])
    state: CampaignState
    rows: int
    created_at: str
    start_at: str | None
    launched_at: str | None
    finished_at: str | None


class Standing(Status):
    """How a campaign stands; `warnings` are about the installation, such as refused webhooks."""

    warnings: list[str]
