"""What is done with campaigns: submitted, planned, launched, stopped, and taken back."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator

from campaigns import campaign_file, uploads
from campaigns.access import Right
from campaigns.errors import InputError
from campaigns.lifecycle import control, recognise
from campaigns.lifecycle import resolve as resolving
from campaigns.lifecycle import retry as retrying
from campaigns.lifecycle import revise as revising
from campaigns.lifecycle.change import Wishes
from campaigns.lifecycle.change import change as alter
from campaigns.lifecycle.clone import clone as copy
from campaigns.lifecycle.control import Change
from campaigns.lifecycle.launch import launch as start
from campaigns.lifecycle.plan import plan as make
from campaigns.lifecycle.preview import Sample
from campaigns.lifecycle.resolve import Verdict
from campaigns.lifecycle.retry import Scope
from campaigns.lifecycle.submit import check
from campaigns.web.api.campaigns import Ref, Summary, summary
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import Answer, said
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CONTACTS, CampaignFile, MessageText
from schemas.plan import Plan

router = APIRouter(tags=["campaigns"])

_STRICT = ConfigDict(extra="forbid")
_EXAMPLE = {
    "name": "Spring",
    "list": "lst_0123456789abcdef0123456789abcdef",
    "page": "acme",
    "message": {
        "text": "Hi {{ first_name | default('there') }}, the new menu is out.",
        "quick_replies": [{"title": "Show me", "payload": "MENU"}],
    },
    "schedule": {"start": "2026-12-01 09:00 Europe/Paris"},
    "limits": {"rate": 20},
}


def _parsed(value: Any, handler: ValidatorFunctionWrapHandler) -> CampaignFile:
    """Read what is written as a campaign file is read: with its sentences for unknown keys and those to come."""
    return campaign_file.parse(value) if isinstance(value, dict) else handler(value)


Written = Annotated[
    CampaignFile,
    WrapValidator(_parsed),
    Body(description="A campaign file as JSON; `list` is the id of a list, or `@contacts`.", examples=[_EXAMPLE]),
]


class Drafted(Summary):
    """A draft; `notes` are sentences about its list, message and pages."""

    notes: list[str]


class Launch(BaseModel):
    """The plan that is confirmed."""

    model_config = _STRICT

    token: str = Field(description="Of the plan; it is that of exactly this content, audience and limits.")


class Clone(BaseModel):
    """What the copy is called."""

    model_config = _STRICT

    name: str | None = Field(None, min_length=1, max_length=200, description="Without it, the same with `copy`.")


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

    rate: float | None = Field(None, gt=0, le=10_000, description="Messages per second of a page, at most.")
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
    """What a verb did: `in_flight` calls are still out and will be settled; `also` was changed with it."""

    id: str = Field(examples=["k7m2x9qa"])
    state: CampaignState
    in_flight: int
    withdrawn: int
    also: list[str]


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


@router.post("/campaigns", status_code=201, **may(Right.SUBMIT))
async def submit(desk: Here, file: Written) -> Answer[Drafted]:
    """Keep a campaign as a draft; the same one again is the same draft. `[pages]` are for who may change pages."""
    if file.pages:
        # A page says where a secret goes: whoever may not add one must not bring one along.
        desk.need(Right.CHANGE_PAGES)
    return said(await desk.heavily(lambda: _drafted(desk, file)))


@router.post("/campaigns/{ref}/plan", **may(Right.PLAN))
async def plan(desk: Here, ref: Ref) -> Answer[Plan]:
    """Say what a launch would do: counts by reason, the forecast, and the token that a launch needs."""
    return said(await desk.heavily(lambda: make(desk.runtime, desk.campaign(ref), desk.environment, desk.now()).plan))


@router.post("/campaigns/{ref}/launch", **may(Right.LAUNCH))
async def launch(desk: Here, ref: Ref, confirmed: Launch) -> Answer[Summary]:
    """Launch a draft as its plan says; said twice with one token, it is launched once."""
    return said(await desk.heavily(lambda: summary(_launched(desk, ref, confirmed.token))))


@router.post("/campaigns/{ref}/pause", **may(Right.PAUSE))
def pause(desk: Here, ref: Ref) -> Answer[Changed]:
    """Stop sending within a second; what is on the wire ends and is settled."""
    found = desk.campaign(ref)
    return said(_changed(found, control.pause(desk.runtime, found, desk.actor)))


@router.post("/campaigns/{ref}/resume", **may(Right.RESUME))
def resume(desk: Here, ref: Ref) -> Answer[Changed]:
    """Go on with a paused campaign."""
    found = desk.campaign(ref)
    return said(_changed(found, control.resume(desk.runtime, found, desk.actor)))


@router.post("/campaigns/{ref}/cancel", **may(Right.CANCEL))
async def cancel(desk: Here, ref: Ref) -> Answer[Changed]:
    """End a campaign: nobody else gets it; who got it stays in the ledger."""
    return said(await desk.heavily(lambda: _cancelled(desk, ref)))


@router.post("/campaigns/{ref}/retry", **may(Right.RETRY))
async def retry(desk: Here, ref: Ref, asked: Again) -> Answer[Retried]:
    """Send again to people who failed, were skipped or cancelled, after screening each of them anew."""
    return said(await desk.heavily(lambda: _retried(desk, ref, asked)))


@router.post("/campaigns/{ref}/resolve", **may(Right.RESOLVE))
async def resolve(desk: Here, ref: Ref, decided: Decision) -> Answer[Resolved]:
    """Decide about people whose outcome is unknown: it was sent, it was not, or send it again."""
    return said(await desk.heavily(lambda: _resolved(desk, ref, decided)))


@router.post("/campaigns/{ref}/revise", **may(Right.REVISE))
async def revise(desk: Here, ref: Ref, correction: Correction) -> Answer[Revised]:
    """Correct a paused campaign's message for everyone who has not got it yet."""
    return said(await desk.heavily(lambda: _revised(desk, ref, correction)))


@router.post("/campaigns/{ref}/change", **may(Right.CHANGE))
async def change(desk: Here, ref: Ref, wanted: Wanted) -> Answer[Altered]:
    """Change the rate, weight, hours or quiet time of a launched campaign; it takes effect within two seconds."""
    return said(await desk.heavily(lambda: _altered(desk, ref, wanted)))


@router.post("/campaigns/{ref}/clone", status_code=201, **may(Right.CLONE))
def clone(desk: Here, ref: Ref, asked: Clone | None = None) -> Answer[Drafted]:
    """Make a new draft of the same message, list, pages and limits."""
    made, notes = copy(desk.runtime, desk.campaign(ref), desk.actor, asked.name if asked else None)
    return said(Drafted(**summary(made).model_dump(), notes=notes))


@router.post("/panic", **may(Right.PAUSE))
def panic(desk: Here) -> Answer[Panic]:
    """Pause every campaign, at once."""
    return said(Panic(paused=control.pause_all(desk.runtime, desk.actor)))


def _drafted(desk: Desk, file: CampaignFile) -> Drafted:
    storage = desk.runtime.storage
    if file.list != CONTACTS:
        if file.schedule.repeat:
            raise InputError("A campaign that repeats needs list = @contacts here: an uploaded list stays for a week.")
        file = file.model_copy(update={"list": str(uploads.find(storage, file.list).path)})
    draft = check(desk.runtime, file, uploads.folder(storage), desk.environment, desk.now(), again=True)
    made = recognise.stored(desk.runtime, draft, desk.actor)
    return Drafted(**summary(made).model_dump(), notes=list(draft.notes))


def _launched(desk: Desk, ref: str, token: str) -> Campaign:
    return start(desk.runtime, desk.campaign(ref), token, desk.environment, now=desk.now(), actor=desk.actor)


def _cancelled(desk: Desk, ref: str) -> Changed:
    found = desk.campaign(ref)
    return _changed(found, control.cancel(desk.runtime, found, desk.actor))


def _altered(desk: Desk, ref: str, wanted: Wanted) -> Altered:
    wishes = Wishes(wanted.rate, wanted.weight, wanted.hours, wanted.quiet, wanted.zone)
    if wishes == Wishes():
        raise InputError("Say what to change: rate, weight, hours, quiet or zone.")
    found, dry_run = desk.campaign(ref), wanted.dry_run
    done = alter(desk.runtime, found, wishes, desk.environment, desk.actor, dry_run=dry_run)
    return Altered(state=done.state, changes=list(done.said), warnings=list(done.warnings), dry_run=dry_run)


def _changed(found: Campaign, change: Change) -> Changed:
    return Changed(
        id=found.ref,
        state=change.state,
        in_flight=change.in_flight,
        withdrawn=change.withdrawn,
        also=list(change.also),
    )


def _retried(desk: Desk, ref: str, asked: Again) -> Retried:
    found = desk.campaign(ref)
    retrial = retrying.examine(desk.runtime, found, asked.scope, desk.environment)
    people, state = retrial.people.height, found.state
    if people and not asked.dry_run:
        done = retrying.retry(desk.runtime, found, retrial, desk.actor)
        people, state = done.people, done.state
    return Retried(state=state, people=people, again=retrial.again, kept=retrial.kept, dry_run=asked.dry_run)


def _resolved(desk: Desk, ref: str, decided: Decision) -> Resolved:
    found = desk.campaign(ref)
    doubt = resolving.examine(desk.runtime, found, decided.verdict, desk.environment, decided.recipient_id)
    people, state = doubt.people.height, found.state
    if people and not decided.dry_run:
        done = resolving.resolve(desk.runtime, found, doubt, desk.actor)
        people, state = done.people, done.state
    return Resolved(state=state, people=people, kept=doubt.kept, dry_run=decided.dry_run)


def _revised(desk: Desk, ref: str, correction: Correction) -> Revised:
    found = desk.campaign(ref)
    written = revising.reworded(found, "", toml={"message": correction.message.model_dump(exclude_unset=True)})
    change = revising.examine(desk.runtime, found, written, desk.environment)
    revision = change.revision
    if not correction.dry_run:
        revision = revising.revise(desk.runtime, found, change, desk.actor)
    return Revised(
        revision=revision,
        pending=change.pending,
        skipped=change.set_aside,
        freed=change.freed,
        findings=change.findings,
        samples=change.samples,
        dry_run=correction.dry_run,
    )
