"""Messages that the platform asked to try again later: sent again where an echo would have told that they went out.

Such an answer refuses nothing, and messages have been seen to arrive after it. One is repeated, on pages whose route
says so, ten minutes later at the earliest and three times at most, and only where nothing speaks for it: echoes of its
account have come in since, and neither one of them nor a receipt may be about it. After that it has failed.

What this cannot see: a platform that tells of everything but this one message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from campaigns import events, locks
from campaigns.ledger import revival
from campaigns.ledger.revival import Return
from campaigns.moments import people
from campaigns.providers import PROVIDERS
from campaigns.providers.meta.conversations import NAME as PULLED
from campaigns.runtime import Runtime, now_of
from schemas.delivery import DeliveryState
from schemas.page import ProviderName, Route
from schemas.reason import Reason

AFTER_MS = 600_000
"""How long an echo is waited for before a message is sent again."""
TIMES = 3
MOST = 200
"""Rows of one lane and turn."""
WITHIN_MS = 86_400_000
"""What was sent longer ago is left to a person."""

_PROMPT_MS = 60_000
"""An echo that came later than this after its message is one of a backlog, and says nothing about present ones."""
_BEFORE_MS = 5_000
_LATE_MS = 3_600_000
"""How long before the latest call an event's moment may lie that may be about an earlier one of the row."""

_LANES = text("""
    SELECT lane.campaign_id, lane.page_id, lane.route, page.name, page.provider, page.channel, page.account_id
    FROM lane JOIN page ON page.id = lane.page_id JOIN campaign ON campaign.id = lane.campaign_id
    WHERE (campaign.state = 'sending' OR (campaign.state = 'finished' AND campaign.finished_at >= :since))
      AND (campaign.not_after IS NULL OR campaign.not_after > :now)
      AND EXISTS (SELECT 1 FROM tally WHERE tally.campaign_id = lane.campaign_id AND tally.page_id = lane.page_id
                  AND tally.state = 'unknown' AND tally.n > 0)
    ORDER BY lane.campaign_id, lane.page_id
""")
_LATEST_ECHO = text("""
    SELECT at, received_at FROM inbound_event
    WHERE channel = :channel AND account_id = :account_id AND kind = 'echo' AND received_at >= :since
      AND facts NOT LIKE :pulled
    ORDER BY received_at DESC LIMIT 1
""")
_DOUBTFUL = text("""
    SELECT delivery.id, delivery.variables, delivery.closes_at, delivery.attempts - delivery.part_done > :times AS spent
    FROM delivery JOIN campaign ON campaign.id = delivery.campaign_id
    WHERE delivery.state = 'unknown' AND delivery.provider_code IN :codes
      AND delivery.sent_at >= :since AND delivery.sent_at < :until
      AND delivery.chunk_id IN (SELECT chunk_id FROM tally WHERE campaign_id = :campaign_id AND page_id = :page_id
                                AND state = 'unknown' AND n > 0)
      AND (delivery.attempts - delivery.part_done > :times
           OR ((delivery.closes_at IS NULL OR delivery.closes_at - campaign.margin_ms > :now
                OR EXISTS (SELECT 1 FROM contact
                           WHERE contact.channel = :channel AND contact.account_id = :account_id
                             AND contact.recipient_id = delivery.recipient_id
                             AND contact.closes_at - campaign.margin_ms > :now))
               AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.recipient_id = delivery.recipient_id
                               AND suppression.sender_id IN (0, delivery.sender_id))))
      AND NOT EXISTS (SELECT 1 FROM inbound_event AS told
                      WHERE told.person = delivery.recipient_id AND told.channel = :channel
                        AND told.account_id = :account_id AND told.delivery_id IS NULL
                        AND told.kind IN ('echo', 'delivered', 'read', 'status')
                        AND told.received_at >= delivery.sent_at - :before
                        AND (told.at = 0 OR told.at >= delivery.sent_at - :late))
    ORDER BY delivery.id LIMIT :most
""").bindparams(bindparam("codes", expanding=True))
_GO_ON = text("""
    UPDATE campaign SET state = 'sending', sentence = '', finished_at = NULL WHERE id = :id AND state = 'finished'
""")


@dataclass(frozen=True, slots=True)
class Repeated:
    """What a turn came to: rows to be sent again, and rows that have failed for good."""

    again: int = 0
    failed: int = 0


def take(runtime: Runtime) -> Repeated:
    """Decide about rows whose ten minutes are over.

    Whoever calls has applied what came in before: an echo that nobody has read yet is none.
    """
    with runtime.reading() as conn:
        now = now_of(conn)
        lanes = [lane for lane in _lanes(conn, now) if _doubtful(conn, lane, now)]
    again = failed = 0
    for lane in lanes:
        with runtime.writing() as conn:
            done = _decide(conn, lane, now_of(conn))
        again, failed = again + done.again, failed + done.failed
    return Repeated(again, failed)


def _lanes(conn: Connection, now: int) -> list[Row[Any]]:
    found = conn.execute(_LANES, {"since": now - WITHIN_MS, "now": now})
    return [lane for lane in found if Route.model_validate_json(lane.route).on_try_later == "repeat"]


def _decide(conn: Connection, lane: Row[Any], now: int) -> Repeated:
    # The clock must not find nobody open and call it the end meanwhile.
    if not locks.campaign(conn, lane.campaign_id, wait=False):
        return Repeated()
    if lane not in _lanes(conn, now):
        return Repeated()
    rows = _doubtful(conn, lane, now)
    # All at once, for both sorts of rows: whoever locks chunks twice can cross another.
    locks.chunks_of(conn, [row.id for row in rows])
    back = [Return(row.id, row.variables, row.closes_at) for row in rows if not row.spent]
    spent = [row.id for row in rows if row.spent]
    again = revival.revive(conn, lane.campaign_id, DeliveryState.UNKNOWN, back, same_try=True) if back else 0
    failed = revival.decide(conn, lane.campaign_id, DeliveryState.FAILED, Reason.PROVIDER_ERROR, spent)
    if again:
        conn.execute(_GO_ON, {"id": lane.campaign_id})
        said = f"{people(again)} of page {lane.name}: sent again, since it was to be tried later and no echo came."
        _tell(conn, lane, now, "campaign.repeated", said)
    if failed:
        said = f"{people(failed)} of page {lane.name}: failed, still to be tried later after {TIMES} repeats."
        _tell(conn, lane, now, "campaign.gave_up", said)
    return Repeated(again, failed)


def _doubtful(conn: Connection, lane: Row[Any], now: int) -> Sequence[Row[Any]]:
    since = now - WITHIN_MS
    account = {"channel": lane.channel, "account_id": lane.account_id}
    echo = conn.execute(_LATEST_ECHO, account | {"since": since, "pulled": f'%"name":"{PULLED}"%'}).first()
    if echo is None:
        return []
    facts = {
        "campaign_id": lane.campaign_id,
        "page_id": lane.page_id,
        "codes": sorted(PROVIDERS[ProviderName(lane.provider)].try_later),
        "since": since,
        "until": min(now - AFTER_MS, echo.received_at, echo.at + _PROMPT_MS),
        "times": TIMES,
        "now": now,
        "before": _BEFORE_MS,
        "late": _LATE_MS,
        "most": MOST,
    }
    return conn.execute(_DOUBTFUL, account | facts).all()


def _tell(conn: Connection, lane: Row[Any], now: int, kind: str, sentence: str) -> None:
    events.record(conn, now, kind, "webhook", sentence, campaign_id=lane.campaign_id, page_id=lane.page_id)
