"""Buckets as rows: their pauses and what they have learned, for a Redis that forgot, for status and for the clock."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, text

from schemas.bucket import Bucket, Learned

KEEPS = 0.8
"""The share of the rate that is left after a refusal; refusals of calls that were out together count once."""
GAIN = 0.002
"""The share of its cap that a bucket regains each second after a refusal, or after the pause for it."""
FLOOR = 1 / 60
"""The share of its cap below which no refusal brings a bucket."""
LEAST = 0.01
"""Messages per second below which no refusal brings a bucket, unless its cap is lower."""
EASED = 0.5
"""The share of its cap at which a bucket goes while its platform says that it is nearly used up."""

RESUMED = "resumed"
"""`code` of a bucket whose pause a person ended, until the clock has told Redis."""

# What has been learned last stands: answers of one moment may be written in any order.
_NEWER = "excluded.cut_at IS NOT NULL AND excluded.cut_at >= COALESCE(bucket.cut_at, 0)"
_LONGER = "excluded.paused_until >= bucket.paused_until"
_PAUSE = text(f"""
    INSERT INTO bucket (key, paused_until, code, sentence, level, updated_at, cap, rate, cut_at)
    VALUES (:key, :until, :code, :sentence, 0, :now, :cap, :rate, :cut_at)
    ON CONFLICT (key) DO UPDATE SET
        code = CASE WHEN {_LONGER} AND bucket.code <> '{RESUMED}' THEN excluded.code ELSE bucket.code END,
        sentence = CASE WHEN {_LONGER} THEN excluded.sentence ELSE bucket.sentence END,
        paused_until = CASE WHEN {_LONGER} THEN excluded.paused_until ELSE bucket.paused_until END,
        cap = CASE WHEN {_NEWER} THEN excluded.cap ELSE bucket.cap END,
        rate = CASE WHEN {_NEWER} THEN excluded.rate ELSE bucket.rate END,
        cut_at = CASE WHEN {_NEWER} THEN excluded.cut_at ELSE bucket.cut_at END,
        updated_at = excluded.updated_at
""")  # noqa: S608 - conditions of our own
_EASE = text("""
    INSERT INTO bucket (key, paused_until, code, sentence, level, updated_at, cap, eased_until)
    VALUES (:key, 0, '', :sentence, 0, :now, :cap, :until)
    ON CONFLICT (key) DO UPDATE SET
        sentence = CASE WHEN bucket.paused_until > :now THEN bucket.sentence ELSE excluded.sentence END,
        cap = COALESCE(excluded.cap, bucket.cap),
        eased_until = excluded.eased_until,
        updated_at = excluded.updated_at
""")
_RESUME = text("UPDATE bucket SET paused_until = 0, sentence = '', code = :resumed, level = 0 WHERE key = :key")
_RESUMED = text("SELECT key FROM bucket WHERE code = :resumed")
_TOLD = text("UPDATE bucket SET code = '' WHERE key = :key AND code = :resumed")
_PAUSED = text("SELECT key, paused_until FROM bucket WHERE paused_until > :now")
_LOAD = text("SELECT * FROM bucket WHERE key IN :keys").bindparams(bindparam("keys", expanding=True))
_LEARNED = text("SELECT * FROM bucket WHERE rate IS NOT NULL OR eased_until > :now")
_RAISE = text("UPDATE bucket SET level = level + 1 WHERE key = :key")
_CALM = text("UPDATE bucket SET level = 0 WHERE key = :key AND level > 0")


def pause(
    conn: Connection, key: str, until: int, *, code: str, sentence: str, now: int, learned: Learned | None = None
) -> bool:
    """Pause a bucket until epoch milliseconds, and keep what it has learned; a pause is never shortened.

    Returns whether this began a pause: False where the bucket was paused already.
    """
    known = load(conn, [key]).get(key)
    facts = {"key": key, "until": until, "code": code, "sentence": sentence, "now": now}
    cap, rate, cut_at = (learned.cap, learned.rate, learned.cut_at) if learned else (None, None, None)
    conn.execute(_PAUSE, facts | {"cap": cap, "rate": rate, "cut_at": cut_at})
    return until > now and (known is None or known.paused_until <= now)


def ease(conn: Connection, key: str, until: int, *, cap: float | None, sentence: str, now: int) -> bool:
    """Note that a bucket goes at half its cap until epoch milliseconds, or no longer. Returns whether this began it."""
    known = load(conn, [key]).get(key)
    conn.execute(_EASE, {"key": key, "until": until, "cap": cap, "sentence": sentence, "now": now})
    return until > now and (known is None or (known.eased_until or 0) <= now)


def resume(conn: Connection, key: str) -> None:
    """End a pause because a person says so; Redis learns of it from the clock (`resumed`, `told`)."""
    conn.execute(_RESUME, {"key": key, "resumed": RESUMED})


def resumed(conn: Connection) -> Sequence[str]:
    """Return the buckets whose pause a person ended and Redis may still keep."""
    return conn.execute(_RESUMED, {"resumed": RESUMED}).scalars().all()


def told(conn: Connection, key: str) -> None:
    """Note that Redis knows of the end of a pause."""
    conn.execute(_TOLD, {"key": key, "resumed": RESUMED})


def paused(conn: Connection, now: int) -> Mapping[str, int]:
    """Return every paused bucket's end in epoch milliseconds."""
    return {row.key: row.paused_until for row in conn.execute(_PAUSED, {"now": now})}


def load(conn: Connection, keys: Sequence[str]) -> Mapping[str, Bucket]:
    """Return the stored rows of `keys`; a bucket without one has never been paused."""
    rows = conn.execute(_LOAD, {"keys": list(keys)}).mappings()
    return {row["key"]: Bucket(**row) for row in rows}


def allowed(bucket: Bucket, now: int) -> float | None:
    """Return the messages per second that a bucket allows at `now` (epoch ms), None at its cap; a pause aside.

    What `rate.lua` computes, from the row instead of the hash.
    """
    if not bucket.cap:
        return None
    rate = bucket.cap
    if bucket.rate is not None:
        grown = max(0, now - max(bucket.cut_at or 0, bucket.paused_until)) / 1000
        rate = min(rate, bucket.rate + GAIN * bucket.cap * grown)
    if (bucket.eased_until or 0) > now:
        rate = min(rate, EASED * bucket.cap)
    return rate if rate < bucket.cap else None


def slow(conn: Connection, now: int) -> Mapping[str, Bucket]:
    """Return the buckets that allow less than their cap at `now` (epoch ms)."""
    rows = (Bucket(**row) for row in conn.execute(_LEARNED, {"now": now}).mappings())
    return {row.key: row for row in rows if allowed(row, now) is not None}


def level(conn: Connection, key: str) -> int:
    """Return how often in a row the breaker has opened on a bucket."""
    return load(conn, [key])[key].level if load(conn, [key]) else 0


def doubt(conn: Connection, key: str) -> None:
    """Count one more opening of the breaker."""
    conn.execute(_RAISE, {"key": key})


def calm(conn: Connection, key: str) -> None:
    """Forget the openings of the breaker."""
    conn.execute(_CALM, {"key": key})
