"""What happened, and who did it."""

from typing import Annotated

from fastapi import APIRouter, Query

from campaigns import events
from campaigns.moments import iso
from campaigns.web.api.cursor import LARGEST, Cursor, Limit, page_of, place
from campaigns.web.api.desk import Desk, Here, may
from schemas.api.audit import Happening
from schemas.api.envelope import Paged
from schemas.right import Right

router = APIRouter(tags=["audit"])


@router.get("/audit", **may(Right.READ))
def audit(
    desk: Here,
    limit: Limit = 50,
    cursor: Cursor = None,
    actor: Annotated[str, Query(description="By this one only, such as `key:crm-export`.")] = "",
    kind: Annotated[str, Query(description="This kind only, such as `page.parked`, or `page` for all of these.")] = "",
) -> Paged[Happening]:
    """List everything that happened, the latest first."""
    return happening(desk, limit, cursor, actor=actor, kind=kind)


def happening(
    desk: Desk, limit: int, cursor: str | None, *, campaign_id: int | None = None, actor: str = "", kind: str = ""
) -> Paged[Happening]:
    """Return a page of events."""
    (before,) = place(cursor, (LARGEST,))
    with desk.runtime.reading() as conn:
        found = events.listed(conn, campaign_id=campaign_id, actor=actor, kind=kind, before=before, most=limit + 1)
    return page_of(
        found,
        limit,
        lambda row: (row.id,),
        lambda row: Happening(
            at=iso(row.at),
            kind=row.kind,
            actor=row.actor,
            sentence=row.sentence,
            campaign=row.campaign,
            page=row.page,
        ),
    )
