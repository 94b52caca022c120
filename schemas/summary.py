"""The report in numbers: what `summary.json` holds."""

from pydantic import BaseModel

from schemas.groups import Groups
from schemas.plan import Plan
from schemas.replies import Replies
from schemas.status import Status


class Happening(BaseModel):
    """One event: a verb, a throttle, a parked page."""

    at: str
    kind: str
    actor: str
    sentence: str


class ReasonCount(BaseModel):
    """How many rows a reason accounts for, what it means, and the platform's own codes behind it."""

    reason: str
    rows: int
    sentence: str
    next_step: str
    codes: dict[str, int]


class Pace(BaseModel):
    """Messages per second. `average` runs from the first to the last acceptance, `peak` is the best interval."""

    asked: float
    average: float | None
    peak: float | None


class Interval(BaseModel):
    """Messages accepted in each interval of `seconds` from `start` on."""

    start: str
    seconds: float
    accepted: list[int]


class Times(BaseModel):
    """When things happened, ISO 8601 in UTC; None for what has not come."""

    created: str
    launched: str | None
    started: str | None
    first_accepted: str | None
    last_accepted: str | None
    finished: str | None
    reported: str


class Summary(BaseModel):
    """Everything the report says about the campaign as a whole."""

    status: Status
    equation: str
    exit_code: int
    channels: list[str]
    page_channels: dict[str, str]
    times: Times
    pace: Pace
    replied: int
    replies: Replies
    groups: Groups | None = None
    reasons: list[ReasonCount]
    findings: list[str]
    progress: Interval | None
    events: list[Happening]
    event_counts: dict[str, int]
    plan: Plan | None
