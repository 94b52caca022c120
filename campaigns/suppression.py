"""The people who must not be messaged: asked when a plan is made, and again at every claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Row, text

from campaigns import events
from campaigns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

EVERY_SENDER = 0

_USABLE_ID = re.compile(r"[1-9][0-9]{0,31}")
"""As lists have it; a test holds the two equal."""

_ADD = text("""
    INSERT INTO suppression (recipient_id, sender_id, source, note, at)
    VALUES (:recipient_id, :sender_id, :source, :note, :at)
    ON CONFLICT (recipient_id, sender_id) DO NOTHING
""")
_REMOVE = text("DELETE FROM suppression WHERE recipient_id = :recipient_id")
_ALL = text("SELECT recipient_id, sender_id FROM suppression")
_COUNT = text("SELECT count(*) FROM suppression")
_LIST = text("""
    SELECT suppression.recipient_id, suppression.source, suppression.note, suppression.at, page.name AS page
    FROM suppression LEFT JOIN page ON page.id = suppression.sender_id
    ORDER BY suppression.at, suppression.recipient_id LIMIT :most
""")


def person(recipient_id: str) -> str:
    """Return a typed recipient id without the space around it; raises InputError where it can be no one's."""
    trimmed = recipient_id.strip()
    if not _USABLE_ID.fullmatch(trimmed):
        raise InputError(f"{recipient_id!r} is no recipient id. Write all of its digits and nothing else.")
    return trimmed


def suppress(conn: Connection, recipient_id: str, sender_id: int, *, note: str, now: int, actor: str) -> bool:
    """Suppress a person because somebody says so; False where they already were."""
    new = add(conn, recipient_id, sender_id, source="cli", note=note, now=now)
    if new:
        events.record(conn, now, "suppression.added", actor, f"{recipient_id} is suppressed.")
    return new


def suppress_all(conn: Connection, parts: Iterable[Sequence[str]], *, note: str, now: int, actor: str) -> int:
    """Suppress the people of an imported file, part by part, for every sender; return how many were new."""
    new = sum(add_many(conn, part, source="import", note=note, now=now) for part in parts)
    events.record(conn, now, "suppression.imported", actor, f"{new} people are suppressed: {note}.")
    return new


def lift(conn: Connection, recipient_id: str, *, now: int, actor: str) -> None:
    """Lift every suppression of a person because somebody says so; raises InputError where there is none."""
    if not remove(conn, recipient_id):
        raise InputError(f"{recipient_id} is not suppressed. `pagecast suppress list` shows who is.")
    events.record(conn, now, "suppression.removed", actor, f"{recipient_id} is no longer suppressed.")


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
    import polars as pl  # noqa: PLC0415 - workers use this module without it

    rows = [tuple(row) for row in conn.execute(_ALL)]
    return pl.DataFrame(rows, schema={"recipient_id": pl.String, "sender_id": pl.Int64}, orient="row")


def count(conn: Connection) -> int:
    """Return how many suppressions there are."""
    return int(conn.execute(_COUNT).scalar_one())


def listed(conn: Connection, most: int = 10_000) -> Sequence[Row[tuple[str, str, str, int, str | None]]]:
    """Return suppressions, oldest first, with the page's name where it is for one sender only."""
    return conn.execute(_LIST, {"most": most}).all()
