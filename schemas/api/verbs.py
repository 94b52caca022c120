"""What is done with campaigns: what each verb is told, and what it says it did."""

from pydantic import BaseModel, ConfigDict, Field

from schemas.api.campaigns import Summary
from schemas.campaign_file import MessageText, Rate
from schemas.campaign_state import CampaignState
from schemas.channel import Channel, ProviderName
from schemas.decision import Scope, Verdict
from schemas.meeting import Meeting
from schemas.sample import Sample

_STRICT = ConfigDict(extra="forbid")


class Drafted(Summary):
    """A draft; `notes` are sentences about its list, message and pages."""

    notes: list[str]


class Met(BaseModel):
    """What a campaign file finds that was run before: nothing (`new`), its run, or one that differs since it ended.

    `overlap` counts the people of its list whom that one reached; `notes` are as for a draft.
    """

    meeting: Meeting
    campaign: Summary | None
    overlap: int
    notes: list[str]


class Load(BaseModel):
    """Messages that one channel of a provider is to carry; `inside` of them go into windows known to be open."""

    channel: Channel
    provider: ProviderName
    messages: int
    inside: int


class Discarded(BaseModel):
    """A draft that is gone, and the pages that it alone had brought."""

    id: str = Field(examples=["k7m2x9qa"])
    name: str = Field(examples=["Spring"])
    pages: list[str] = Field(examples=[["acme"]])


class Launch(BaseModel):
    """The plan that is confirmed."""

    model_config = _STRICT

    token: str = Field(description="Of the plan; it is that of exactly this content, audience and limits.")


class Clone(BaseModel):
    """What the copy is called."""

    model_config = _STRICT

    name: str | None = Field(None, min_length=1, max_length=200, description="Without it, the same with `copy`.")
    dry_run: bool = Field(False, description="Say what would be made, and make nothing.")


class Again(BaseModel):
    """Whom to send to again."""

    model_config = _STRICT

    scope: Scope
    dry_run: bool = Field(False, description="Say who it would be, and change nothing.")


class Decision(BaseModel):
    """What somebody decided who looked at the conversations."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    verdict: Verdict = Field(alias="as")
    recipient_id: str | None = Field(None, description="One person; else everyone whose outcome is unknown.")
    dry_run: bool = Field(False, description="Say who it would be, and change nothing.")


class Correction(BaseModel):
    """The message as it should have been."""

    model_config = _STRICT

    message: MessageText
    dry_run: bool = Field(False, description="Say whom it would reach, with samples, and change nothing.")


class Wanted(BaseModel):
    """What is to change; what is left out stays."""

    model_config = _STRICT

    rate: Rate | None = Field(None, description="Messages per second of a page, at most.")
    weight: float | None = Field(None, description="Its share of a page that other campaigns use too.")
    hours: str | None = Field(None, description="When it is sent, or `none`.", examples=["mon-fri 09:00-20:00"])
    quiet: str | None = Field(None, description="When nothing is sent, or `none`.", examples=["21:00-08:00"])
    zone: str | None = Field(None, description="The zone of both.", examples=["Europe/Paris"])
    dry_run: bool = Field(False, description="Say what it would come to, and change nothing.")


class Altered(BaseModel):
    """What a change comes to, in sentences; `warnings` are about rates that platforms may not bear."""

    state: CampaignState
    changes: list[str]
    warnings: list[str]
    dry_run: bool


class Changed(BaseModel):
    """What a verb did: `in_flight` calls are still out and will be settled; `also` was changed with it.

    Of a dry run it is what would be: `state` is the one that it would lead to, `withdrawn` whom it would take the turn.
    """

    id: str = Field(examples=["k7m2x9qa"])
    state: CampaignState
    in_flight: int
    withdrawn: int
    also: list[str]
    dry_run: bool


class Retried(BaseModel):
    """Who is sent to again by the reason they had, and who is not by why."""

    state: CampaignState
    people: int
    again: dict[str, int]
    kept: dict[str, int]
    dry_run: bool


class Resolved(BaseModel):
    """How many rows are in doubt no more, and who stays so by why."""

    state: CampaignState
    people: int
    kept: dict[str, int]
    dry_run: bool


class Revised(BaseModel):
    """Who gets the corrected message, and who not for its words; `freed` could get it by a retry of the skipped."""

    revision: int
    pending: int
    skipped: dict[str, int]
    freed: int
    findings: list[str]
    samples: list[Sample]
    dry_run: bool


class Panic(BaseModel):
    """How many campaigns were sending or scheduled, and are paused now."""

    paused: int
