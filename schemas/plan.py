"""What will happen before it happens: counts by reason, the forecast, and the token that binds a launch to it."""

from pydantic import BaseModel


class PagePlan(BaseModel):
    """One page's share of a plan. Rates in messages per second, times ISO 8601 in UTC.

    `lost` people are eligible now but close before their turn. `lowest_rate` loses nobody from the planned start;
    `latest_start` loses nobody at the planned rate; both are None where no window limits them.
    `bottleneck` names the smallest bucket.
    """

    name: str
    eligible: int
    lost: int
    rate: float
    bottleneck: str
    finish_at: str | None
    lowest_rate: float | None
    latest_start: str | None


class Plan(BaseModel):
    """`eligible` will be sent to; `skipped` maps each reason to its people; the rest of the rows are unusable."""

    token: str
    eligible: int
    skipped: dict[str, int]
    rejected: int
    duplicates: int
    total: int
    lost: int
    finish_at: str | None
    lowest_rate: float | None
    latest_start: str | None
    pages: list[PagePlan]
    findings: list[str] = []
    blanks: dict[str, int] = {}
    """Variable → people whose cell is blank, defaults included."""
