"""How far each account's conversations have been read; `schemas.pull_state` says what the figures mean."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, text

_LOAD = text("SELECT until, floor, reaching, cursor FROM pull_state WHERE sender_id = :sender_id")
_SAVE = text("""
    INSERT INTO pull_state (sender_id, until, floor, reaching, cursor, due_at)
    VALUES (:sender_id, :until, :floor, :reaching, :cursor, :due_at)
    ON CONFLICT (sender_id) DO UPDATE SET until = excluded.until, floor = excluded.floor,
        reaching = excluded.reaching, cursor = excluded.cursor, due_at = excluded.due_at
""")
_TURN = text("""
    INSERT INTO pull_state (sender_id, until, floor, reaching, cursor, due_at) VALUES (:sender_id, 0, 0, 0, '', :next)
    ON CONFLICT (sender_id) DO UPDATE SET due_at = excluded.due_at WHERE pull_state.due_at <= :now
    RETURNING sender_id
""")
_DUE = text("SELECT due_at FROM pull_state WHERE sender_id = :sender_id")
_POSTPONE = text("UPDATE pull_state SET due_at = :due_at WHERE sender_id = :sender_id")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An account's, in epoch milliseconds; the one of an account that was never read is all zeros."""

    until: int = 0
    floor: int = 0
    reaching: int = 0
    cursor: str = ""


def load(conn: Connection, sender_id: int) -> Bookmark:
    """Return an account's bookmark."""
    row = conn.execute(_LOAD, {"sender_id": sender_id}).one_or_none()
    return Bookmark(*row) if row else Bookmark()


def save(conn: Connection, sender_id: int, mark: Bookmark, due_at: int) -> None:
    """Keep an account's bookmark; nobody begins with it before `due_at` (epoch ms) by himself."""
    conn.execute(_SAVE, {"sender_id": sender_id, "due_at": due_at} | asdict(mark))


def is_due(conn: Connection, sender_id: int, now: int) -> bool:
    """Whether an automatic pass may begin, as far as a look tells that costs nothing."""
    return (conn.execute(_DUE, {"sender_id": sender_id}).scalar_one_or_none() or 0) <= now


def take_turn(conn: Connection, sender_id: int, now: int, following: int) -> bool:
    """Whether an automatic pass may begin now, which puts the next one off to `following` (epoch ms)."""
    return conn.execute(_TURN, {"sender_id": sender_id, "now": now, "next": following}).first() is not None


def postpone(conn: Connection, sender_id: int, due_at: int) -> None:
    """Let no automatic pass begin before `due_at` (epoch ms)."""
    conn.execute(_POSTPONE, {"sender_id": sender_id, "due_at": due_at})
