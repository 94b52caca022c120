"""One person, over all campaigns."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from campaigns import report, suppression
from campaigns.access import Right
from campaigns.lifecycle import erase as erasing
from campaigns.report import Person
from campaigns.runtime import now_of
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import Answer, said

router = APIRouter(prefix="/people", tags=["people"])


Recipient = Annotated[str, Path(description="The recipient id.", examples=["17840000000000001"])]


class Erase(BaseModel):
    """How an erasure is meant."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(False, description="Say what would go, and change nothing.")


class Gone(BaseModel):
    """What went, in rows; `name` stands for the person from now on.

    While `waiting` webhook bodies name the person, erase them again later. Reports and exports of `campaigns` that were
    made before still name the person, and so do `copies` of the state folder: deleting those is yours.
    """

    name: str
    contacts: int
    events: int
    consent: int
    deliveries: int
    set_aside: int
    lists: int
    bodies: int
    waiting: int
    campaigns: list[str]
    copies: list[str]
    dry_run: bool


@router.get("/{recipient}", **may(Right.READ))
def person(desk: Here, recipient: Recipient) -> Answer[Person]:
    """Show what every campaign sent to one person, with message and request ids, their windows and suppressions."""
    with desk.runtime.reading() as conn:
        return said(report.person(conn, recipient.strip(), now_of(conn)))


@router.post("/{recipient}/erase", **may(Right.ERASE))
async def erase(desk: Here, recipient: Recipient, asked: Erase | None = None) -> Answer[Gone]:
    """Take a person out of everything that is kept here, for good; counts stay, and they are never messaged again."""
    who, dry_run = suppression.person(recipient), asked is not None and asked.dry_run
    done = await desk.heavily(lambda: erasing.erase(desk.runtime, who, desk.actor, dry_run=dry_run))
    return said(Gone(**asdict(done) | {"copies": [str(path) for path in done.copies], "dry_run": dry_run}))
