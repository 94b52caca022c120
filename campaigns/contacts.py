"""What our accounts know of people: the window each has open, with its evidence.

A contact is a merge over events: of all that open a window, the one whose window closes last stands.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

_HEAR = text("""
    INSERT INTO contact (channel, account_id, recipient_id, opened_at, length_ms, closes_at, kind, evidence, source,
        updated_at)
    VALUES (:channel, :account_id, :recipient_id, :at, :length_ms, :closes_at, :kind, :evidence, :source, :now)
    ON CONFLICT (channel, account_id, recipient_id) DO UPDATE SET
        opened_at = excluded.opened_at, length_ms = excluded.length_ms, closes_at = excluded.closes_at,
        kind = excluded.kind, evidence = excluded.evidence, source = excluded.source, updated_at = excluded.updated_at
    WHERE excluded.closes_at > contact.closes_at
       OR (excluded.closes_at = contact.closes_at AND excluded.evidence > contact.evidence)
""")
_WINDOWS = text("""
    SELECT contact.recipient_id, page.sender_id, contact.closes_at
    FROM contact JOIN page ON page.channel = contact.channel AND page.account_id = contact.account_id
    WHERE page.id = page.sender_id AND page.sender_id = :sender_id
""")
_FIND = text("""
    SELECT channel, account_id, recipient_id, opened_at, length_ms, closes_at, kind, evidence, source
    FROM contact WHERE recipient_id = :recipient_id ORDER BY closes_at DESC
""")
_OPEN = text("""
    SELECT channel, account_id, recipient_id, opened_at, length_ms, closes_at, kind, evidence, source
    FROM contact
    WHERE channel = :channel AND account_id = :account_id AND closes_at > :closes_after
      AND (closes_at > :past OR (closes_at = :past AND recipient_id > :person))
    ORDER BY closes_at, recipient_id LIMIT :most
""")
_OPENED = text("""
    SELECT recipient_id, opened_at, closes_at FROM contact
    WHERE channel = :channel AND account_id = :account_id AND closes_at > :closes_after
    ORDER BY closes_at, recipient_id
""")
_OPEN_NOW = text("""
    SELECT channel, account_id, count(*) AS n FROM contact WHERE closes_at > :now GROUP BY channel, account_id
""")
_COUNT = text("SELECT count(*) FROM (SELECT 1 FROM contact LIMIT :most) AS found")
_FORGET = text("DELETE FROM contact WHERE recipient_id = :recipient_id")
_BATCH = 50_000
_STREAM = {"yield_per": _BATCH}
EVERYBODY = 1 << 62
"""A `most` that leaves nobody out."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that opens a window: of `length_ms` from `at` on (epoch ms); `kind` and `evidence` are its proof."""

    channel: str
    account_id: str
    recipient_id: str
    at: int
    length_ms: int
    kind: str
    evidence: str
    source: str

    @property
    def closes_at(self) -> int:
        """When the window closes, in epoch milliseconds."""
        return self.at + self.length_ms


def hear(conn: Connection, heard: Sequence[Heard], now: int) -> None:
    """Take events that open windows, in any order and any number of times."""
    # One row is changed once a statement, and in one order, so that two writers do not wait in a circle.
    latest: dict[tuple[str, str, str], Heard] = {}
    for each in sorted(heard, key=lambda each: (each.closes_at, each.evidence)):
        latest[each.channel, each.account_id, each.recipient_id] = each
    rows = [asdict(latest[key]) | {"closes_at": latest[key].closes_at, "now": now} for key in sorted(latest)]
    if rows:
        conn.execute(_HEAR, rows)


def windows(conn: Connection, senders: Sequence[int]) -> pl.DataFrame:
    """Return every known window of accounts as (recipient_id String, sender_id Int64, closes_at Int64)."""
    import polars as pl  # noqa: PLC0415 - workers use this module without it

    schema = {"recipient_id": pl.String, "sender_id": pl.Int64, "closes_at": pl.Int64}
    parts = [
        pl.DataFrame(rows, schema=schema, orient="row") for sender_id in senders for rows in _windows(conn, sender_id)
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def find(conn: Connection, recipient_id: str) -> Sequence[Row[Any]]:
    """Return what each account knows of a person, the latest window first."""
    return conn.execute(_FIND, {"recipient_id": recipient_id}).all()


def listed(
    conn: Connection,
    channel: str,
    account_id: str,
    *,
    closes_after: int = -1,
    past: tuple[int, str] = (-1, ""),
    most: int = EVERYBODY,
) -> Iterator[Row[Any]]:
    """Yield the people of an account whose window closes after a moment (epoch ms), the first to close first.

    `past` are the moment and the id of whoever comes before them.
    """
    facts = {"channel": channel, "account_id": account_id, "closes_after": closes_after, "most": most}
    yield from conn.execute(_OPEN, facts | {"past": past[0], "person": past[1]}, execution_options=_STREAM)


def opened(conn: Connection, channel: str, account_id: str, *, closes_after: int) -> pl.DataFrame:
    """Return the people whom `listed` yields, all at once: recipient_id String, opened_at Int64, closes_at Int64."""
    import polars as pl  # noqa: PLC0415 - workers use this module without it

    schema = {"recipient_id": pl.String, "opened_at": pl.Int64, "closes_at": pl.Int64}
    facts = {"channel": channel, "account_id": account_id, "closes_after": closes_after}
    found = conn.execute(_OPENED, facts, execution_options=_STREAM)
    parts = [pl.DataFrame(_columns(rows), schema=schema) for rows in found.partitions(_BATCH)]
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def open_now(conn: Connection, now: int) -> Mapping[tuple[str, str], int]:
    """Return how many windows are open at `now` (epoch ms) by channel and account."""
    return {(row.channel, row.account_id): row.n for row in conn.execute(_OPEN_NOW, {"now": now})}


def few(conn: Connection, most: int) -> bool:
    """Whether there are at most so many contacts in all; costs no more to say of millions."""
    return int(conn.execute(_COUNT, {"most": most + 1}).scalar_one()) <= most


def forget(conn: Connection, recipient_id: str) -> int:
    """Forget a person; return how many accounts knew them."""
    return conn.execute(_FORGET, {"recipient_id": recipient_id}).rowcount


def _windows(conn: Connection, sender_id: int) -> Iterator[list[tuple[Any, ...]]]:
    found = conn.execute(_WINDOWS, {"sender_id": sender_id}, execution_options=_STREAM)
    for rows in found.partitions(_BATCH):
        yield [tuple(row) for row in rows]


def _columns(rows: Sequence[Row[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
