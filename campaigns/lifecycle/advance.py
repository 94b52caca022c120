"""What time alone brings: a start that is due, a deadline that passed, a campaign with nothing left to send."""

from sqlalchemy import Connection, bindparam, text

from campaigns import events, hours, locks
from campaigns.ledger import withdrawal
from campaigns.ledger.tallies import open_rows
from campaigns.lifecycle import canary, late
from schemas.delivery import DeliveryState
from schemas.reason import RESCUABLE, Reason

# A series has nobody to send to: its moments end it, and its deadlines are those of its campaigns.
_LATE = text("""
    SELECT id FROM campaign WHERE state IN ('sending', 'paused', 'scheduled') AND not_after <= :now
    AND id NOT IN (SELECT campaign_id FROM series)
""")
# Who could still be sent to when they write holds a campaign open until its keep_open_until.
_OPEN = text("""
    SELECT id FROM campaign WHERE state IN ('sending', 'paused') AND id NOT IN (SELECT campaign_id FROM series)
    AND (COALESCE(keep_open_until, 0) <= :now
        OR NOT EXISTS (SELECT 1 FROM tally WHERE tally.campaign_id = campaign.id AND tally.n > 0
            AND tally.state IN ('skipped', 'failed') AND tally.reason IN :reasons))
""").bindparams(bindparam("reasons", expanding=True))
_FINISH = text("""
    UPDATE campaign SET state = 'finished', sentence = '', finished_at = :now
    WHERE id = :id AND state IN ('sending', 'paused')
""")
_RETURNED = text("""
    SELECT id FROM campaign WHERE state = 'cancelled' AND EXISTS
        (SELECT 1 FROM tally WHERE tally.campaign_id = campaign.id AND tally.state = 'pending' AND tally.n > 0)
""")
_STUCK = text("""
    SELECT campaign_id, MAX(sentence) AS sentence FROM chunk
    WHERE state != 'done' AND campaign_id IN (SELECT id FROM campaign WHERE state = 'sending')
    GROUP BY campaign_id HAVING SUM(CASE WHEN state = 'stopped' THEN 0 ELSE 1 END) = 0
""")
_STOP = text("UPDATE campaign SET state = 'paused', sentence = :sentence WHERE id = :id AND state = 'sending'")
_SENDING = text("SELECT id, first_id, last_id, margin_ms FROM campaign WHERE state = 'sending'")

_RESCUABLE = sorted(reason.value for reason in RESCUABLE)


def advance(conn: Connection, now: int) -> None:
    """Move every campaign that time moves; `now` in epoch milliseconds."""
    hours.turn(conn, now)
    late.begin(conn, now)
    canary.hold(conn, now)
    for campaign_id in conn.execute(_LATE, {"now": now}).scalars().all():
        _expire(conn, campaign_id, now)
    for campaign_id in conn.execute(_OPEN, {"now": now, "reasons": _RESCUABLE}).scalars().all():
        if open_rows(conn, campaign_id) == 0:
            _finish(conn, campaign_id, now)
    for campaign_id in conn.execute(_RETURNED).scalars().all():
        # Calls that were out when it was cancelled have come back throttled, or the cancelling broke off.
        withdrawal.withdraw(conn, campaign_id, DeliveryState.CANCELLED, Reason.CANCELLED, wait=False)
    for row in conn.execute(_STUCK).all():
        conn.execute(_STOP, {"sentence": row.sentence, "id": row.campaign_id})
        events.record(conn, now, "campaign.stopped", "clock", row.sentence, campaign_id=row.campaign_id)


def wake(conn: Connection, since: int, now: int) -> None:
    """Tell every sending campaign that nothing ran from `since` to `now`, and how many windows closed meanwhile.

    Nothing else is needed: everybody is screened again at their turn.
    """
    for row in conn.execute(_SENDING).all():
        said = f"Asleep {late.lasting(now - since)}; {late.closed(conn, row, since, now)}."
        events.record(conn, now, "campaign.asleep", "clock", said, campaign_id=row.id)


def _finish(conn: Connection, campaign_id: int, now: int) -> None:
    # A verb that brings people back holds the campaign until they count.
    if not locks.campaign(conn, campaign_id, wait=False) or open_rows(conn, campaign_id):
        return
    if conn.execute(_FINISH, {"now": now, "id": campaign_id}).rowcount:
        events.record(conn, now, "campaign.finished", "clock", "Finished.", campaign_id=campaign_id)


def _expire(conn: Connection, campaign_id: int, now: int) -> None:
    n = withdrawal.withdraw(conn, campaign_id, DeliveryState.CANCELLED, Reason.DEADLINE_PASSED, wait=False)
    if n:
        said = f"not_after has passed: {n:,} people are not sent to any more."
        events.record(conn, now, "campaign.deadline", "clock", said, campaign_id=campaign_id)
