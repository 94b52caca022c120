"""One person over all campaigns: what was sent, with its ids, what came of it, and whether they may be messaged."""

from sqlalchemy import Connection, text

from campaigns import suppression
from campaigns.errors import NotFoundError
from campaigns.moments import iso
from campaigns.report.explanation import sent, suppressions
from campaigns.report.standing import campaign
from campaigns.report.windows import Account, windows
from schemas.person import Message, Person

# The unique index leads with the sender, so the senders there are find the person without a scan.
_DELIVERIES = text("""
    SELECT delivery.*, page.name AS page, page.channel, page.account_id
    FROM (SELECT DISTINCT sender_id FROM page) AS account
    JOIN delivery ON delivery.sender_id = account.sender_id AND delivery.recipient_id = :recipient_id
    JOIN page ON page.id = delivery.page_id
    ORDER BY COALESCE(delivery.sent_at, delivery.accepted_at, 0), delivery.campaign_id, delivery.line
""")


def person(conn: Connection, recipient_id: str, now_ms: int) -> Person:
    """Return what is known about a person, under another name once erased; raises NotFoundError for nothing."""
    rows = conn.execute(_DELIVERIES, {"recipient_id": recipient_id}).mappings().all()
    suppressed = suppressions(conn, recipient_id)
    closings: dict[tuple[str, Account], int | None] = {}
    messages = []
    for row in rows:
        of = campaign(conn, row["campaign_id"])
        line = sent(conn, row, {}, of)
        messages.append(Message(campaign=of.name, id=of.ref, created_at=iso(of.created_at), delivery=line))
        key = row["page"], Account(row["channel"], row["account_id"])
        closings[key] = max((at for at in (closings.get(key), row["closes_at"]) if at is not None), default=None)
    known = windows(conn, recipient_id, closings, now_ms)
    if not (messages or suppressed or known):
        erased = suppression.name_of(conn, recipient_id)
        if erased and suppression.is_erased(conn, erased):
            return person(conn, erased, now_ms)
        raise NotFoundError(
            f"No launched campaign names {recipient_id}, nobody suppressed them, and they have not written to an "
            "account here. Check the id."
        )
    return Person(recipient_id=recipient_id, suppressed=suppressed, windows=known, messages=messages)
