"""Who is suppressed, and what a person has said, as plans and people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, text

from campaigns.suppression.erased import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

_ALL = text("SELECT recipient_id, sender_id FROM suppression")
_LIST = text("""
    SELECT suppression.recipient_id, suppression.source, suppression.note, suppression.at, page.name AS page,
           suppression.sender_id
    FROM suppression LEFT JOIN page ON page.id = suppression.sender_id
    WHERE (CAST(:person AS VARCHAR) IS NULL OR suppression.recipient_id IN (:person, :erased))
      AND (suppression.at > :at OR (suppression.at = :at AND (suppression.recipient_id > :recipient_id
        OR (suppression.recipient_id = :recipient_id AND suppression.sender_id > :sender_id))))
    ORDER BY suppression.at, suppression.recipient_id, suppression.sender_id LIMIT :most
""")
_TOLD = text("""
    SELECT consent.at, consent.kind, consent.sender_id, page.name AS page, consent.channel, consent.source,
           consent.evidence, consent.actor
    FROM consent LEFT JOIN page ON page.id = consent.sender_id
    WHERE consent.recipient_id = :recipient_id ORDER BY consent.at, consent.id
""")


def frame(conn: Connection) -> pl.DataFrame:
    """Return all suppressions as (recipient_id String, sender_id Int64), 0 for every sender."""
    import polars as pl  # noqa: PLC0415 - workers use this module without it

    rows = [tuple(row) for row in conn.execute(_ALL)]
    return pl.DataFrame(rows, schema={"recipient_id": pl.String, "sender_id": pl.Int64}, orient="row")


def listed(
    conn: Connection, most: int = 10_000, after: tuple[int, str, int] = (-1, "", 0), *, person: str | None = None
) -> Sequence[Row[tuple[str, str, str, int, str | None, int]]]:
    """Return suppressions, oldest first, with the page's name where it is for one sender only.

    `after` are moment, recipient and sender of the one that comes before them; `person` asks for one alone.
    """
    place = dict(zip(("at", "recipient_id", "sender_id"), after, strict=True))
    erased = name_of(conn, person) if person else None
    return conn.execute(_LIST, place | {"person": person, "erased": erased or person, "most": most}).all()


def told(conn: Connection, recipient_id: str) -> Sequence[Row[Any]]:
    """Return every event of a person's consent, oldest first, with the page's name where it is for one sender only.

    A suppression that is older than this history has none.
    """
    return conn.execute(_TOLD, {"recipient_id": recipient_id}).all()
