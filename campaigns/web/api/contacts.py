"""People who wrote to our accounts, and the windows that they opened."""

from typing import Annotated

from fastapi import APIRouter, Query

from campaigns import contacts as known
from campaigns import pages
from campaigns.campaign_file import milliseconds
from campaigns.lifecycle import roster
from campaigns.moments import iso
from campaigns.web.api.cursor import Cursor, Limit, page_of, place
from campaigns.web.api.desk import Here, may
from schemas.api.contacts import Known
from schemas.api.envelope import Paged
from schemas.right import Right

router = APIRouter(prefix="/contacts", tags=["contacts"])


@router.get("", **may(Right.READ))
def contacts(
    desk: Here,
    *,
    page: Annotated[str, Query(description="The page they wrote to.", examples=["acme"])],
    limit: Limit = 50,
    cursor: Cursor = None,
    is_open: Annotated[bool, Query(alias="open", description="Only those whose window is open.")] = False,
    min_left: Annotated[str, Query(description="Only those with at least this long left.", examples=["2h"])] = "0m",
) -> Paged[Known]:
    """List the people of a page, the first window to close first."""
    closes_at, recipient_id = place(cursor, (-1, ""))
    left_ms = milliseconds(min_left, "query.min_left")
    with desk.runtime.reading() as conn:
        of = pages.named(conn, page)
        after = roster.closes_after(conn, is_open=is_open, left_ms=left_ms)
        past = (closes_at, recipient_id)
        found = known.listed(conn, of.channel, of.account_id, closes_after=after, past=past, most=limit + 1)
        people = list(found)
    return page_of(
        people,
        limit,
        lambda row: (row.closes_at, row.recipient_id),
        lambda row: Known(
            recipient_id=row.recipient_id,
            page=of.name,
            last_inbound_at=iso(row.opened_at),
            window_closes_at=iso(row.closes_at),
            kind=row.kind,
            evidence=row.evidence,
            source=row.source,
        ),
    )
