"""What came in, as people look it up."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from campaigns import suppression
from campaigns.moments import iso
from schemas.inbound import InboundKind

EVERYTHING = 1 << 62

_LISTED = text("""
    SELECT inbound_event.*, page.name AS page, campaign.ref AS campaign, delivery.line
    FROM inbound_event
    LEFT JOIN page ON page.id = inbound_event.sender_id
    LEFT JOIN campaign ON campaign.id = inbound_event.campaign_id
    LEFT JOIN delivery ON delivery.id = inbound_event.delivery_id
    WHERE (:kind = '' OR inbound_event.kind = :kind) AND (:person = '' OR inbound_event.person IN (:person, :erased))
      AND (:campaign_id = 0 OR inbound_event.campaign_id = :campaign_id) AND inbound_event.received_at >= :since
      AND (:sender_id = 0 OR inbound_event.sender_id = :sender_id)
      AND inbound_event.id < :before
    ORDER BY inbound_event.id DESC LIMIT :most
""")
_COUNTS = text("SELECT kind, count(*) AS n FROM inbound_event GROUP BY kind")


def listed(
    conn: Connection,
    *,
    kind: InboundKind | None = None,
    person: str = "",
    campaign_id: int = 0,
    sender_id: int = 0,
    since: int = 0,
    before: int = EVERYTHING,
    most: int = EVERYTHING,
) -> Iterator[dict[str, Any]]:
    """Yield events, the latest first, of an erased person too; `since` is when they came in, in epoch ms.

    `before` is the id of the event that comes before them.
    """
    who = {"person": person, "erased": suppression.name_of(conn, person) or person}
    asked = {
        "kind": kind.value if kind else "",
        **who,
        "campaign_id": campaign_id,
        "sender_id": sender_id,
        "since": since,
    }
    for row in conn.execute(_LISTED, asked | {"before": before, "most": most}).mappings():
        yield {
            "id": row["id"],
            "at": iso(row["at"] or row["received_at"]),
            "received_at": iso(row["received_at"]),
            "kind": row["kind"],
            "provider": row["provider"],
            "channel": row["channel"],
            "account_id": row["account_id"],
            "page": row["page"],
            "person": row["person"],
            "mid": row["mid"],
            "text": row["text"],
            "payload": row["payload"],
            "campaign": row["campaign"],
            "line": row["line"],
            **json.loads(row["facts"]),
        }


def counts(conn: Connection) -> dict[str, int]:
    """Return how many events of each kind came in, kinds that nobody knows among them."""
    found: dict[str, int] = {row.kind: row.n for row in conn.execute(_COUNTS)}
    return {kind.value: found[kind.value] for kind in InboundKind if kind.value in found}
