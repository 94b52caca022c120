"""Pauses of buckets as rows: what Redis forgets in a flush, what status shows, what the clock waits for."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, text

from schemas.bucket import Bucket

_PAUSE = text("""
    INSERT INTO bucket (key, paused_until, code, sentence, level, updated_at)
    VALUES (:key, :until, :code, :sentence, 0, :now)
    ON CONFLICT (key) DO UPDATE SET
        code = CASE WHEN excluded.paused_until >= bucket.paused_until THEN excluded.code ELSE bucket.code END,
        sentence = CASE WHEN excluded.paused_until >= bucket.paused_until
                        THEN excluded.sentence ELSE bucket.sentence END,
        paused_until = CASE WHEN excluded.paused_until >= bucket.paused_until
                            THEN excluded.paused_until ELSE bucket.paused_until END,
        updated_at = excluded.updated_at
""")
_RESUME = text("UPDATE bucket SET paused_until = 0, sentence = '', code = '', level = 0 WHERE key = :key")
_PAUSED = text("SELECT key, paused_until FROM bucket WHERE paused_until > :now")
_LOAD = text("""
    SELECT key, paused_until, code, sentence, level, updated_at FROM bucket WHERE key IN :keys
""").bindparams(bindparam("keys", expanding=True))
_RAISE = text("UPDATE bucket SET level = level + 1 WHERE key = :key")
_CALM = text("UPDATE bucket SET level = 0 WHERE key = :key AND level > 0")


def pause(conn: Connection, key: str, until: int, *, code: str, sentence: str, now: int) -> None:
    """Pause a bucket until epoch milliseconds; a pause is never shortened."""
    facts = {"key": key, "until": until, "code": code, "sentence": sentence, "now": now}
    conn.execute(_PAUSE, facts)


def resume(conn: Connection, key: str) -> None:
    """End a pause."""
    conn.execute(_RESUME, {"key": key})


def paused(conn: Connection, now: int) -> Mapping[str, int]:
    """Return every paused bucket's end in epoch milliseconds."""
    return {row.key: row.paused_until for row in conn.execute(_PAUSED, {"now": now})}


def load(conn: Connection, keys: Sequence[str]) -> Mapping[str, Bucket]:
    """Return the stored rows of `keys`; a bucket without one has never been paused."""
    rows = conn.execute(_LOAD, {"keys": list(keys)}).mappings()
    return {row["key"]: Bucket(**row) for row in rows}


def level(conn: Connection, key: str) -> int:
    """Return how often in a row the breaker has opened on a bucket."""
    return load(conn, [key])[key].level if load(conn, [key]) else 0


def doubt(conn: Connection, key: str) -> None:
    """Count one more opening of the breaker."""
    conn.execute(_RAISE, {"key": key})


def calm(conn: Connection, key: str) -> None:
    """Forget the openings of the breaker."""
    conn.execute(_CALM, {"key": key})
