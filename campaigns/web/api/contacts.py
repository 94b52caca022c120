"""People who wrote to our accounts, and the windows that they opened."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from campaigns import contacts as known
from campaigns import pages
from campaigns.access import Right
from campaigns.moments import iso
from campaigns.runtime import now_of
from campaigns.web.api.cursor import Cursor, Limit, page_of, place
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import Paged

router = APIRouter(prefix="/contacts", tags=["contacts"])


class Known(BaseModel):
    """A person and the window of theirs that closes last; `evidence` is the platform's id of what opened it."""

    recipient_id: str = Field(examples=["17840000000000001"])
    page: str = Field(examples=["acme"])
    last_inbound_at: str
    window_closes_at: str
    kind: str = Field(examples=["message"])
    evidence: str
    source: str = Field(examples=["webhook"])


@router.get("", **may(Right.READ))
def contacts(
    desk: Here,
    page: Annotated[str, Query(description="The page they wrote to.", examples=["acme"])],
    limit: Limit = 50,
    cursor: Cursor = None,
    is_open: Annotated[bool, Query(alias="open", description="Only those whose window is open.")] = False,
) -> Paged[Known]:
    """List the people of a page, the first window to close first."""
    closes_at, recipient_id = place(cursor, (-1, ""))
    with desk.runtime.reading() as conn:
        of = pages.named(conn, page)
        after = now_of(conn) if is_open else -1
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
