"""The notices that wait, are tried, arrive or are given up. Times are epoch milliseconds by the database's clock."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from schemas.notice import NoticeTarget

BACKOFF_MS = (60_000, 300_000, 1_800_000, 7_200_000, 28_800_000, 86_400_000)
"""How long after each failed attempt the next one follows; after the last of them a notice is dead."""
LEASE_MS = 60_000
"""How long a taken notice is left alone; longer than an attempt lasts."""
IN_DOUBT = "The process ended during the attempt; it may have arrived, and is sent again."

_WAITING = text("SELECT 1 FROM notice WHERE state = 'queued' AND due_at <= :now LIMIT 1")
_DUE = text("""
    SELECT notice.id, notice.key, notice.kind AS type, notice.body, notice.attempts + 1 AS attempt, notice.event_id,
           notice_target.id AS target_id, name, notice_target.kind AS way, url, secret, kinds,
           notice_target.created_at
    FROM notice JOIN notice_target ON notice_target.id = notice.target_id
    WHERE notice.state = 'queued' AND notice.due_at <= :now
    ORDER BY notice.due_at, notice.id LIMIT :most
""")
_TAKE = text("""
    UPDATE notice SET due_at = :until, attempts = attempts + 1, last_error = :doubt
    WHERE id = :id AND state = 'queued' AND due_at <= :now
""")
_BURY = text("UPDATE notice SET state = 'dead' WHERE state = 'queued' AND due_at <= :now AND attempts > :most")
_KEEP_BODY = text("UPDATE notice SET body = :body WHERE id = :id AND body = ''")
_SETTLE = text("""
    UPDATE notice SET state = :state, due_at = :due_at, last_error = :error
    WHERE id = :id AND state = 'queued' AND attempts = :attempt
""")
_REPLAY = text("""
    UPDATE notice SET due_at = :now WHERE state = 'queued' AND due_at > :now AND last_error <> :doubt
    AND (:target_id = 0 OR target_id = :target_id)
""")
_REVIVE = text("""
    UPDATE notice SET state = 'queued', due_at = :now, attempts = 0
    WHERE state = 'dead' AND (:target_id = 0 OR target_id = :target_id)
""")
_COUNTS = text("SELECT target_id, state, count(*) AS n FROM notice GROUP BY target_id, state")
_TROUBLES = text("""
    SELECT target_id, attempts, due_at, state, kind, last_error FROM notice
    WHERE state <> 'sent' AND last_error <> '' ORDER BY id
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """A notice in hand: this is its `attempt`, from 1. `body` is empty until the first one."""

    id: int
    key: str
    type: str
    body: str
    attempt: int
    event_id: int
    target: NoticeTarget


@dataclass(frozen=True, slots=True)
class Trouble:
    """The latest notice of a target that has not arrived; `again_at` is None where it was given up."""

    type: str
    attempts: int
    error: str
    again_at: int | None


def waiting(conn: Connection, now: int) -> bool:
    """Whether a notice is due; costs nothing."""
    return conn.execute(_WAITING, {"now": now}).first() is not None


def take(conn: Connection, now: int, most: int) -> list[Taken]:
    """Take what is due, so that no other process does; what nobody settles is due again after the lease."""
    # Whoever had its last attempt in hand died with it.
    conn.execute(_BURY, {"now": now, "most": len(BACKOFF_MS)})
    taken = []
    for row in conn.execute(_DUE, {"now": now, "most": most}).mappings().all():
        notice = Taken(
            id=row["id"],
            key=row["key"],
            type=row["type"],
            body=row["body"],
            attempt=row["attempt"],
            event_id=row["event_id"],
            target=NoticeTarget.model_validate({**row, "id": row["target_id"], "kind": row["way"]}),
        )
        if conn.execute(_TAKE, {"id": notice.id, "now": now, "until": now + LEASE_MS, "doubt": IN_DOUBT}).rowcount:
            taken.append(notice)
    return taken


def keep_body(conn: Connection, notice_id: int, body: str) -> None:
    """Keep what is said, so that every attempt says the same."""
    conn.execute(_KEEP_BODY, {"id": notice_id, "body": body})


def settle(conn: Connection, notice: Taken, now: int, error: str) -> str:
    """Note how an attempt ended, with `error` empty where the notice arrived; return the state it has now."""
    given_up = notice.attempt > len(BACKOFF_MS)
    state = "dead" if error and given_up else "queued" if error else "sent"
    due_at = now + BACKOFF_MS[notice.attempt - 1] if state == "queued" else now
    facts = {"id": notice.id, "attempt": notice.attempt, "state": state, "due_at": due_at, "error": error}
    conn.execute(_SETTLE, facts)
    return state


def replay(conn: Connection, now: int, target: NoticeTarget | None, *, dead: bool) -> int:
    """Let what waits for its next attempt have it now, and with `dead` what was given up too; return how many."""
    facts = {"now": now, "target_id": target.id if target else 0}
    waited = conn.execute(_REPLAY, facts | {"doubt": IN_DOUBT}).rowcount
    return waited + (conn.execute(_REVIVE, facts).rowcount if dead else 0)


def counts(conn: Connection) -> dict[int, dict[str, int]]:
    """Return how many notices of each target (by id) are queued, sent and dead."""
    found: dict[int, dict[str, int]] = {}
    for row in conn.execute(_COUNTS):
        found.setdefault(row.target_id, {"queued": 0, "sent": 0, "dead": 0})[row.state] = row.n
    return found


def troubles(conn: Connection) -> dict[int, Trouble]:
    """Return what hinders each target (by id) that has a notice which did not arrive."""
    return {
        row.target_id: Trouble(row.kind, row.attempts, row.last_error, row.due_at if row.state == "queued" else None)
        for row in conn.execute(_TROUBLES)
    }
