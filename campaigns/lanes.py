"""Lanes as rows: whether a page has shown, in a campaign, that its messages arrive."""

from sqlalchemy import Connection, text

from campaigns import locks

FIRST_TRIAL = 3
TRIAL_AFTER_DOUBT = 1

_PROVE = text("UPDATE lane SET proven = :yes WHERE campaign_id = :campaign_id AND page_id = :page_id")
_UNPROVE = text("""
    UPDATE lane SET proven = :no, trial = :trial WHERE campaign_id = :campaign_id AND page_id = :page_id
""")
_SERVED = text("UPDATE lane SET updated_at = :now WHERE campaign_id = :campaign_id AND page_id = :page_id")


def prove(conn: Connection, campaign_id: int, page_id: int) -> None:
    """Let a lane send at its pace: an answer came."""
    conn.execute(_PROVE, {"yes": True, "campaign_id": campaign_id, "page_id": page_id})


def unprove(conn: Connection, campaign_id: int, page_id: int) -> None:
    """Let a lane send one message and wait for its answer."""
    facts = {"no": False, "trial": TRIAL_AFTER_DOUBT, "campaign_id": campaign_id, "page_id": page_id}
    conn.execute(_UNPROVE, facts)


def serve(conn: Connection, campaign_id: int, page_id: int, now: int) -> None:
    """Send a lane to the end of the queue for bells; one that others hold keeps its place."""
    if locks.lane(conn, campaign_id, page_id, wait=False):
        conn.execute(_SERVED, {"now": now, "campaign_id": campaign_id, "page_id": page_id})
