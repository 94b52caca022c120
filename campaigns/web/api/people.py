"""One person, over all campaigns."""

from typing import Annotated

from fastapi import APIRouter, Path

from campaigns import report
from campaigns.access import Right
from campaigns.report import Person
from campaigns.runtime import now_of
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import Answer, said

router = APIRouter(prefix="/people", tags=["people"])


@router.get("/{recipient}", **may(Right.READ))
def person(
    desk: Here, recipient: Annotated[str, Path(description="The recipient id.", examples=["17840000000000001"])]
) -> Answer[Person]:
    """Show what every campaign sent to one person, with message and request ids, their windows and suppressions."""
    with desk.runtime.reading() as conn:
        return said(report.person(conn, recipient.strip(), now_of(conn)))
