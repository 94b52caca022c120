"""Who got the message beside who was held out: what both wrote meanwhile shows what the message did.

Both groups are looked at in the same way, because an answer of somebody who got nothing answers no message: whoever
wrote or tapped from the start until three days after the last message. Of those held out the ones are compared whose
window was open at the start: nobody else could have got it.
"""

import json

from sqlalchemy import Connection, text

from schemas.campaign import Campaign
from schemas.groups import Group, Groups

_WITHIN_MS = 3 * 86_400_000
_LATE_MS = 86_400_000
"""How long after it was written a message may come in."""

_COMPARED = """
    delivery.campaign_id = :campaign_id AND (delivery.state IN ('accepted', 'delivered', 'read')
        OR (delivery.state = 'skipped' AND delivery.reason = 'holdout'
            AND COALESCE(delivery.closes_at > :open_until, :unknown_too)))
"""
_PEOPLE = text(f"""
    SELECT CASE WHEN delivery.state = 'skipped' THEN 1 ELSE 0 END AS held_out, COUNT(*) AS people,
           MAX(delivery.sent_at) AS last
    FROM delivery WHERE delivery.id BETWEEN :low AND :high AND {_COMPARED}
    GROUP BY CASE WHEN delivery.state = 'skipped' THEN 1 ELSE 0 END
""")  # noqa: S608 - conditions of our own
_SPOKE = text(f"""
    SELECT CASE WHEN delivery.state = 'skipped' THEN 1 ELSE 0 END AS held_out, COUNT(*) AS wrote,
           SUM(spoke.opted_out) AS opted_out
    FROM (
        SELECT inbound_event.sender_id, inbound_event.person,
               MAX(CASE WHEN consent.key IS NULL THEN 0 ELSE 1 END) AS opted_out
        FROM inbound_event
        LEFT JOIN consent ON consent.key = 'inbound:' || inbound_event.key AND consent.kind = 'opted_out'
        WHERE inbound_event.received_at BETWEEN :start AND :late AND inbound_event.at BETWEEN :start AND :end
          AND inbound_event.kind IN ('message', 'quick_reply', 'postback')
        GROUP BY inbound_event.sender_id, inbound_event.person
    ) AS spoke
    JOIN delivery ON delivery.sender_id = spoke.sender_id AND delivery.recipient_id = spoke.person
    WHERE {_COMPARED}
    GROUP BY CASE WHEN delivery.state = 'skipped' THEN 1 ELSE 0 END
""")  # noqa: S608 - conditions of our own


def groups(conn: Connection, found: Campaign) -> Groups | None:
    """Return the groups beside each other; None without a hold-out, or before the start."""
    spec = json.loads(found.spec)
    if not spec.get("audience", {}).get("holdout") or found.started_at is None:
        return None
    facts = {
        "campaign_id": found.id,
        "low": found.first_id or 0,
        "high": found.last_id or 0,
        "start": found.started_at,
        "open_until": found.started_at + found.margin_ms,
        "unknown_too": spec.get("policy") == "provider",
    }
    people = {row.held_out: row for row in conn.execute(_PEOPLE, facts)}
    last = max((row.last for row in people.values() if row.last is not None), default=found.started_at)
    days = {"end": last + _WITHIN_MS, "late": last + _WITHIN_MS + _LATE_MS}
    spoke = {row.held_out: row for row in conn.execute(_SPOKE, facts | days)}

    def group(held_out: int) -> Group:
        wrote = spoke.get(held_out)
        return Group(
            people=people[held_out].people if held_out in people else 0,
            wrote=wrote.wrote if wrote else 0,
            opted_out=int(wrote.opted_out) if wrote else 0,
        )

    return Groups(sent=group(0), held_out=group(1))
