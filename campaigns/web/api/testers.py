"""People of ours whom tests may go to, and the tests."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from campaigns import suppression
from campaigns import testers as stored
from campaigns.lifecycle import allowlist, trial
from campaigns.runtime import changing
from campaigns.web.api.campaigns import Ref
from campaigns.web.api.cursor import Cursor, Limit, page_of, place
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from schemas.api.envelope import Answer, Paged
from schemas.api.testers import Allowed, Disallowed, NewTester, Test, Tested, Tester
from schemas.right import Right

router = APIRouter(tags=["testers"])

Recipient = Annotated[str, Path(description="The recipient id.", examples=["17900000000000777"])]
DryRun = Annotated[bool, Query(description="Say what would happen, and change nothing.")]


@router.get("/testers", **may(Right.READ))
def allowed(desk: Here, limit: Limit = 50, cursor: Cursor = None) -> Paged[Tester]:
    """List whom tests may go to and when the latest one went, in the order in which they were added."""
    past = tuple(place(cursor, (-1, "", "", "")))
    with desk.runtime.reading() as conn:
        found = stored.listed(conn, past=past, most=limit + 1)
    return page_of(
        found, limit, lambda row: (row.added_at, row.recipient_id, row.channel, row.account_id), allowlist.shown
    )


@router.post("/testers", status_code=201, **may(Right.CHANGE_TESTERS))
def add(desk: Here, wanted: NewTester) -> Answer[Allowed]:
    """Let a page send tests to a person; nobody else ever gets one."""
    person = suppression.person(wanted.recipient_id)
    with changing(desk.runtime, dry_run=wanted.dry_run) as (conn, now):
        new = allowlist.allow(conn, wanted.page, person, note=wanted.note, now=now, actor=desk.actor)
    return said(Allowed(recipient_id=person, page=wanted.page, added=new, dry_run=wanted.dry_run))


@router.delete("/testers/{recipient}", **may(Right.CHANGE_TESTERS))
def remove(
    desk: Here,
    recipient: Recipient,
    page: Annotated[str | None, Query(description="Of this page's account only.", examples=["acme"])] = None,
    dry_run: DryRun = False,
) -> Answer[Disallowed]:
    """Send no more tests to a person."""
    person = suppression.person(recipient)
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        n = allowlist.disallow(conn, person, page, now=now, actor=desk.actor)
    return said(Disallowed(recipient_id=person, page=page, removed=n, dry_run=dry_run))


@router.post("/campaigns/{ref}/test-send", **may(Right.TEST))
async def send_test(desk: Here, ref: Ref, wanted: Test) -> Answer[Tested]:
    """Send the message once to one of your testers, outside the campaign's ledger and counts; it takes seconds."""
    return said(await desk.heavily(lambda: _tested(desk, ref, wanted)))


def _tested(desk: Desk, ref: str, wanted: Test) -> Tested:
    prepared = trial.prepare(
        desk.runtime,
        desk.campaign(ref),
        desk.environment,
        desk.now(),
        to=suppression.person(wanted.to),
        like=wanted.like,
        page=wanted.page,
        anyway=wanted.anyway,
    )
    ended = None if wanted.dry_run else trial.send(desk.runtime, prepared, desk.environment, desk.actor)
    if ended and (problem := trial.problem(ended)):
        raise problem
    return trial.tested(prepared, ended)
