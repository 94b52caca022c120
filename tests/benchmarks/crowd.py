"""Many campaigns of a million rows each, half sent, written by plain SQL: what a planner and a sender would leave.

The tallies are counted from the rows, so both agree. Of each campaign the first 40 % went out, as many are still to
come, and the last 20 % were set aside at plan time.
"""

import rig
from sqlalchemy import Connection, text

from campaigns import database
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign

CHUNK = 1_000
_PAIR = 2 * CHUNK

_FREQUENT, _RARE = "person_unavailable", "message_rejected"
FILTERS = {
    "no filter": {},
    "state=accepted": {"state": "accepted"},
    "state=pending": {"state": "pending"},
    "state=sending": {"state": "sending"},
    "reason=window_closed, 15 % at the end": {"reason": "window_closed"},
    f"reason={_FREQUENT}, 2 % everywhere": {"reason": _FREQUENT},
    "reason=no_such_person, 200 everywhere": {"reason": "no_such_person"},
    f"reason={_RARE}, 2 rows": {"reason": _RARE},
    "reason=blank_variable, 10 at the end": {"reason": "blank_variable"},
    "reason=outcome_unknown, 5 rows": {"reason": "outcome_unknown"},
    "reason=quiet_hours, nobody": {"reason": "quiet_hours"},
}
"""What rows are asked for, from everybody to nobody."""

RECIPIENT = str(10**16 + 4_242 * 89_999)
"""Somebody who is in all of them."""

_NUMBERS = "WITH RECURSIVE o(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM o WHERE n + 1 < :rows)"
_CHUNKS = text(f"""
    INSERT INTO chunk (id, campaign_id, page_id, seq, size, state, fence, crashes, owner, lease_until)
    {_NUMBERS}
    SELECT :first_chunk + n, :campaign_id, 1, n, {CHUNK},
           CASE WHEN n < :sent THEN 'done' WHEN n < :sent + 2 THEN 'running' ELSE 'ready' END,
           CASE WHEN n < :sent + 2 THEN 1 ELSE 0 END, 0,
           CASE WHEN n BETWEEN :sent AND :sent + 1 THEN 'b' END,
           CASE WHEN n BETWEEN :sent AND :sent + 1 THEN :now + 40000 END
    FROM o
""")
_DELIVERIES = text(f"""
    INSERT INTO delivery (id, campaign_id, page_id, sender_id, chunk_id, line, recipient_id, variables, closes_at,
                          state, reason, claim, attempts, message_ids, request_id, sent_at, accepted_at)
    {_NUMBERS}
    SELECT :first + n, :campaign_id, 1, 1,
           CASE WHEN n < :open THEN :first_chunk + n / {_PAIR} * 2 + n % 2 END,
           n + 2, CAST(10000000000000000 + CAST(n AS BIGINT) * 89999 AS TEXT), '["Ana", "linen shirt"]', :now + 3600000,
           CASE WHEN n >= :open THEN 'skipped' WHEN n >= :out + 40 THEN 'pending' WHEN n >= :out THEN 'sending'
                WHEN n % 50 = 7 OR n % 4000 = 11 OR n IN (:out - 2, 2) THEN 'failed'
                WHEN n % (:out / 5) = 13 THEN 'unknown' ELSE 'accepted' END,
           CASE WHEN n >= :open THEN CASE WHEN n >= :rows - 10 THEN 'blank_variable'
                                          WHEN n % 4 = 0 THEN 'no_consent' ELSE 'window_closed' END
                WHEN n >= :out THEN NULL
                WHEN n IN (:out - 2, 2) THEN '{_RARE}' WHEN n % 50 = 7 THEN '{_FREQUENT}'
                WHEN n % 4000 = 11 THEN 'no_such_person' END,
           CASE WHEN n < :out + 40 THEN 'k7m2x9qa.1' END, CASE WHEN n < :out THEN 1 ELSE 0 END,
           CASE WHEN n < :out THEN 'aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQ' || n END, NULL,
           CASE WHEN n < :out + 40 THEN :now - 3000 END, CASE WHEN n < :out THEN :now - 2000 END
    FROM o
""")
_TALLIES = text("""
    INSERT INTO tally (campaign_id, page_id, chunk_id, state, reason, n)
    SELECT campaign_id, page_id, COALESCE(chunk_id, 0), state, COALESCE(reason, ''), count(*)
    FROM delivery WHERE id BETWEEN :first AND :last GROUP BY 1, 2, 3, 4, 5
""")
_INDICES = text(
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'delivery' AND sql IS NOT NULL"
)
_LANE = text("""
    INSERT INTO lane (campaign_id, page_id, route, total, proven, trial, asked, buckets, updated_at)
    SELECT :campaign_id, page_id, route, :rows, true, trial, asked, buckets, updated_at FROM lane WHERE campaign_id = 1
""")


def made(runtime: Runtime, campaigns: int, rows: int) -> list[Campaign]:
    """Write so many campaigns of so many rows each; return them."""
    rig.people(runtime.settings.home / rig.LIST, 10)
    pattern = rig.launched(runtime, "http://127.0.0.1:9", 300)
    with runtime.writing() as conn:
        indices = _without_indices(conn)
    found = [_made(runtime, pattern, n, rows) for n in range(campaigns)]
    with runtime.writing() as conn:
        for statement in indices:
            conn.exec_driver_sql(statement)
    with runtime.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        if runtime.engine.dialect.name != database.SQLITE:
            conn.exec_driver_sql("VACUUM ANALYZE")
    return found


def _without_indices(conn: Connection) -> list[str]:
    """Drop the ledger's indices where making them at the end is faster; return how they are made."""
    if conn.dialect.name != database.SQLITE:
        return []
    indices = conn.execute(_INDICES).all()
    for index in indices:
        conn.exec_driver_sql(f"DROP INDEX {index.name}")
    return [index.sql for index in indices]


def _made(runtime: Runtime, pattern: Campaign, n: int, rows: int) -> Campaign:
    first = (n + 1) * 10 * rows
    facts = pattern.model_dump() | {"id": n + 2, "ref": f"crowd{n:03}", "name": f"Crowd {n}", "state": "sending"}
    with runtime.writing() as conn:
        now = now_of(conn)
        facts |= {"first_id": first, "last_id": first + rows - 1, "total": rows, "started_at": now - 60_000}
        names = ", ".join(facts)
        values = ", ".join(f":{name}" for name in facts)
        conn.execute(text(f"INSERT INTO campaign ({names}) VALUES ({values})"), facts)
        own = {"campaign_id": n + 2, "rows": rows, "now": now, "first_chunk": (n + 1) * rows}
        conn.execute(_LANE, {"campaign_id": n + 2, "rows": rows})
        conn.execute(_CHUNKS, {**own, "rows": rows * 8 // 10 // CHUNK, "sent": rows * 4 // 10 // CHUNK})
        conn.execute(_DELIVERIES, {**own, "first": first, "open": rows * 8 // 10, "out": rows * 4 // 10})
        conn.execute(_TALLIES, {"first": first, "last": first + rows - 1})
        conn.execute(
            text(
                "INSERT INTO event (at, campaign_id, kind, actor, sentence) "
                f"{_NUMBERS} SELECT :now, :campaign_id, 'bucket.slowed', 'worker', 'Page acme was slowed.' FROM o"
            ),
            {"rows": 2_000, "now": now - 60_000, "campaign_id": n + 2},
        )
    return Campaign(**facts)
