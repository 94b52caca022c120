"""What happened, one sentence a row: written in the transaction of the change it tells of."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from schemas.notice import NoticeKind

_RECORD = text("""
    INSERT INTO event (at, campaign_id, page_id, kind, actor, sentence)
    VALUES (:at, :campaign_id, :page_id, :kind, :actor, :sentence) RETURNING id
""")
_NOTIFY = text("""
    INSERT INTO notice (key, target_id, event_id, kind, body, state, attempts, created_at, due_at, last_error)
    SELECT :key, id, :event_id, :kind, '', 'queued', 0, :at, :at, '' FROM notice_target WHERE kinds LIKE :wanted
""")
_LISTED = """
    SELECT event.id, event.at, event.kind, event.actor, event.sentence, campaign.ref AS campaign, page.name AS page,
        campaign.name AS name
    FROM event LEFT JOIN campaign ON campaign.id = event.campaign_id LEFT JOIN page ON page.id = event.page_id
    WHERE event.id < :before {which} ORDER BY event.id DESC LIMIT :most
"""
_ACTORS = text("SELECT DISTINCT actor FROM event ORDER BY actor LIMIT :most")
_KINDS = text("SELECT DISTINCT kind FROM event ORDER BY kind")
_TOLD = frozenset(NoticeKind)
NEWEST = 1 << 62
"""A `before` that leaves nothing out."""


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


def listed(
    conn: Connection,
    *,
    campaign_id: int | None = None,
    page_id: int | None = None,
    actor: str = "",
    kind: str = "",
    before: int = NEWEST,
    most: int = 100,
) -> Sequence[Row[Any]]:
    """Return what happened, the latest first: of one campaign or page, by one actor, before the event `before`.

    `kind` is a whole one, or what stands before its dot.
    """
    which = "AND event.campaign_id = :campaign_id " if campaign_id is not None else ""
    which += "AND event.page_id = :page_id " if page_id is not None else ""
    which += "AND event.actor = :actor " if actor else ""
    which += "AND (event.kind = :kind OR event.kind LIKE :group) " if kind else ""
    facts = {"campaign_id": campaign_id, "page_id": page_id, "actor": actor, "kind": kind, "group": f"{kind}.%"}
    facts |= {"before": before, "most": most}
    return conn.execute(text(_LISTED.format(which=which)), facts).all()


def actors(conn: Connection, most: int = 200) -> Sequence[str]:
    """Return who has done something, by name."""
    return conn.execute(_ACTORS, {"most": most}).scalars().all()


def kinds(conn: Connection) -> Sequence[str]:
    """Return which kinds of events there are."""
    return conn.execute(_KINDS).scalars().all()
