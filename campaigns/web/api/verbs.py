"""What is done with campaigns: submitted, planned, launched, stopped, and taken back."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from campaigns import campaign_file, uploads
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
from campaigns.lifecycle.submit import check
from campaigns.web.api.campaigns import Ref, summary
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from schemas.api.campaigns import Summary
from schemas.api.envelope import Answer
from schemas.api.verbs import (
    Again,
    Altered,
    Changed,
    Clone,
    Correction,
    Decision,
    Drafted,
    Launch,
    Panic,
    Resolved,
    Retried,
    Revised,
    Wanted,
)
from schemas.campaign import Campaign
from schemas.campaign_file import CONTACTS, CampaignFile
from schemas.plan import Plan
from schemas.right import Right

router = APIRouter(tags=["campaigns"])

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
