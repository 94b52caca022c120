"""What several campaigns came to together."""

from pydantic import BaseModel, Field

from schemas.campaign_state import CampaignState

_COUNTS = [{"rejected": 12, "duplicate": 3, "accepted": 4_985}]


class CampaignLine(BaseModel):
    """One of the campaigns; `replied` people answered it, `opted_out` of them said stop."""

    id: str = Field(examples=["k7m2x9qa"])
    name: str = Field(examples=["Spring"])
    state: CampaignState = Field(examples=["finished"])
    launched_at: str | None = Field(examples=["2026-12-01T08:00:00.000Z"])
    started_at: str | None = Field(examples=["2026-12-01T08:00:01.000Z"])
    finished_at: str | None = Field(examples=["2026-12-01T09:10:00.000Z"])
    total: int = Field(examples=[5_000])
    counts: dict[str, int] = Field(examples=_COUNTS)
    replied: int = Field(examples=[240])
    opted_out: int = Field(examples=[12])


class PageLine(BaseModel):
    """One page over all of the campaigns; `name` is null for rows that never came to have one."""

    name: str | None = Field(examples=["acme"])
    channel: str | None = Field(examples=["instagram"])
    campaigns: int = Field(examples=[2])
    total: int = Field(examples=[5_000])
    counts: dict[str, int] = Field(examples=_COUNTS)


class ReasonLine(BaseModel):
    """How many rows a reason accounts for, what it means, and what to do."""

    reason: str = Field(examples=["window_closed"])
    rows: int = Field(examples=[40])
    sentence: str = Field(examples=["The window had closed."])
    next_step: str = Field(examples=["Wait until they write."])


class Several(BaseModel):
    """The totals of several campaigns, which are those of its campaigns and those of its pages, and add up.

    A person who is in two of them counts twice: once for each row of a list. `since` and `until` are of the span that
    was asked for.
    """

    since: str | None = Field(examples=["2026-11-30T00:00:00.000Z"])
    until: str | None = Field(examples=["2026-12-07T00:00:00.000Z"])
    total: int = Field(examples=[5_000])
    counts: dict[str, int] = Field(examples=_COUNTS)
    equation: str = Field(examples=["5,000 rows = 12 rejected + 3 duplicate + 4,985 accepted"])
    replied: int = Field(examples=[240])
    opted_out: int = Field(examples=[12])
    reasons: list[ReasonLine]
    pages: list[PageLine]
    campaigns: list[CampaignLine]
