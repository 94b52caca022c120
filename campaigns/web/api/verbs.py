"""What is done with campaigns: submitted, planned, launched, stopped, and taken back."""

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, Query, Response
from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from campaigns import campaign_file, contacts, uploads
from campaigns.errands.plans import summary
from campaigns.errors import InputError
from campaigns.lifecycle import control
from campaigns.lifecycle import resolve as resolving
from campaigns.lifecycle import retry as retrying
from campaigns.lifecycle import revise as revising
from campaigns.lifecycle.change import Wishes
from campaigns.lifecycle.change import change as alter
from campaigns.lifecycle.clone import clone as copy
from campaigns.lifecycle.control import Change
from campaigns.lifecycle.submit import drop
from campaigns.web.api.campaigns import Ref
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.promise import ACCEPTED, SMALL_BYTES, SMALL_ROWS, Prefer, Work, answer, of_campaign
from schemas.api.campaigns import Summary
from schemas.api.envelope import Answer
from schemas.api.verbs import (
    Again,
    Altered,
    Changed,
    Clone,
    Correction,
    Decision,
    Discarded,
    Drafted,
    Launch,
    Met,
    Panic,
    Resolved,
    Retried,
    Revised,
    Wanted,
)
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CONTACTS, CampaignFile
from schemas.job import JobKind
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

DryRun = Annotated[bool, Query(description="Say what would happen, and change nothing.")]


@router.post("/campaigns", status_code=201, response_model=Answer[Drafted], responses=ACCEPTED, **may(Right.SUBMIT))
async def submit(desk: Here, file: Written, prefer: Prefer = "") -> Response:
    """Keep a campaign as a draft; the same one again is the same draft. `[pages]` are for who may change pages."""
    if file.pages:
        # A page says where a secret goes: whoever may not add one must not bring one along.
        desk.need(Right.CHANGE_PAGES)
    arguments = {"file": file.model_dump(mode="json")}
    small = await run_sync(lambda: _is_small(desk, file.list))
    return await answer(desk, Work(JobKind.SUBMIT, arguments, small=small, status=201), prefer)


@router.post("/campaigns/meet", response_model=Answer[Met], responses=ACCEPTED, **may(Right.SUBMIT))
async def meet(
    desk: Here,
    file: Written,
    *,
    again: Annotated[bool, Query(description="Whether one that is finished is to be sent once more.")] = False,
    go_on: Annotated[
        bool, Query(description="Let an unfinished run take the file's present limits and addresses; for senders.")
    ] = False,
    prefer: Prefer = "",
) -> Response:
    """Say whether a campaign file was run before: by its name, message, list and accounts. It makes no draft."""
    if go_on:
        desk.need(Right.CHANGE)
    if go_on and file.pages:
        desk.need(Right.CHANGE_PAGES)
    arguments = {"file": file.model_dump(mode="json"), "again": again, "go_on": go_on}
    small = await run_sync(lambda: _is_small(desk, file.list))
    return await answer(desk, Work(JobKind.MEET, arguments, small=small), prefer)


@router.delete("/campaigns/{ref}", **may(Right.SUBMIT))
def discard(desk: Here, ref: Ref) -> Answer[Discarded]:
    """Remove a draft, and the pages that it alone brought; a campaign that was launched stays for good."""
    found = desk.campaign(ref)
    return said(Discarded(id=found.ref, name=found.name, pages=drop(desk.runtime, found)))


@router.post("/campaigns/{ref}/plan", response_model=Answer[Plan], responses=ACCEPTED, **may(Right.PLAN))
async def plan(desk: Here, ref: Ref, prefer: Prefer = "") -> Response:
    """Say what a launch would do: counts by reason, the forecast, and the token that a launch needs."""
    return await answer(desk, await run_sync(lambda: of_campaign(desk, JobKind.PLAN, ref)), prefer)


@router.post("/campaigns/{ref}/launch", response_model=Answer[Summary], responses=ACCEPTED, **may(Right.LAUNCH))
async def launch(desk: Here, ref: Ref, confirmed: Launch, prefer: Prefer = "") -> Response:
    """Launch a draft as its plan says; said twice with one token, it is launched once."""
    work = await run_sync(lambda: of_campaign(desk, JobKind.LAUNCH, ref, token=confirmed.token))
    return await answer(desk, work, prefer)


@router.post("/campaigns/{ref}/pause", **may(Right.PAUSE))
def pause(desk: Here, ref: Ref, dry_run: DryRun = False) -> Answer[Changed]:
    """Stop sending within a second; what is on the wire ends and is settled."""
    found = desk.campaign(ref)
    if dry_run:
        return said(_foreseen(desk, found, CampaignState.PAUSED))
    return said(_changed(found, control.pause(desk.runtime, found, desk.actor)))


@router.post("/campaigns/{ref}/resume", **may(Right.RESUME))
def resume(desk: Here, ref: Ref, dry_run: DryRun = False) -> Answer[Changed]:
    """Go on with a paused campaign."""
    found = desk.campaign(ref)
    if dry_run:
        return said(_foreseen(desk, found, CampaignState.SENDING))
    return said(_changed(found, control.resume(desk.runtime, found, desk.actor)))


@router.post("/campaigns/{ref}/cancel", **may(Right.CANCEL))
async def cancel(desk: Here, ref: Ref, dry_run: DryRun = False) -> Answer[Changed]:
    """End a campaign: nobody else gets it; who got it stays in the ledger."""
    return said(await desk.heavily(lambda: _cancelled(desk, ref, dry_run=dry_run)))


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
    asked = asked or Clone(name=None)
    made, notes = copy(desk.runtime, desk.campaign(ref), desk.actor, asked.name, dry_run=asked.dry_run)
    return said(Drafted(**summary(made).model_dump(), notes=notes))


@router.post("/panic", **may(Right.PAUSE))
def panic(desk: Here) -> Answer[Panic]:
    """Pause every campaign, at once."""
    return said(Panic(paused=control.pause_all(desk.runtime, desk.actor)))


def _is_small(desk: Desk, named: str) -> bool:
    """Whether the list of a campaign that is to be is read at once; raises NotFoundError where there is none."""
    if named != CONTACTS:
        upload = uploads.find(desk.runtime.storage, named)
        return upload.reading.rows <= SMALL_ROWS and upload.size <= SMALL_BYTES
    with desk.runtime.reading() as conn:
        return contacts.few(conn, SMALL_ROWS)


def _cancelled(desk: Desk, ref: str, *, dry_run: bool) -> Changed:
    found = desk.campaign(ref)
    if dry_run:
        return _foreseen(desk, found, CampaignState.CANCELLED)
    return _changed(found, control.cancel(desk.runtime, found, desk.actor))


def _altered(desk: Desk, ref: str, wanted: Wanted) -> Altered:
    wishes = Wishes(wanted.rate, wanted.weight, wanted.hours, wanted.quiet, wanted.zone)
    if wishes == Wishes():
        raise InputError("Say what to change: rate, weight, hours, quiet or zone.")
    found, dry_run = desk.campaign(ref), wanted.dry_run
    done = alter(desk.runtime, found, wishes, desk.environment, desk.actor, dry_run=dry_run)
    return Altered(state=done.state, changes=list(done.said), warnings=list(done.warnings), dry_run=dry_run)


def _foreseen(desk: Desk, found: Campaign, new: CampaignState) -> Changed:
    return _changed(found, control.foresee(desk.runtime, found, new), dry_run=True)


def _changed(found: Campaign, change: Change, *, dry_run: bool = False) -> Changed:
    return Changed(
        id=found.ref,
        state=change.state,
        in_flight=change.in_flight,
        withdrawn=change.withdrawn,
        also=list(change.also),
        dry_run=dry_run,
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
    return change.told(revision, dry_run=correction.dry_run)
