"""A plan's rows into the ledger, in bulk and in slices.

One transaction over a million rows blocked a running campaign's claims for 5.7 s, so rows go in slices of 5,000 with a
short pause between them while any campaign sends. Each slice writes nearly every page of the index on recipients anew,
so a load that disturbs nobody takes larger ones and half the time. Until the campaign's state changes, last, nobody
looks at the rows; a load that was interrupted is swept before the next one begins.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import Connection, text

from campaigns import bulk, locks
from campaigns.ledger.leftovers import BOUND, SLICE, Writing, sweep

if TYPE_CHECKING:
    from collections.abc import Mapping

SLICE_ALONE = 100_000
"""Rows of one transaction while none does: half a second, which a verb or a launch can wait."""
_PAUSE = 0.001
_CHUNK_ZERO = 0

_LAST_ID = text("SELECT COALESCE(MAX(last_id), 0) FROM campaign")
_CHUNK = text("""
    INSERT INTO chunk (campaign_id, page_id, seq, size, deadline, state, fence, crashes)
    VALUES (:campaign_id, :page_id, :seq, :size, :deadline, 'ready', 0, 0)
""")
_CHUNK_IDS = text("SELECT page_id, seq, id FROM chunk WHERE campaign_id = :campaign_id")
_TALLY = text("""
    INSERT INTO tally (campaign_id, page_id, chunk_id, state, reason, n)
    VALUES (:campaign_id, :page_id, :chunk_id, :state, :reason, :n)
""")
_COLUMNS = (
    "id",
    "campaign_id",
    "page_id",
    "sender_id",
    "chunk_id",
    "line",
    "recipient_id",
    "variables",
    "closes_at",
    "state",
    "reason",
)
_SENDING = text("SELECT 1 FROM campaign WHERE state = 'sending' LIMIT 1")


@dataclass(frozen=True, slots=True)
class Load:
    """What is loaded: the ledger's rows in send order, the chunks, and the counts of all rows of the list.

    `rows` has line, recipient_id, page_id, sender_id, variables, closes_at, state, reason, chunk_seq (null where
    skipped), and zone where people have quiet time by their own clocks.
    `chunks` has page_id, seq, size, deadline. `tallies` has page_id, chunk_seq, state, reason, n.
    """

    rows: pl.DataFrame
    chunks: pl.DataFrame
    tallies: pl.DataFrame


def load(writing: Writing, campaign_id: int, rows: Load, pause: float = _PAUSE) -> int:
    """Write a plan's chunks, rows and tallies for a campaign; return the number of ledger rows."""
    sweep(writing, campaign_id)
    n = rows.rows.height
    with writing() as conn:
        locks.turn(conn, "delivery ids")
        first = int(conn.execute(_LAST_ID).scalar_one()) + 1
        total = int(rows.tallies["n"].sum())
        conn.execute(BOUND, {"first": first, "last": first + n - 1, "total": total, "campaign_id": campaign_id})
        chunk_ids = _record_chunks(conn, campaign_id, rows.chunks)
        step = _step(conn)
    done = 0
    columns = (*_COLUMNS, *(("zone",) if "zone" in rows.rows.columns else ()))
    while part := _slice(rows.rows.slice(done, step), first + done, campaign_id, chunk_ids, columns):
        with writing() as conn:
            bulk.insert(conn, "delivery", columns, part)
            done, step = done + len(part), _step(conn)
        time.sleep(pause)
    with writing() as conn:
        _record_tallies(conn, campaign_id, rows.tallies, chunk_ids)
    return n


def _record_chunks(conn: Connection, campaign_id: int, chunks: pl.DataFrame) -> pl.DataFrame:
    rows = [row | {"campaign_id": campaign_id} for row in chunks.iter_rows(named=True)]
    if rows:
        conn.execute(_CHUNK, rows)
    found = conn.execute(_CHUNK_IDS, {"campaign_id": campaign_id}).all()
    schema = {"page_id": pl.Int64, "chunk_seq": pl.Int64, "chunk_id": pl.Int64}
    return pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")


def _step(conn: Connection) -> int:
    return SLICE if conn.execute(_SENDING).first() else SLICE_ALONE


def _slice(
    rows: pl.DataFrame, first: int, campaign_id: int, chunk_ids: pl.DataFrame, columns: Sequence[str]
) -> list[tuple[object, ...]]:
    return (
        rows.with_columns(pl.col("page_id", "chunk_seq").cast(pl.Int64))
        .join(chunk_ids, on=["page_id", "chunk_seq"], how="left", maintain_order="left")
        .with_columns(
            pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("id"),
            pl.lit(campaign_id).alias("campaign_id"),
        )
        .select(columns)
        .rows()
    )


def _record_tallies(conn: Connection, campaign_id: int, tallies: pl.DataFrame, chunk_ids: pl.DataFrame) -> None:
    known: Mapping[tuple[int, int], int] = {(page, seq): chunk for page, seq, chunk in chunk_ids.iter_rows()}
    rows = [
        {
            "campaign_id": campaign_id,
            "page_id": row["page_id"] or 0,
            "chunk_id": _CHUNK_ZERO if row["chunk_seq"] is None else known[row["page_id"], row["chunk_seq"]],
            "state": row["state"],
            "reason": row["reason"] or "",
            "n": row["n"],
        }
        for row in tallies.iter_rows(named=True)
    ]
    if rows:
        conn.execute(_TALLY, rows)
