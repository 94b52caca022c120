"""The sending accounts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from campaigns import pages as stored
from campaigns.campaign_file import milliseconds
from campaigns.inbound.visit import visit
from campaigns.lifecycle.accounts import account, accounts, doubts, let_go_on
from campaigns.lifecycle.probe import probe
from campaigns.runtime import changing, now_of
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from schemas.account import Account
from schemas.api.envelope import Answer
from schemas.api.pages import NewPage, Pull, Pulled, Removed, Resumed, Stored, TokenCheck
from schemas.page import Page
from schemas.right import Right

router = APIRouter(prefix="/pages", tags=["pages"])


Name = Annotated[str, Path(description="The page's name.", examples=["acme"])]
DryRun = Annotated[bool, Query(description="Say what would happen, and change nothing.")]


@router.get("", **may(Right.READ))
def pages(desk: Here) -> Answer[list[Account]]:
    """List every page, how fast it sends, and why a parked one does not."""
    with desk.runtime.reading() as conn:
        return said(list(accounts(conn, now_of(conn))))


@router.post("", status_code=201, **may(Right.CHANGE_PAGES))
def add(desk: Here, page: NewPage, dry_run: DryRun = False) -> Answer[Stored]:
    """Store a page that campaigns can send from, or give a stored one another token, rate or address."""
    entry, route = stored.entered(page.name, page.model_dump(exclude={"name"}))
    notes = doubts(desk.runtime, entry, route, desk.environment)
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        kept, new = stored.put(conn, page.name, entry, route, now=now, actor=desk.actor)
    return said(Stored(**account(kept).model_dump(), added=new, notes=notes))


@router.delete("/{name}", **may(Right.CHANGE_PAGES))
def remove(desk: Here, name: Name, dry_run: DryRun = False) -> Answer[Removed]:
    """Take a page out of use; what it sent stays in the reports."""
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        page = stored.named(conn, name)
        stored.remove(conn, page, now, desk.actor)
    return said(Removed(**account(page).model_dump(), removed=True, dry_run=dry_run))


@router.post("/{name}/pause", **may(Right.STOP_PAGES))
def pause(desk: Here, name: Name, dry_run: DryRun = False) -> Answer[Account]:
    """Stop a page in every campaign; its people wait until it is resumed."""
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        page = stored.pause(conn, stored.named(conn, name), now, desk.actor)
    return said(account(page))


@router.post("/{name}/resume", **may(Right.STOP_PAGES))
def resume(desk: Here, name: Name, dry_run: DryRun = False) -> Answer[Resumed]:
    """Let a page send again that was paused, or parked for a reason that is gone."""
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        return said(let_go_on(conn, name, now, desk.actor))


@router.post("/{name}/check", **may(Right.CHECK_PAGES))
def check(desk: Here, name: Name) -> Answer[TokenCheck]:
    """Ask the platform whether it accepts a page's token; sends no message."""
    return said(probe(desk.runtime, _named(desk, name), desk.environment, desk.actor))


@router.post("/{name}/pull", **may(Right.PULL_PAGES))
def pull(desk: Here, name: Name, asked: Pull | None = None) -> Answer[Pulled]:
    """Read a page's conversations: who wrote, who opted out, and what became of messages in doubt.

    Two questions a second are asked, so it takes as long as there is much that is new; where it breaks off, the next
    pull goes on.
    """
    page, asked = _named(desk, name), asked or Pull()
    since_ms = None if asked.since is None else milliseconds(asked.since, "body.since")
    return said(visit(desk.runtime, page, desk.environment, desk.actor, since_ms=since_ms, dry_run=asked.dry_run))


def _named(desk: Desk, name: str) -> Page:
    with desk.runtime.reading() as conn:
        return stored.named(conn, name)
