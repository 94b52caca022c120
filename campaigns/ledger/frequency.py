"""How many messages a person had lately, of whichever campaigns: looked at once more when they are claimed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import Connection, bindparam, text

from campaigns import locks
from campaigns.ledger.batch import Batch
from schemas.campaign_file import PerPerson

T = TypeVar("T")

HAD = "('sending', 'accepted', 'delivered', 'read', 'unknown', 'assumed_sent')"
"""The states of a row that may have brought a message, for SQL."""

_SENDERS = text("SELECT id, sender_id FROM page WHERE id IN :pages ORDER BY sender_id").bindparams(
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


def take_turns(conn: Connection, page_ids: Sequence[int]) -> dict[int, int]:
    """Let nobody else count the people of these pages' accounts until the transaction ends; return each page's account.

    Two campaigns that claim one person at the same moment would not see each other.
    """
    found = conn.execute(_SENDERS, {"pages": sorted(set(page_ids))}).all() if page_ids else ()
    for sender_id in dict.fromkeys(row.sender_id for row in found):
        locks.turn(conn, f"frequency {sender_id}")
    return {row.id: row.sender_id for row in found}


def in_rounds(asks: Sequence[T], accounts: Sequence[int | None]) -> list[list[T]]:
    """Divide claims so that no round counts an account's people twice: each sees what the rounds before it have taken.

    `accounts` names for each the one whose people it counts, None where it counts nobody's.
    """
    rounds: dict[int, list[T]] = defaultdict(list)
    turns: Counter[int] = Counter()
    for ask, account in zip(asks, accounts, strict=True):
        if account is not None:
            turns[account] += 1
        rounds[0 if account is None else turns[account]].append(ask)
    return [rounds[number] for number in sorted(rounds)]


def capped(conn: Connection, rows: Sequence[tuple[int, PerPerson | None]], now: int) -> frozenset[int]:
    """Return those of the rows, each with its campaign's cap, whose people have had their messages by `now` (epoch ms).

    Who has had a part of this message already gets the others.
    """
    given = [(row_id, now - cap.span_ms, cap.count) for row_id, cap in rows if cap]
    return frozenset(_CAPPED.run(conn, given).scalars()) if given else frozenset()
