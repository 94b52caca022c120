"""One person over all campaigns: what was sent, with its ids, what came of it, and whether they may be messaged."""

from pydantic import BaseModel
from sqlalchemy import Connection, text

from campaigns.errors import InputError
from campaigns.moments import iso, iso_or_none
from campaigns.report.explanation import Line, sent, suppressions
from campaigns.report.standing import campaign

# The unique index leads with the sender, so the senders there are find the person without a scan.
_DELIVERIES = text("""
    SELECT delivery.*, page.name AS page, page.channel FROM (SELECT DISTINCT sender_id FROM page) AS account
    JOIN delivery ON delivery.sender_id = account.sender_id AND delivery.recipient_id = :recipient_id
    JOIN page ON page.id = delivery.page_id
    ORDER BY COALESCE(delivery.sent_at, delivery.accepted_at, 0), delivery.campaign_id, delivery.line
""")


class Message(BaseModel):
    """What one campaign has for the person."""

    campaign: str
    id: str
    created_at: str
    delivery: Line


class Window(BaseModel):
    """The latest end of the messaging window that any campaign knows, for one page. `closes_at` is ISO 8601."""

    page: str
    closes_at: str | None
    open: bool


class Person(BaseModel):
    """Everything about one person; `messages` in the order in which they were sent."""

    recipient_id: str
    suppressed: list[str]
    windows: list[Window]
    messages: list[Message]


def person(conn: Connection, recipient_id: str, now_ms: int) -> Person:
    """Return what is known about a person; raises InputError where that is nothing."""
    rows = conn.execute(_DELIVERIES, {"recipient_id": recipient_id}).mappings().all()
    suppressed = suppressions(conn, recipient_id)
    if not rows and not suppressed:
        raise InputError(f"No launched campaign names {recipient_id}, and nobody suppressed them. Check the id.")
    closings: dict[str, int | None] = {}
    messages = []
    for row in rows:
        of = campaign(conn, row["campaign_id"])
        line = sent(conn, row, {}, of)
        messages.append(Message(campaign=of.name, id=of.ref, created_at=iso(of.created_at), delivery=line))
        known = closings.get(row["page"])
        closings[row["page"]] = max((at for at in (known, row["closes_at"]) if at is not None), default=None)
    windows = [
        Window(page=page, closes_at=iso_or_none(at), open=at is not None and at > now_ms)
        for page, at in sorted(closings.items())
    ]
    return Person(recipient_id=recipient_id, suppressed=suppressed, windows=windows, messages=messages)
