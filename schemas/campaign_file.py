"""The campaign file: what a person writes in TOML. Unknown keys are errors; a few are reserved for later."""

import datetime as dt
import re
import unicodedata
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.channel import Channel, ProviderName
from schemas.message import Message, Part, QuickReply

PROFILES = {"cautious": 200 / 3600, "steady": 10.0, "fast": 36.0}
"""Messages per second of a page."""

RESERVED = frozenset(
    {
        "variants",
        "approval",
    }
)
"""Keys with a meaning to come: refused with "not yet" rather than ignored."""

CONTACTS = "@contacts"
"""A `list` that is no file: everyone whose window is open on the campaign's pages, as far as webhooks have told."""

REFERENCE = re.compile(r"@\{secret:[A-Za-z_][A-Za-z0-9_.-]*\}")
"""What a page's token is written as: the place where it is, never itself."""


PAGE_NAME_RULE = "Begin with a letter or a digit, and use letters, digits, spaces and _ . @ & + ( ) -, such as acme."
_IN_PAGE_NAMES = frozenset(" _.@&+()-")
_LONGEST_PAGE_NAME = 80


def is_page_name(name: str) -> bool:
    """Whether a page may be called so, in any script: it stands in addresses, and beside what people type."""
    inside = all(each.isalnum() or unicodedata.category(each)[0] == "M" or each in _IN_PAGE_NAMES for each in name)
    return name[:1].isalnum() and inside and not name.endswith(" ") and len(name) <= _LONGEST_PAGE_NAME


def _share(value: object) -> object:
    """Read `10%` as 0.1; what is no number is left to the type. Raises ValueError for nobody and for everybody."""
    found = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*(%?)\s*", value) if isinstance(value, str) else None
    share = float(found[1]) / (100 if found[2] else 1) if found else value
    if isinstance(share, int | float) and not 0 < share < 1:
        raise ValueError("it must be more than 0 % and less than 100 %")
    return share


# At the least, about one a day: the time between two slots is a whole number of microseconds, and has to stay one.
Rate = Annotated[float, Field(ge=0.00001, le=10_000)]
Share = Annotated[float, BeforeValidator(_share), Field(gt=0, lt=1)]
_STRICT = ConfigDict(extra="forbid", frozen=True)
_SPAN = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


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


def _day(value: object) -> object:
    """Read `Monday` and `Mon` as mon; raises ValueError for what is no day."""
    name = str(value).strip().lower()
    if not any(name in {day, full} for day, full in zip(DAYS, _FULL, strict=True)):
        raise ValueError(f'"{value}" is no day; write {", ".join(DAYS)}')
    return name[:3]


def _time(value: object) -> object:
    """Read a time of the day, a text or TOML's own; raises ValueError for anything else."""
    written = value.isoformat() if isinstance(value, dt.time) else str(value).strip()
    shaped = re.fullmatch(r"\d{1,2}:[0-5]\d(:[0-5]\d)?", written)
    if not shaped or seconds(written) > seconds("24:00"):
        raise ValueError(f'"{value}" is no time of the day; write it like "09:00"')
    return written


def seconds(time: str) -> int:
    """Return a time of the day as seconds since midnight."""
    return sum(int(part) * unit for part, unit in zip(time.split(":"), (3600, 60, 1), strict=False))


Day = Annotated[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], BeforeValidator(_day)]
Time = Annotated[str, BeforeValidator(_time)]
DAYS = get_args(get_args(Day)[0])
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class _Span(BaseModel):
    """From one time of the day to another, over midnight where it is the earlier one."""

    model_config = _SPAN

    begin: Time = Field(default="00:00", alias="from")
    end: Time = Field(default="24:00", alias="to")

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if seconds(self.begin) == seconds(self.end):
            raise ValueError(f'`from` and `to` are both "{self.begin}"; write two different times')
        return self


class Hours(_Span):
    """When it is sent: on these days, from and to these times; a span over midnight belongs to the day it begins on."""

    days: tuple[Day, ...] = Field(default=DAYS, min_length=1)


class Quiet(_Span):
    """When nothing is sent, by the clocks of each person's own zone or of the page's."""

    begin: Time = Field(alias="from")
    end: Time = Field(alias="to")
    zone: Literal["recipient", "page"] = "page"


class Schedule(BaseModel):
    """Moments are texts with an explicit zone (`2026-12-01 09:00 Europe/Paris`) or TOML times with an offset.

    `zone`, an IANA name, is that of `hours` and `quiet`: the page's; without it the one that `start` names, else UTC.
    """

    model_config = _STRICT

    zone: str | None = None
    hours: Hours | None = None
    quiet: Quiet | None = None
    start: str | dt.datetime | None = None
    not_after: str | dt.datetime | None = None
    keep_open_until: str | dt.datetime | None = None
    """Until then people whose window was closed get the message when they write."""
    late_start: Literal["ask", "skip", "send"] = "ask"
    """What becomes of a start that was missed by more than ten minutes."""
    repeat: str | None = None
    """When it goes out again, from `start` on: an RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=MO`."""


class PerPerson(BaseModel):
    """At most `count` messages to a person of an account in any `days` days, whichever campaigns they are of."""

    model_config = _STRICT

    count: int = Field(ge=1, le=1_000)
    days: float = Field(gt=0, le=366)

    @property
    def span_ms(self) -> int:
        """The days in milliseconds."""
        return round(self.days * 86_400_000)


class Limits(BaseModel):
    """`rate` is in messages per second for each page; `margin` a text like `5m` or a number of minutes."""

    model_config = _STRICT

    rate: Rate | None = None
    profile: Literal["cautious", "steady", "fast"] | None = None
    margin: str | float = 5.0
    per_person: PerPerson | None = None
    weight: float = Field(default=1.0, ge=0.01, le=100)
    """Its share of a page that other campaigns use too: 3 beside 1 has three quarters."""
    canary: int | None = Field(default=None, gt=0)
    """So many go out first; then the campaign pauses by itself, for somebody to look."""

    @property
    def ceiling(self) -> float | None:
        """The campaign's own rate, None where the page's counts."""
        return self.rate or (PROFILES[self.profile] if self.profile else None)


class Audience(BaseModel):
    """Who of the list is meant: those for whom `where` holds and whom no campaign of `exclude` has reached.

    `holdout` is the share of people who get nothing, so that the others can be compared with them. Of the rows that
    have the same value in the column `one_per`, one is sent to.
    `where` is an SQL expression over the list's columns; `exclude` holds names, ids or `last`. `min_left` is about
    `list = "@contacts"` alone: how long their windows must still be open, a text like `2h` or a number of minutes;
    without it, `limits.margin`.
    """

    model_config = _STRICT

    where: str | None = None
    exclude: tuple[str, ...] = ()
    holdout: Share | None = None
    one_per: str | None = None
    min_left: str | float | None = None


class PageEntry(BaseModel):
    """A page, as `[pages.NAME]` gives it; all but `token` and the account may come from the provider's defaults.

    `on_try_later` is about answers such as "try again later", after which a message may have gone out all the same.
    `hold`, the default, leaves the row unknown until evidence or a person decides, also where echoes come in: that they
    all do is for a person to say. `repeat` says it: ten minutes without an echo or receipt for the row, while others of
    the account do come in by webhook, and the message is sent again, three times at most; then it is
    `failed(provider_error)`. Without webhooks `repeat` does what `hold` does.

    `pull`, for Meta's pages, reads the account's conversations every minute while a campaign of the page is open.
    """

    model_config = _STRICT

    channel: Channel
    provider: ProviderName
    account_id: str
    token: str
    rate: Rate | None = None
    key_rate_per_minute: Rate | None = None
    on_try_later: Literal["hold", "repeat"] = "hold"
    trust_idempotency: bool = False
    pull: bool = False
    login: Literal["facebook", "instagram"] = "facebook"
    auth: Literal["x-api-key", "bearer"] = "x-api-key"
    base_url: str | None = None

    @model_validator(mode="after")
    def _pulls_what_there_is(self) -> Self:
        if self.pull and self.provider is not ProviderName.META:
            raise ValueError("`pull` reads conversations at Meta; a page of another provider has none")
        return self


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
