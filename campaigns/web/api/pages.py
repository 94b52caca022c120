"""The sending accounts."""

from fastapi import APIRouter

from campaigns.access import Right
from campaigns.lifecycle.accounts import Account, accounts
from campaigns.runtime import now_of
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import Answer, said

router = APIRouter(prefix="/pages", tags=["pages"])


@router.get("", **may(Right.READ))
def pages(desk: Here) -> Answer[list[Account]]:
    """List every page, how fast it sends, and why a parked one does not."""
    with desk.runtime.reading() as conn:
        return said(list(accounts(conn, now_of(conn))))
