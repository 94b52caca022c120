"""The people who must not be messaged: asked when a plan is made, and again at every claim."""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection, Row, text

EVERY_SENDER = 0

_ADD = text("""
    INSERT INTO suppression (recipient_id, sender_id, source, note, at)
    VALUES (:recipient_id, :sender_id, :source, :note, :at)
    ON CONFLICT (recipient_id, sender_id) DO NOTHING
""")
_REMOVE = text("DELETE FROM suppression WHERE recipient_id = :recipient_id")
_ALL = text("SELECT recipient_id, sender_id FROM suppression")
_LIST = text("""
    SELECT suppression.recipient_id, suppression.source, suppression.note, suppression.at, page.name AS page
    FROM suppression LEFT JOIN page ON page.id = suppression.sender_id
    ORDER BY suppression.at, suppression.recipient_id LIMIT :most
""")


def add(
    conn: Connection, recipient_id: str, sender_id: int = EVERY_SENDER, *, source: str, note: str = "", now: int
) -> bool:
    """Suppress a person for one sender or all; False where they already were. `now` in epoch milliseconds."""
    row = {"recipient_id": recipient_id, "sender_id": sender_id, "source": source, "note": note, "at": now}
    return conn.execute(_ADD, row).rowcount == 1


def add_many(conn: Connection, recipient_ids: Sequence[str], *, source: str, note: str, now: int) -> int:
    """Suppress people for every sender; return how many were new."""
    rows = [
        {"recipient_id": each, "sender_id": EVERY_SENDER, "source": source, "note": note, "at": now}
        for each in recipient_ids
    ]
    return conn.execute(_ADD, rows).rowcount if rows else 0


def remove(conn: Connection, recipient_id: str) -> bool:
    """Lift every suppression of a person; False where there was none."""
    return conn.execute(_REMOVE, {"recipient_id": recipient_id}).rowcount > 0


def frame(conn: Connection) -> pl.DataFrame:
    """Return all suppressions as (recipient_id String, sender_id Int64), 0 for every sender."""
    rows = [tuple(row) for row in conn.execute(_ALL)]
    return pl.DataFrame(rows, schema={"recipient_id": pl.String, "sender_id": pl.Int64}, orient="row")


def listed(conn: Connection, most: int = 10_000) -> Sequence[Row[tuple[str, str, str, int, str | None]]]:
    """Return suppressions, oldest first, with the page's name where it is for one sender only."""
    return conn.execute(_LIST, {"most": most}).all()
