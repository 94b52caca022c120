"""The campaign file: what a person writes in TOML. Unknown keys are errors; a few are reserved for later."""

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.message import Message, Part, QuickReply
from schemas.page import Channel, ProviderName

PROFILES = {"cautious": 200 / 3600, "steady": 10.0, "fast": 36.0}
"""Messages per second of a page."""

RESERVED = frozenset(
    {
        "schedule.keep_open_until",
        "schedule.repeat",
        "schedule.hours",
        "schedule.quiet",
        "limits.weight",
        "limits.canary",
        "limits.per_person",
        "audience.holdout",
        "audience.one_per",
        "variants",
        "approval",
    }
)
"""Keys with a meaning to come: refused with "not yet" rather than ignored."""

REFERENCE = re.compile(r"@\{secret:[A-Za-z_][A-Za-z0-9_.-]*\}")
"""What a page's token is written as: the place where it is, never itself."""

Rate = Annotated[float, Field(gt=0, le=10_000)]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Columns(BaseModel):
    """Which header of the list holds what; only where a header differs from the canonical name."""

    model_config = _STRICT

    recipient_id: str | None = None
    page: str | None = None
    last_inbound_at: str | None = None
    window_closes_at: str | None = None
    opted_out: str | None = None
    timezone: str | None = None
    zone: str | None = None
    """The zone of times that name none."""

    @property
    def given(self) -> dict[str, str]:
        """Canonical name → header, without `zone`."""
        return self.model_dump(exclude_none=True, exclude={"zone"})


class MessageText(BaseModel):
    """The message: one text with its quick replies, or several `parts` sent in order."""

    model_config = _STRICT

    text: str | None = None
    quick_replies: tuple[QuickReply, ...] = ()
    parts: tuple[Part, ...] = ()
    tag: str | None = None

    @property
    def message(self) -> Message:
        """The message as it is stored; raises ValueError unless there is either a text or parts."""
        if (self.text is None) == (not self.parts):
            raise ValueError("[message] needs either `text` or `parts`")
        parts = self.parts or (Part(text=self.text or "", quick_replies=self.quick_replies),)
        return Message(parts=parts, tag=self.tag)


class Schedule(BaseModel):
    """Moments are texts with an explicit zone (`2026-12-01 09:00 Europe/Paris`) or TOML times with an offset."""

    model_config = _STRICT

    start: str | dt.datetime | None = None
    not_after: str | dt.datetime | None = None
    late_start: Literal["ask", "skip", "send"] = "ask"
    """What becomes of a start that was missed by more than ten minutes."""


class Limits(BaseModel):
    """`rate` is in messages per second for each page; `margin` a text like `5m` or a number of minutes."""

    model_config = _STRICT

    rate: Rate | None = None
    profile: Literal["cautious", "steady", "fast"] | None = None
    margin: str | float = 5.0

    @property
    def ceiling(self) -> float | None:
        """The campaign's own rate, None where the page's counts."""
        return self.rate or (PROFILES[self.profile] if self.profile else None)


class Audience(BaseModel):
    """Who of the list is meant: those for whom `where` holds and whom no campaign of `exclude` has reached.

    `where` is an SQL expression over the list's columns; `exclude` holds names, ids or `last`.
    """

    model_config = _STRICT

    where: str | None = None
    exclude: tuple[str, ...] = ()


class PageEntry(BaseModel):
    """A page, as `[pages.NAME]` gives it; all but `token` and the account may come from the provider's defaults."""

    model_config = _STRICT

    channel: Channel
    provider: ProviderName
    account_id: str
    token: str
    rate: Rate | None = None
    key_rate_per_minute: Rate | None = None
    on_try_later: Literal["hold", "repeat"] = "hold"
    trust_idempotency: bool = False
    login: Literal["facebook", "instagram"] = "facebook"
    auth: Literal["x-api-key", "bearer"] = "x-api-key"
    base_url: str | None = None


class CampaignFile(BaseModel):
    """One campaign, as written."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=200)
    list: str
    page: str | None = None
    policy: Literal["strict", "provider"] = "strict"
    strict: bool = False
    """Whether a single row that is rejected or a duplicate refuses the whole list."""
    columns: Columns = Columns()
    message: MessageText
    schedule: Schedule = Schedule()
    limits: Limits = Limits()
    audience: Audience = Audience()
    pages: dict[str, PageEntry] = {}
