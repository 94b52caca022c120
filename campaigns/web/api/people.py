"""One person, over all campaigns."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path

from campaigns import report, suppression
from campaigns.lifecycle import erase as erasing
from campaigns.runtime import now_of
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import said
from schemas.api.envelope import Answer
from schemas.api.people import Erase, Gone
from schemas.person import Person
from schemas.right import Right

router = APIRouter(prefix="/people", tags=["people"])


Recipient = Annotated[str, Path(description="The recipient id.", examples=["17840000000000001"])]


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
