"""A start that is due: made in time, or missed because nothing ran (an outage, a sleeping machine)."""

from typing import Any

from sqlalchemy import Connection, Row, text

from campaigns import events
from campaigns.ledger import withdrawal
from campaigns.ledger.tallies import open_rows
from campaigns.lifecycle import series
from schemas.campaign_file import CampaignFile
from schemas.delivery import DeliveryState
from schemas.reason import Reason

MISSED_MS = 600_000
"""A start that is later than this is one that `late_start` decides about."""

MISSED = "Paused: its start was missed"
"""What the sentence of a campaign begins with that asks what to do about a missed start."""

# A series begins nothing itself. That the campaign of one of its moments took long to plan makes it no later.
_DUE = text("""
    SELECT campaign.id, campaign.ref, campaign.start_at, campaign.first_id, campaign.last_id, campaign.margin_ms,
           campaign.spec, occurrence.series_id, COALESCE(campaign.launched_at - occurrence.began_at, 0) AS planning
    FROM campaign LEFT JOIN occurrence ON occurrence.campaign_id = campaign.id
    WHERE campaign.state = 'scheduled' AND campaign.start_at <= :now
    AND NOT EXISTS (SELECT 1 FROM series WHERE series.campaign_id = campaign.id)
""")
_START = text("UPDATE campaign SET state = 'sending', started_at = :now WHERE id = :id AND state = 'scheduled'")
_ASK = text("UPDATE campaign SET state = 'paused', sentence = :sentence WHERE id = :id AND state = 'scheduled'")
_SKIP = text("UPDATE campaign SET state = 'finished', finished_at = :now WHERE id = :id AND state = 'scheduled'")
_SKIPPED = text("""
    SELECT COALESCE(SUM(n), 0) FROM tally WHERE campaign_id = :id AND state = 'cancelled' AND reason = :reason
""")
_CLOSED = text("""
    SELECT count(*) FROM delivery WHERE id BETWEEN :low AND :high AND state = 'pending'
    AND closes_at > :since AND closes_at <= :until
""")


def begin(conn: Connection, now: int) -> None:
    """Start every campaign that is due; one whose start was missed does what its `late_start` says."""
    for row in conn.execute(_DUE, {"now": now}).all():
        if row.series_id is not None and not series.lets_start(conn, row.series_id):
            continue
        if now - row.start_at - row.planning <= MISSED_MS:
            _start(conn, row, now, "Started as scheduled.")
        else:
            _begin_late(conn, row, now)


def sentence(ref: str, missed: str) -> str:
    """Return what a campaign says that asks; `missed` is by how long, and who was lost."""
    return f"{MISSED} {missed}. `pagecast resume {ref}` sends to those who are left, `pagecast cancel {ref}` ends it."


def closed(conn: Connection, row: Row[Any], since: int, now: int) -> str:
    """Return in words how many people of a campaign could be sent to at `since` and no longer can `now` (epoch ms)."""
    margin = row.margin_ms
    facts = {"low": row.first_id, "high": row.last_id, "since": since + margin, "until": now + margin}
    n = int(conn.execute(_CLOSED, facts).scalar_one())
    return f"{n:,} {'window' if n == 1 else 'windows'} closed meanwhile"


def lasting(ms: int) -> str:
    """Return a duration as `6 h 05 min`."""
    hours, minutes = divmod(ms // 60_000, 60)
    return f"{hours} h {minutes:02} min"


def _begin_late(conn: Connection, row: Row[Any], now: int) -> None:
    missed = f"by {lasting(now - row.start_at)}; {closed(conn, row, row.start_at, now)}"
    match CampaignFile.model_validate_json(row.spec).schedule.late_start:
        case "ask":
            _ask(conn, row, now, missed)
        case "skip":
            _skip(conn, row, now)
        case "send":
            _start_late(conn, row, now, missed)


def _start(conn: Connection, row: Row[Any], now: int, said: str) -> bool:
    started = conn.execute(_START, {"now": now, "id": row.id}).rowcount == 1
    if started:
        events.record(conn, now, "campaign.started", "clock", said, campaign_id=row.id)
    return started


def _start_late(conn: Connection, row: Row[Any], now: int, missed: str) -> None:
    # Two events: who wants to hear only of missed starts hears of this one too.
    if _start(conn, row, now, f"Started late {missed}."):
        said = f"Its start was missed {missed}, and late_start says send."
        events.record(conn, now, "campaign.late", "clock", said, campaign_id=row.id)


def _ask(conn: Connection, row: Row[Any], now: int, missed: str) -> None:
    said = sentence(row.ref, missed)
    if conn.execute(_ASK, {"sentence": said, "id": row.id}).rowcount:
        events.record(conn, now, "campaign.late", "clock", said, campaign_id=row.id)


def _skip(conn: Connection, row: Row[Any], now: int) -> None:
    """Withdraw a few chunks; the clock comes back until nobody is left, and the campaign never begins."""
    withdrawal.withdraw(conn, row.id, DeliveryState.CANCELLED, Reason.STALE_START, wait=False)
    if open_rows(conn, row.id) or not conn.execute(_SKIP, {"now": now, "id": row.id}).rowcount:
        return
    n = int(conn.execute(_SKIPPED, {"id": row.id, "reason": Reason.STALE_START.value}).scalar_one())
    late = lasting(now - row.start_at)
    said = f"Its start was missed by {late} and late_start says skip: {n:,} people are not sent to."
    events.record(conn, now, "campaign.finished", "clock", said, campaign_id=row.id)
