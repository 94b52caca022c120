"""Who may be sent tests, account by account."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

EVERYBODY = 1 << 62
"""A `most` that leaves nobody out."""

_ADD = text("""
    INSERT INTO tester (channel, account_id, recipient_id, note, added_at, added_by)
    VALUES (:channel, :account_id, :recipient_id, :note, :now, :actor)
    ON CONFLICT (channel, account_id, recipient_id) DO UPDATE SET note = excluded.note
    RETURNING added_at = :now AS new
""")
_REMOVE = text("""
    DELETE FROM tester
    WHERE recipient_id = :recipient_id
      AND (CAST(:channel AS VARCHAR) IS NULL OR (channel = :channel AND account_id = :account_id))
""")
_LIST = text("""
    SELECT tester.recipient_id, page.name AS page, tester.channel, tester.account_id, tester.note, tester.added_at,
           tester.added_by, tester.tested_at
    FROM tester
    LEFT JOIN page ON page.id = page.sender_id AND page.channel = tester.channel
                      AND page.account_id = tester.account_id
    WHERE (tester.added_at, tester.recipient_id, tester.channel, tester.account_id)
        > (:added_at, :recipient_id, :channel, :account_id)
      AND (CAST(:of_channel AS VARCHAR) IS NULL
           OR (tester.channel = :of_channel AND tester.account_id = :of_account_id))
    ORDER BY tester.added_at, tester.recipient_id, tester.channel, tester.account_id LIMIT :most
""")
_BEGIN = text("""
    UPDATE tester SET tested_at = :now
    WHERE channel = :channel AND account_id = :account_id AND recipient_id = :recipient_id
""")
_TESTED = text("""
    SELECT 1 FROM tester
    WHERE channel = :channel AND account_id = :account_id AND recipient_id = :recipient_id
      AND tested_at BETWEEN :since AND :until
""")


def add(conn: Connection, channel: str, account_id: str, recipient_id: str, *, note: str, now: int, actor: str) -> bool:
    """Let an account send tests to a person; False where it may already, and then the note is changed."""
    who = {"channel": channel, "account_id": account_id, "recipient_id": recipient_id}
    return bool(conn.execute(_ADD, who | {"note": note, "now": now, "actor": actor}).scalar_one())


def remove(conn: Connection, recipient_id: str, account: tuple[str, str] | None = None) -> int:
    """Take a person off the list of one (channel, account), or of all; return of how many."""
    channel, account_id = account or (None, None)
    facts = {"recipient_id": recipient_id, "channel": channel, "account_id": account_id}
    return conn.execute(_REMOVE, facts).rowcount


def listed(
    conn: Connection,
    *,
    account: tuple[str, str] | None = None,
    past: tuple[int, str, str, str] = (-1, "", "", ""),
    most: int = EVERYBODY,
) -> Sequence[Row[Any]]:
    """Return testers with the name of the account's first page, in the order in which they were added.

    Of one (channel, account), or of all. `past` are moment, recipient, channel and account of the one that comes
    before them.
    """
    place = dict(zip(("added_at", "recipient_id", "channel", "account_id"), past, strict=True))
    of_channel, of_account_id = account or (None, None)
    facts = place | {"of_channel": of_channel, "of_account_id": of_account_id, "most": most}
    return conn.execute(_LIST, facts).all()


def begin(conn: Connection, channel: str, account_id: str, recipient_id: str, now: int) -> None:
    """Note that a test to a person begins."""
    conn.execute(_BEGIN, {"channel": channel, "account_id": account_id, "recipient_id": recipient_id, "now": now})


def tested(conn: Connection, channel: str, account_id: str, recipient_id: str, *, since: int, until: int) -> bool:
    """Whether the latest test of an account to a person began between two moments (epoch ms)."""
    who = {"channel": channel, "account_id": account_id, "recipient_id": recipient_id}
    return conn.execute(_TESTED, who | {"since": since, "until": until}).first() is not None
