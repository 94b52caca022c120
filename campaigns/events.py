"""What happened, one sentence a row: written in the transaction of the change it tells of."""

import secrets

from sqlalchemy import Connection, text

from schemas.notice import NoticeKind

_RECORD = text("""
    INSERT INTO event (at, campaign_id, page_id, kind, actor, sentence)
    VALUES (:at, :campaign_id, :page_id, :kind, :actor, :sentence) RETURNING id
""")
_NOTIFY = text("""
    INSERT INTO notice (key, target_id, event_id, kind, body, state, attempts, created_at, due_at, last_error)
    SELECT :key, id, :event_id, :kind, '', 'queued', 0, :at, :at, '' FROM notice_target WHERE kinds LIKE :wanted
""")
_TOLD = frozenset(NoticeKind)


def record(
    conn: Connection,
    at: int,
    kind: str,
    actor: str,
    sentence: str,
    *,
    campaign_id: int | None = None,
    page_id: int | None = None,
) -> None:
    """Write an event, and a notice for everybody who is to hear of it; `at` in epoch milliseconds."""
    facts = {"at": at, "kind": kind, "actor": actor, "sentence": sentence}
    event_id = conn.execute(_RECORD, facts | {"campaign_id": campaign_id, "page_id": page_id}).scalar_one()
    if kind in _TOLD:
        notice = {"key": f"msg_{secrets.token_hex(12)}", "event_id": event_id, "kind": kind, "at": at}
        conn.execute(_NOTIFY, notice | {"wanted": f'%"{kind}"%'})
