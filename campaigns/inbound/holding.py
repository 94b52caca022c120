"""Locks first: whoever applies events holds the chunks of everybody they name before it looks at a row.

So a claim or a settlement that is under way is waited for, and what it says of a person is there to be changed by what
the person says; and nobody who holds a chunk waits for a row of it, in a circle with us.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, text

from campaigns import locks
from campaigns.database import SQLITE
from campaigns.inbound.events import Kept
from campaigns.policy import windows
from schemas.reason import RESCUABLE

_MOST_NAMED = 500

# Rows that others may be writing to; what is over and done with changes by receipts alone.
_ROWS = text("""
    SELECT delivery.chunk_id, delivery.campaign_id, delivery.recipient_id, delivery.reason
    FROM delivery JOIN campaign ON campaign.id = delivery.campaign_id
    WHERE delivery.sender_id = :sender_id AND delivery.recipient_id IN :people
      AND (campaign.state IN ('sending', 'paused', 'scheduled') OR delivery.state IN ('pending', 'sending', 'unknown'))
""").bindparams(bindparam("people", expanding=True))


def hold(conn: Connection, kept: Sequence[Kept]) -> None:
    """Lock what these events may change: campaigns that people may be rescued into, then chunks."""
    if conn.dialect.name == SQLITE:
        return
    speaking = {each.event.person for each in kept if windows.opened_by(each.event)}
    people: dict[int, set[str]] = defaultdict(set)
    for each in kept:
        if each.arrival.sender_id is not None and each.event.person:
            people[each.arrival.sender_id].add(each.event.person)
    campaigns: set[int] = set()
    chunks: set[int] = set()
    for sender_id, names in people.items():
        ordered = sorted(names)
        for start in range(0, len(ordered), _MOST_NAMED):
            facts = {"sender_id": sender_id, "people": ordered[start : start + _MOST_NAMED]}
            for row in conn.execute(_ROWS, facts):
                chunks.update([row.chunk_id] if row.chunk_id else [])
                campaigns.update([row.campaign_id] if row.reason in RESCUABLE and row.recipient_id in speaking else [])
    for campaign_id in sorted(campaigns):
        locks.campaign(conn, campaign_id)
    if chunks:
        locks.chunks(conn, sorted(chunks))
