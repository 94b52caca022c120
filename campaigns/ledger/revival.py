"""Rows that come back: the named verbs alone move a row to the left, or decide about one that is in doubt.

A row returns to the chunk that it had. People whom the plan set aside had none: those of one call get a new one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from campaigns import locks
from campaigns.ledger.tallies import Change, Place, add, moved
from schemas.delivery import DeliveryState
from schemas.reason import Reason

# Of several parts that all were accepted, one has failed since: it cannot go out without the others.
_FOUND = text("""
    SELECT id, page_id, chunk_id, reason FROM delivery
    WHERE id IN :ids AND state = :state AND (accepted_at IS NULL OR part_done <= 1)
""").bindparams(bindparam("ids", expanding=True))
# What was accepted as a whole and failed after that begins anew.
_DONE = "CASE WHEN accepted_at IS NULL THEN part_done ELSE 0 END"
_RETURN = text(f"""
    UPDATE delivery SET state = 'pending', reason = NULL, claim = NULL, due_at = NULL, accepted_at = NULL,
        part_done = {_DONE}, part_open = {_DONE}, chunk_id = :chunk_id, variables = :variables,
        closes_at = :closes_at, tries = tries + :again
    WHERE id = :id
""")  # noqa: S608 - an expression of our own
_READY = text("""
    UPDATE chunk SET state = CASE WHEN state = 'done' THEN 'ready' ELSE state END, due_at = NULL, rung_at = NULL,
        crashes = 0
    WHERE id = :id AND state IN ('done', 'ready')
""")
_NEW_CHUNK = text("""
    INSERT INTO chunk (campaign_id, page_id, seq, size, deadline, state, fence, crashes)
    SELECT :campaign_id, :page_id, COALESCE(MAX(seq), -1) + 1, :size,
        CAST(:closes_at AS BIGINT) - (SELECT margin_ms FROM campaign WHERE id = :campaign_id), 'ready', 0, 0
    FROM chunk WHERE campaign_id = :campaign_id AND page_id = :page_id
    RETURNING id
""")
_DECIDE = text("""
    UPDATE delivery SET state = :state, reason = :reason, part_open = part_done
    WHERE id = :id AND campaign_id = :campaign_id AND state = 'unknown' RETURNING page_id, chunk_id
""")


@dataclass(frozen=True, slots=True)
class Return:
    """A row to send (again), with what its message needs: `variables` as JSON, `closes_at` in epoch milliseconds."""

    id: int
    variables: str
    closes_at: int | None


def revive(
    conn: Connection, campaign_id: int, state: DeliveryState, rows: Sequence[Return], *, same_try: bool = False
) -> int:
    """Return rows that are still in `state` to pending; return how many were.

    `rows` without a chunk must be of one page. After unknown `tries` rises here, because somebody takes the risk of a
    second message: a definite refusal has raised it already. With `same_try` nobody does, and the call that is to come
    has the idempotency key of the last.
    """
    known = {row.id: row for row in rows}
    locks.chunks_of(conn, list(known))
    found = conn.execute(_FOUND, {"ids": list(known), "state": state.value}).all()
    chunkless = [row for row in found if row.chunk_id is None]
    new_chunk = _new_chunk(conn, campaign_id, chunkless, known) if chunkless else 0
    changes: Counter[Change] = Counter()
    again = int(state is DeliveryState.UNKNOWN and not same_try)
    facts: list[dict[str, Any]] = []
    for row in found:
        chunk_id = row.chunk_id or new_chunk
        changes[Place(campaign_id, row.page_id, row.chunk_id or 0), state.value, row.reason or ""] -= 1
        changes[Place(campaign_id, row.page_id, chunk_id), "pending", ""] += 1
        told = known[row.id]
        told_facts = {"id": row.id, "variables": told.variables, "closes_at": told.closes_at}
        facts.append(told_facts | {"chunk_id": chunk_id, "again": again})
    if facts:
        conn.execute(_RETURN, facts)
        conn.execute(_READY, [{"id": chunk_id} for chunk_id in sorted({fact["chunk_id"] for fact in facts})])
    add(conn, changes)
    return len(found)


def decide(conn: Connection, campaign_id: int, state: DeliveryState, reason: Reason | None, ids: Iterable[int]) -> int:
    """Settle rows that are still in doubt by somebody's word; return how many were."""
    facts = {"state": state.value, "reason": reason.value if reason else None, "campaign_id": campaign_id}
    changes: Counter[Change] = Counter()
    total, named = 0, list(ids)
    locks.chunks_of(conn, named)
    for row_id in named:
        row = conn.execute(_DECIDE, facts | {"id": row_id}).one_or_none()
        if row is not None:
            changes.update(moved(Place(campaign_id, row.page_id, row.chunk_id), "unknown", state.value, reason))
            total += 1
    add(conn, changes)
    return total


def _new_chunk(conn: Connection, campaign_id: int, rows: Sequence[Row[Any]], known: dict[int, Return]) -> int:
    pages = {row.page_id for row in rows}
    assert len(pages) == 1, "a chunk is of one page"
    closings = [closes_at for row in rows if (closes_at := known[row.id].closes_at) is not None]
    facts = {"campaign_id": campaign_id, "page_id": pages.pop(), "size": len(rows)}
    return int(conn.execute(_NEW_CHUNK, facts | {"closes_at": min(closings, default=None)}).scalar_one())
