"""People who must not be messaged."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from campaigns import pages, suppression
from campaigns.access import Right
from campaigns.moments import iso
from campaigns.runtime import now_of
from campaigns.web.api.cursor import Cursor, Limit, page_of, place
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import Answer, Paged, said

router = APIRouter(prefix="/suppressions", tags=["suppressions"])

_SOURCE = "api"


class Suppressed(BaseModel):
    """One suppression: of the account of `page`, or of every account where that is null."""

    recipient_id: str = Field(examples=["17840000000000001"])
    page: str | None = Field(examples=["acme"])
    source: str = Field(examples=["cli"])
    note: str
    at: str


class Suppress(BaseModel):
    """Who is never to be messaged, and by which page's account; without one, by none."""

    model_config = ConfigDict(extra="forbid")

    recipient_id: str = Field(examples=["17840000000000001"])
    page: str | None = Field(None, examples=["acme"])
    note: str = Field("", max_length=1_000, description="Why, for people.")


class Added(BaseModel):
    """Whether it is new."""

    recipient_id: str
    page: str | None
    added: bool


class Lifted(BaseModel):
    """Who may be messaged again."""

    recipient_id: str
    removed: bool


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


@router.post("", status_code=201, **may(Right.SUPPRESS))
def suppress(desk: Here, wanted: Suppress) -> Answer[Added]:
    """Never message a person: from now on, in running campaigns too."""
    person = suppression.person(wanted.recipient_id)
    with desk.runtime.writing() as conn:
        sender_id = pages.named(conn, wanted.page).sender_id if wanted.page else suppression.EVERY_SENDER
        new = suppression.suppress(
            conn, person, sender_id, note=wanted.note, now=now_of(conn), actor=desk.actor, source=_SOURCE
        )
    return said(Added(recipient_id=person, page=wanted.page, added=new))


@router.delete("/{recipient}", **may(Right.LIFT))
def lift(
    desk: Here, recipient: Annotated[str, Path(description="The recipient id.", examples=["17840000000000001"])]
) -> Answer[Lifted]:
    """Lift every suppression of a person, who may then be messaged again."""
    person = suppression.person(recipient)
    with desk.runtime.writing() as conn:
        suppression.lift(conn, person, now=now_of(conn), actor=desk.actor, source=_SOURCE)
    return said(Lifted(recipient_id=person, removed=True))
