"""Campaigns, looked at."""

from pydantic import BaseModel, Field

from schemas.campaign_state import CampaignState
from schemas.occurrence_state import OccurrenceState
from schemas.status import Status


class Summary(BaseModel):
    """A campaign in the list; `rows` are those of its ledger, 0 before the launch.

    `next_at` is when one that repeats goes out next.
    """

    id: str = Field(examples=["k7m2x9qa"])
    name: str = Field(examples=["Spring"])
    state: CampaignState
    rows: int
    created_at: str
    start_at: str | None
    launched_at: str | None
    finished_at: str | None
    next_at: str | None = None


class Answered(BaseModel):
    """How many people with an accepted message answered, and how many opted out by that; a sentence where any did."""

    people: int
    opted_out: int
    sentence: str = Field(examples=["Replies: 123 (4.5 %), 12 opted out."])


class Moment(BaseModel):
    """One time that a campaign was to go out; `id` is the campaign that did, null where there is none."""

    at: str
    state: OccurrenceState
    sentence: str
    id: str | None


class Series(BaseModel):
    """A campaign that repeats: `next` is null where no moment is left, `moments` are the latest ones, last first."""

    zone: str
    next: str | None
    moments: list[Moment]


class Standing(Status):
    """How a campaign stands; `warnings` are about the installation, such as refused webhooks.

    `series` is there where it repeats. `exit_code` is what the command line ends with: 0, 5 where people wait for
    somebody to act, 6 for an end with failures or unknown rows.
    """

    warnings: list[str]
    series: Series | None = None
    exit_code: int = 0
