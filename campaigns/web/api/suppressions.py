"""People who must not be messaged."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from campaigns import pages, suppression
from campaigns.lifecycle import optouts
from campaigns.runtime import changing
from campaigns.web.api.cursor import Cursor, Limit, page_of, place
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import said
from schemas.api.envelope import Answer, Paged
from schemas.api.suppressions import Added, Lifted, Suppress, Suppressed, Wish
from schemas.right import Right

router = APIRouter(prefix="/suppressions", tags=["suppressions"])

_SOURCE = "api"

Recipient = Annotated[str, Path(description="The recipient id.", examples=["17840000000000001"])]


@router.get("", **may(Right.READ))
def suppressions(desk: Here, limit: Limit = 50, cursor: Cursor = None) -> Paged[Suppressed]:
    """List who is suppressed, oldest first."""
    at, recipient_id, sender_id = place(cursor, (-1, "", 0))
    with desk.runtime.reading() as conn:
        found = suppression.listed(conn, limit + 1, (at, recipient_id, sender_id))
    return page_of(found, limit, lambda row: (row.at, row.recipient_id, row.sender_id), optouts.suppressed)


@router.post("", status_code=201, **may(Right.SUPPRESS))
def suppress(desk: Here, wanted: Suppress) -> Answer[Added]:
    """Never message a person: from now on, in running campaigns too."""
    person = suppression.person(wanted.recipient_id)
    with changing(desk.runtime, dry_run=wanted.dry_run) as (conn, now):
        sender_id = pages.named(conn, wanted.page).sender_id if wanted.page else suppression.EVERY_SENDER
        new = suppression.suppress(conn, person, sender_id, note=wanted.note, now=now, actor=desk.actor, source=_SOURCE)
    return said(Added(recipient_id=person, page=wanted.page, added=new, dry_run=wanted.dry_run))


@router.get("/{recipient}/history", **may(Right.READ))
def history(desk: Here, recipient: Recipient) -> Answer[list[Wish]]:
    """List every time that a person opted out or in, oldest first, and how it is known."""
    with desk.runtime.reading() as conn:
        found = suppression.told(conn, suppression.person(recipient))
    return said([optouts.wish(row) for row in found])


@router.delete("/{recipient}", **may(Right.LIFT))
def lift(
    desk: Here,
    recipient: Recipient,
    dry_run: Annotated[bool, Query(description="Say what would happen, and change nothing.")] = False,
) -> Answer[Lifted]:
    """Lift every suppression of a person, who may then be messaged again."""
    person = suppression.person(recipient)
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        suppression.lift(conn, person, now=now, actor=desk.actor, source=_SOURCE)
    return said(Lifted(recipient_id=person, removed=True, dry_run=dry_run))
