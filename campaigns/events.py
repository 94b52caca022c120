"""What happened, one sentence a row: written in the transaction of the change it tells of."""

from sqlalchemy import Connection, text

_RECORD = text("""
    INSERT INTO event (at, campaign_id, page_id, kind, actor, sentence)
    VALUES (:at, :campaign_id, :page_id, :kind, :actor, :sentence)
""")


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
    """Write an event; `at` in epoch milliseconds."""
    facts = {"at": at, "kind": kind, "actor": actor, "sentence": sentence}
    conn.execute(_RECORD, facts | {"campaign_id": campaign_id, "page_id": page_id})
