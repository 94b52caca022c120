"""The sending accounts."""

from typing import Annotated

from fastapi import APIRouter, Path

from campaigns import pages as stored
from campaigns.access import Right
from campaigns.lifecycle.accounts import Account, account, accounts
from campaigns.runtime import now_of
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import Answer, said

router = APIRouter(prefix="/pages", tags=["pages"])

Name = Annotated[str, Path(description="The page's name.", examples=["acme"])]


@router.get("", **may(Right.READ))
def pages(desk: Here) -> Answer[list[Account]]:
    """List every page, how fast it sends, and why a parked one does not."""
    with desk.runtime.reading() as conn:
        return said(list(accounts(conn, now_of(conn))))


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
