"""The sending accounts."""

from typing import Annotated

from fastapi import APIRouter, Path

from campaigns import pages as stored
from campaigns.lifecycle.accounts import account, accounts, doubts
from campaigns.runtime import now_of
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import said
from schemas.account import Account
from schemas.api.envelope import Answer
from schemas.api.pages import NewPage, Removed, Stored
from schemas.right import Right

router = APIRouter(prefix="/pages", tags=["pages"])


Name = Annotated[str, Path(description="The page's name.", examples=["acme"])]


@router.get("", **may(Right.READ))
def pages(desk: Here) -> Answer[list[Account]]:
    """List every page, how fast it sends, and why a parked one does not."""
    with desk.runtime.reading() as conn:
        return said(list(accounts(conn, now_of(conn))))


@router.post("", status_code=201, **may(Right.CHANGE_PAGES))
def add(desk: Here, page: NewPage) -> Answer[Stored]:
    """Store a page that campaigns can send from, or give a stored one another token, rate or address."""
    entry, route = stored.entered(page.name, page.model_dump(exclude={"name"}))
    notes = doubts(desk.runtime, entry, route, desk.environment)
    with desk.runtime.writing() as conn:
        kept, _ = stored.put(conn, page.name, entry, route, now=now_of(conn), actor=desk.actor)
    return said(Stored(**account(kept).model_dump(), notes=notes))


@router.delete("/{name}", **may(Right.CHANGE_PAGES))
def remove(desk: Here, name: Name) -> Answer[Removed]:
    """Take a page out of use; what it sent stays in the reports."""
    with desk.runtime.writing() as conn:
        stored.remove(conn, stored.named(conn, name), now_of(conn), desk.actor)
    return said(Removed(name=name, removed=True))


@router.post("/{name}/pause", **may(Right.STOP_PAGES))
def pause(desk: Here, name: Name) -> Answer[Account]:
    """Stop a page in every campaign; its people wait until it is resumed."""
    with desk.runtime.writing() as conn:
        page = stored.pause(conn, stored.named(conn, name), now_of(conn), desk.actor)
    return said(account(page))


@router.post("/{name}/resume", **may(Right.STOP_PAGES))
def resume(desk: Here, name: Name) -> Answer[Account]:
    """Let a page send again that was paused, or parked for a reason that is gone."""
    with desk.runtime.writing() as conn:
        stored.resume(conn, stored.named(conn, name), now_of(conn), desk.actor)
        page = stored.named(conn, name)
    return said(account(page))
