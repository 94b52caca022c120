"""What was answered to requests that may come again, for a day: said twice, a thing is done once."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

DAY_MS = 86_400_000
_GIVEN_UP_MS = 300_000
"""After so long a request that has no answer yet is taken for one whose process died; the next of its kind is done."""

_CLAIM = text("""
    INSERT INTO api_answer (key_id, word, digest, body, at) VALUES (:key_id, :word, :digest, '', :now)
    ON CONFLICT (key_id, word) DO NOTHING
""")
_EARLIER = text("SELECT digest, status, body, at FROM api_answer WHERE key_id = :key_id AND word = :word")
_TAKE_OVER = text("""
    UPDATE api_answer SET at = :now WHERE key_id = :key_id AND word = :word AND status IS NULL AND at = :was
""")
_SETTLE = text("UPDATE api_answer SET status = :status, body = :body WHERE key_id = :key_id AND word = :word")
_FORGET = text("DELETE FROM api_answer WHERE key_id = :key_id AND word = :word")
_FORGET_OLD = text("DELETE FROM api_answer WHERE at < :before")
_FORGET_NAMING = text("DELETE FROM api_answer WHERE body LIKE '%' || :person || '%'")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The request that came first under a word: whether it is the same one, and its answer once there is one."""

    same: bool
    status: int | None
    body: str


def claim(conn: Connection, key_id: int, word: str, digest: str, now: int) -> Earlier | None:
    """Begin a request that an API key sent under `word`; None where it is to be done, by whoever asked.

    `digest` is the hash of the request, `now` in epoch milliseconds.
    """
    forget_old(conn, now)
    which = {"key_id": key_id, "word": word}
    if conn.execute(_CLAIM, which | {"digest": digest, "now": now}).rowcount:
        return None
    row = conn.execute(_EARLIER, which).one()
    abandoned = row.status is None and row.at < now - _GIVEN_UP_MS and row.digest == digest
    if abandoned and conn.execute(_TAKE_OVER, which | {"now": now, "was": row.at}).rowcount:
        return None
    return Earlier(row.digest == digest, row.status, row.body)


def settle(conn: Connection, key_id: int, word: str, status: int, body: str) -> None:
    """Keep the answer to a request that was begun."""
    conn.execute(_SETTLE, {"key_id": key_id, "word": word, "status": status, "body": body})


def forget(conn: Connection, key_id: int, word: str) -> None:
    """Let a request that failed be done when it comes again."""
    conn.execute(_FORGET, {"key_id": key_id, "word": word})


def forget_old(conn: Connection, now: int) -> int:
    """Forget what is older than a day; return how many."""
    return conn.execute(_FORGET_OLD, {"before": now - DAY_MS}).rowcount


def forget_naming(conn: Connection, recipient_id: str) -> int:
    """Forget the answers that name a person; return how many."""
    return conn.execute(_FORGET_NAMING, {"person": recipient_id}).rowcount
