"""What happened, and who did it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from campaigns import events
from campaigns.access import Right
from campaigns.moments import iso
from campaigns.web.api.cursor import LARGEST, Cursor, Limit, page_of, place
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import Paged

router = APIRouter(tags=["audit"])


class Happening(BaseModel):
    """One event; `actor` is `key:NAME`, `cli:USER@HOST`, or the process that did it by itself."""

    at: str = Field(examples=["2026-12-01T08:00:00.000Z"])
    kind: str = Field(examples=["campaign.launched"])
    actor: str = Field(examples=["key:crm-export"])
    sentence: str
    campaign: str | None = Field(examples=["k7m2x9qa"])
    page: str | None = Field(examples=["acme"])


@router.get("/audit", **may(Right.READ))
def audit(
    desk: Here,
    limit: Limit = 50,
    cursor: Cursor = None,
    actor: Annotated[str, Query(description="By this one only, such as `key:crm-export`.")] = "",
) -> Paged[Happening]:
    """List everything that happened, the latest first."""
    return happening(desk, limit, cursor, actor=actor)


def happening(
    desk: Desk, limit: int, cursor: str | None, *, campaign_id: int | None = None, actor: str = ""
) -> Paged[Happening]:
    """Return a page of events."""
    (before,) = place(cursor, (LARGEST,))
    with desk.runtime.reading() as conn:
        found = events.listed(conn, campaign_id=campaign_id, actor=actor, before=before, most=limit + 1)
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
