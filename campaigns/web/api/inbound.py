"""What came in by webhook."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from campaigns.inbound import roll
from campaigns.inbox import Inbox
from campaigns.lifecycle import find
from campaigns.suppression import person as recipient_id
from campaigns.web.api.cursor import LARGEST, Cursor, Limit, page_of, place
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import said
from schemas.api.envelope import Answer, Paged
from schemas.api.events import Came, Counts
from schemas.inbound import InboundKind
from schemas.right import Right

router = APIRouter(prefix="/events", tags=["inbound"])


@router.get("", **may(Right.READ))
def events(
    desk: Here,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    kind: Annotated[InboundKind | None, Query(description="This kind only.")] = None,
    person: Annotated[str, Query(description="This person's only.")] = "",
    campaign: Annotated[str, Query(description="What is about the campaign of this id only.")] = "",
) -> Paged[Came]:
    """List what came in: messages, receipts, echoes, opt-outs; the latest first."""
    (before,) = place(cursor, (LARGEST,))
    who = recipient_id(person) if person else ""
    with desk.runtime.reading() as conn:
        about = find.exactly(conn, campaign).id or 0 if campaign else 0
        found = roll.listed(conn, kind=kind, person=who, campaign_id=about, before=before, most=limit + 1)
        came = list(found)
    return page_of(came, limit, lambda each: (each["id"],), _came)


@router.get("/counts", **may(Right.READ))
def counts(desk: Here) -> Answer[Counts]:
    """Say how many events of each kind came in, and how many webhook bodies wait to be read."""
    with desk.runtime.reading() as conn, Inbox.opened(desk.runtime) as inbox:
        return said(Counts(events=roll.counts(conn), waiting=inbox.backlog().bodies))


def _came(event: dict[str, Any]) -> Came:
    return Came(**event)
