"""People who must not be messaged."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from campaigns import suppression
from campaigns.access import Right
from campaigns.moments import iso
from campaigns.web.api.cursor import Cursor, Limit, page_of, place
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import Paged

router = APIRouter(prefix="/suppressions", tags=["suppressions"])


class Suppressed(BaseModel):
    """One suppression: of the account of `page`, or of every account where that is null."""

    recipient_id: str = Field(examples=["17840000000000001"])
    page: str | None = Field(examples=["acme"])
    source: str = Field(examples=["cli"])
    note: str
    at: str


@router.get("", **may(Right.READ))
def suppressions(desk: Here, limit: Limit = 50, cursor: Cursor = None) -> Paged[Suppressed]:
    """List who is suppressed, oldest first."""
    at, recipient_id, sender_id = place(cursor, (-1, "", 0))
    with desk.runtime.reading() as conn:
        found = suppression.listed(conn, limit + 1, (at, recipient_id, sender_id))
    return page_of(
        found,
        limit,
        lambda row: (row.at, row.recipient_id, row.sender_id),
        lambda row: Suppressed(
            recipient_id=row.recipient_id, page=row.page, source=row.source, note=row.note, at=iso(row.at)
        ),
    )
