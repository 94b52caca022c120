"""Notices one by one: what was told to a target, whether it arrived, and how somebody has it told again."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from campaigns import events
from campaigns.errors import NotFoundError, StateError
from campaigns.notices import queue
from campaigns.notices.body import sample
from campaigns.notices.queue import IN_DOUBT
from campaigns.notices.wire import Wire
from schemas.notice import NoticeState, NoticeTarget

_LISTED = text("""
    SELECT notice.id, notice.key, notice.kind AS type, notice.state, notice.attempts, notice.created_at, notice.due_at,
           notice.last_error, notice.body, campaign.ref AS campaign
    FROM notice LEFT JOIN event ON event.id = notice.event_id LEFT JOIN campaign ON campaign.id = event.campaign_id
    WHERE notice.target_id = :target_id AND (:state = '' OR notice.state = :state) AND notice.id < :before
    ORDER BY notice.id DESC LIMIT :most
""")
_AGAIN = text("""
    UPDATE notice SET state = 'queued', attempts = 0, due_at = :now
    WHERE target_id = :target_id AND key = :key
      AND NOT (state = 'queued' AND due_at > :now AND last_error = :doubt)
""")
_KNOWN = text("SELECT 1 FROM notice WHERE target_id = :target_id AND key = :key")


def listed(
    conn: Connection, target: NoticeTarget, *, state: NoticeState | None, before: int, most: int
) -> Sequence[Row[Any]]:
    """Return what was told to a target, the latest first: in one state, and older than the row `before`."""
    facts = {"target_id": target.id, "state": state.value if state else "", "before": before, "most": most}
    return conn.execute(_LISTED, facts).all()


def again(conn: Connection, target: NoticeTarget, key: str, now: int, actor: str) -> None:
    """Tell one notice again at once, from its first try on, arrived or not; its id stays, so receivers know a copy.

    Raises NotFoundError for one that the target was never told, StateError while it is being tried.
    """
    which = {"target_id": target.id, "key": key}
    if not conn.execute(_AGAIN, which | {"now": now, "doubt": IN_DOUBT}).rowcount:
        if conn.execute(_KNOWN, which).first():
            raise StateError(f"{key} is being sent to {target.name} now. Look again in a minute.")
        raise NotFoundError(f"{target.name} was never told {key}. The list of deliveries has the ids.")
    events.record(conn, now, "notices.replayed", actor, f"{target.name} is told {key} again.")


def replay(conn: Connection, target: NoticeTarget | None, now: int, actor: str, *, dead: bool) -> int:
    """Let what waits for its next try have it now, with `dead` what was given up too; return how many."""
    n = queue.replay(conn, now, target, dead=dead)
    if n:
        whose = target.name if target else "Everybody"
        events.record(conn, now, "notices.replayed", actor, f"{whose} is told again what has not arrived: {n}.")
    return n


async def test(wire: Wire, target: NoticeTarget, now: int) -> tuple[str, str]:
    """Send one notice that says so at once, outside the queue; return its id, and why it did not arrive, or ''."""
    key = f"msg_{secrets.token_hex(12)}"
    return key, await wire.deliver(target, key, sample(key, now))
