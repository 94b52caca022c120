"""How many messages a person had lately, of whichever campaigns: looked at once more when they are claimed."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, text

from campaigns import locks
from campaigns.ledger.batch import Batch
from schemas.campaign_file import PerPerson

HAD = "('sending', 'accepted', 'delivered', 'read', 'unknown', 'assumed_sent')"
"""The states of a row that may have brought a message, for SQL."""

_SENDERS = text("SELECT DISTINCT sender_id FROM page WHERE id IN :pages ORDER BY sender_id").bindparams(
    bindparam("pages", expanding=True)
)
# The unique index on sender, recipient and campaign leads to the few rows of each person. The claimed row itself is
# pending, so it is none of them.
_CAPPED = Batch(
    f"""
    SELECT given.id FROM given JOIN delivery ON delivery.id = given.id
        JOIN delivery AS other ON other.sender_id = delivery.sender_id AND other.recipient_id = delivery.recipient_id
    WHERE delivery.part_done = 0 AND other.state IN {HAD} AND other.sent_at > given.since
    GROUP BY given.id, given.most HAVING COUNT(*) >= given.most
    """,  # noqa: S608 - states of our own
    id=int,
    since=int,
    most=int,
)


def take_turns(conn: Connection, page_ids: Sequence[int]) -> None:
    """Let nobody else count the people of these pages' accounts until the transaction ends.

    Two campaigns that claim one person at the same moment would not see each other.
    """
    if page_ids:
        for sender_id in conn.execute(_SENDERS, {"pages": sorted(set(page_ids))}).scalars().all():
            locks.turn(conn, f"frequency {sender_id}")


def capped(conn: Connection, rows: Sequence[tuple[int, PerPerson | None]], now: int) -> frozenset[int]:
    """Return those of the rows, each with its campaign's cap, whose people have had their messages by `now` (epoch ms).

    Who has had a part of this message already gets the others.
    """
    given = [(row_id, now - cap.span_ms, cap.count) for row_id, cap in rows if cap]
    return frozenset(_CAPPED.run(conn, given).scalars()) if given else frozenset()
