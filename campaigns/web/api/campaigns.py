"""Campaigns, looked at: which there are, how each stands, and what became of whom."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Response

from campaigns import report
from campaigns.errands.plans import summary
from campaigns.lifecycle import find, series
from campaigns.report import replies
from campaigns.report.pages import accepted
from campaigns.report.rows import rows
from campaigns.runtime import now_of
from campaigns.web.api.audit import happening
from campaigns.web.api.cursor import LARGEST, Cursor, Limit, page_of, place
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import paged, said
from campaigns.web.api.promise import ACCEPTED, Prefer, answer, of_campaign
from campaigns.web.pulse import standing
from schemas.api.audit import Happening
from schemas.api.campaigns import Answered, Standing, Summary
from schemas.api.envelope import Answer, Paged
from schemas.api.verbs import Load
from schemas.campaign import CampaignState
from schemas.campaign_file import CampaignFile
from schemas.delivery import DeliveryState
from schemas.explanation import Explanation
from schemas.job import JobKind
from schemas.reason import Reason
from schemas.right import Right
from schemas.row import Row
from schemas.sample import Sample

router = APIRouter(prefix="/campaigns", tags=["campaigns"])

Ref = Annotated[str, Path(description="The campaign's id, in full.", examples=["k7m2x9qa"])]
Recipient = Annotated[str, Path(description="The recipient id.", examples=["17840000000000001"])]


@router.get("", **may(Right.READ))
def campaigns(
    desk: Here,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[CampaignState | None, Query(description="Of this state only.")] = None,
    word: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            description="The one campaign that it means: an id, a unique beginning of one, a unique name, or `last`.",
            examples=["last"],
        ),
    ] = None,
) -> Paged[Summary]:
    """List campaigns, the newest first; or find the one that a word means, as the command line does."""
    (before,) = place(cursor, (LARGEST,))
    with desk.runtime.reading() as conn:
        upcoming = series.upcoming(conn)
        if word is not None:
            found = find.campaign(conn, word)
            return paged([summary(found, upcoming.get(found.ref))], None)
        page = find.latest(conn, limit + 1, state=state, before=before)
    return page_of(page, limit, lambda each: (each.id or 0,), lambda each: summary(each, upcoming.get(each.ref)))


@router.get("/{ref}", **may(Right.READ))
def campaign(desk: Here, ref: Ref) -> Answer[Standing]:
    """Say how a campaign stands: its counts, reasons, rates and pages, and one sentence on what it does now."""
    return said(standing(desk.runtime, desk.campaign(ref).id or 0))


@router.get("/{ref}/answers", **may(Right.READ))
def answers(desk: Here, ref: Ref) -> Answer[Answered]:
    """Say how many people answered so far, and how many of them opted out by that."""
    found = desk.campaign(ref)
    with desk.runtime.reading() as conn:
        now = report.status(conn, found.id or 0, now_of(conn))
        heard = replies.answered(conn, found.id or 0)
        sentence = replies.told(conn, found.id or 0, accepted(now.counts))
    return said(Answered(people=heard.people, opted_out=heard.opted_out, sentence=sentence))


@router.get("/{ref}/file", **may(Right.READ))
def file(desk: Here, ref: Ref) -> Answer[CampaignFile]:
    """Return the campaign as it was written, every default filled in; tokens are references."""
    return said(CampaignFile.model_validate_json(desk.campaign(ref).spec))


@router.get("/{ref}/deliveries", **may(Right.READ))
def deliveries(
    desk: Here,
    ref: Ref,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[DeliveryState | None, Query(description="In this state only.")] = None,
    reason: Annotated[Reason | None, Query(description="For this reason only.")] = None,
    recipient: Annotated[str | None, Query(description="Of this recipient id only.")] = None,
) -> Paged[Row]:
    """List what became of each person, in the order of the ledger; there is none before the launch."""
    found = desk.campaign(ref)
    (after,) = place(cursor, (0,))
    with desk.runtime.reading() as conn:
        page = rows(conn, found, state=state, reason=reason, recipient=recipient, after=after, most=limit + 1)
    return page_of(page, limit, lambda row: (row.id,), lambda row: row)


@router.get("/{ref}/explain/{recipient}", **may(Right.READ))
def explain(desk: Here, ref: Ref, recipient: Recipient) -> Answer[Explanation]:
    """Say everything known about one person in a campaign, and why."""
    found = desk.campaign(ref)
    with desk.runtime.reading() as conn:
        return said(report.explain(conn, desk.runtime.storage, found.id or 0, recipient))


@router.get("/{ref}/events", **may(Right.READ))
def events(desk: Here, ref: Ref, limit: Limit = 50, cursor: Cursor = None) -> Paged[Happening]:
    """List what happened to a campaign and who did it, the latest first."""
    found = desk.campaign(ref)
    return happening(desk, limit, cursor, campaign_id=found.id)


@router.get("/{ref}/sendings", response_model=Answer[list[Load]], responses=ACCEPTED, **may(Right.PLAN))
async def sendings(desk: Here, ref: Ref, prefer: Prefer = "") -> Response:
    """Say how many messages each provider and channel would carry: with their prices, what a launch costs."""
    return await answer(desk, await run_sync(lambda: of_campaign(desk, JobKind.SENDINGS, ref)), prefer)


@router.get("/{ref}/preview", response_model=Answer[list[Sample]], responses=ACCEPTED, **may(Right.PLAN))
async def samples(
    desk: Here,
    ref: Ref,
    to: Annotated[str | None, Query(description="One person of the list; else the first three.")] = None,
    prefer: Prefer = "",
) -> Response:
    """Show the message as people of the list would get it, on each channel."""
    return await answer(desk, await run_sync(lambda: of_campaign(desk, JobKind.PREVIEW, ref, to=to)), prefer)
