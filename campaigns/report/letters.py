"""What people wrote in answer to a campaign, in their own words."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from campaigns.moments import iso

NEWEST = 1 << 62
"""A `before` that leaves nothing out."""

# The index on campaign and kind leads past the receipts, which may be millions.
_WRITTEN = text("""
    SELECT inbound_event.id, inbound_event.at, inbound_event.received_at, inbound_event.person, inbound_event.text,
           page.name AS page, consent.key IS NOT NULL AS opted_out
    FROM inbound_event LEFT JOIN page ON page.id = inbound_event.sender_id
    LEFT JOIN consent ON consent.key = 'inbound:' || inbound_event.key AND consent.kind = 'opted_out'
    WHERE inbound_event.campaign_id = :id AND inbound_event.kind = 'message' AND inbound_event.id < :before
    ORDER BY inbound_event.id DESC LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a person; `at` is ISO 8601, `id` that of the event."""

    id: int
    at: str
    person: str
    page: str
    text: str
    opted_out: bool


def letters(conn: Connection, campaign_id: int, *, before: int = NEWEST, most: int = 50) -> Sequence[Letter]:
    """Return what was written, the latest first, before the event with the id `before`."""
    rows = conn.execute(_WRITTEN, {"id": campaign_id, "before": before, "most": most})
    return [
        Letter(row.id, iso(row.at or row.received_at), row.person, row.page or "", row.text, bool(row.opted_out))
        for row in rows
    ]
