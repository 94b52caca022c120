"""A message opens a window: contacts know it, pending rows gain time, and people who were too late are sent to.

Who wrote while a campaign is open, or waits for its start, is rescued from `skipped(window_…)` into a small late chunk.
Everything else about them is looked at again at their turn: opt-outs, blanks, and the window itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from campaigns import contacts, events, locks
from campaigns.contacts import Heard
from campaigns.inbound.events import Kept
from campaigns.inbound.receipts import moment
from campaigns.ledger import evidence, revival
from campaigns.ledger.revival import Return
from campaigns.policy import windows
from schemas.contact import ContactSource
from schemas.delivery import DeliveryState
from schemas.reason import RESCUABLE

_MOST_NAMED = 500

_RESCUABLE = text("""
    SELECT delivery.id, delivery.campaign_id, delivery.page_id, delivery.chunk_id, delivery.state, delivery.sender_id,
           delivery.recipient_id, delivery.variables, campaign.margin_ms,
           CASE WHEN campaign.state = 'scheduled' THEN campaign.start_at END AS starts_at
    FROM delivery JOIN campaign ON campaign.id = delivery.campaign_id
    WHERE delivery.sender_id = :sender_id AND delivery.recipient_id IN :people
      AND delivery.state IN ('skipped', 'failed') AND delivery.reason IN :reasons
      AND campaign.state IN ('sending', 'paused', 'scheduled')
      AND (campaign.not_after IS NULL OR campaign.not_after > :now)
    ORDER BY delivery.campaign_id, delivery.page_id, delivery.id
""").bindparams(bindparam("people", expanding=True), bindparam("reasons", expanding=True))
_REASONS = sorted(reason.value for reason in RESCUABLE)


def take(conn: Connection, kept: Sequence[Kept], now: int, source: ContactSource = ContactSource.WEBHOOK) -> None:
    """Take the events that open windows; `now` in epoch milliseconds."""
    opening = [(each, length) for each in kept if (length := windows.opened_by(each.event))]
    contacts.hear(conn, [_heard(each, length, source) for each, length in opening], now)
    opened: dict[tuple[int, str], int] = {}
    for each, length in opening:
        if each.arrival.sender_id is not None:
            who = (each.arrival.sender_id, each.event.person)
            opened[who] = max(opened.get(who, 0), moment(each) + length)
    _rescue(conn, opened, now)
    evidence.extend(conn, opened)


def _heard(each: Kept, length: int, source: ContactSource) -> Heard:
    event = each.event
    evidence_id = event.mid or event.event_id
    return Heard(
        event.channel, event.account_id, event.person, moment(each), length, event.kind, evidence_id, source.value
    )


def _rescue(conn: Connection, opened: dict[tuple[int, str], int], now: int) -> None:
    lanes: dict[tuple[int, int, str, bool], list[Row[Any]]] = defaultdict(list)
    for row in _found(conn, opened, now):
        if opened[row.sender_id, row.recipient_id] - row.margin_ms > max(now, row.starts_at or 0):
            lanes[row.campaign_id, row.page_id, row.state, row.chunk_id is None].append(row)
    rescued: dict[int, int] = defaultdict(int)
    for campaign_id in sorted({campaign_id for campaign_id, *_ in lanes}):
        # The clock must not find nobody open and call it the end meanwhile.
        locks.campaign(conn, campaign_id)
    for (campaign_id, _, state, _), rows in sorted(lanes.items()):
        back = [Return(row.id, row.variables, opened[row.sender_id, row.recipient_id]) for row in rows]
        rescued[campaign_id] += revival.revive(conn, campaign_id, DeliveryState(state), back)
    for campaign_id, n in rescued.items():
        said = f"{n:,} people whose window was closed have written, and get the message."
        events.record(conn, now, "campaign.rescued", "webhook", said, campaign_id=campaign_id)


def _found(conn: Connection, opened: dict[tuple[int, str], int], now: int) -> list[Row[Any]]:
    people: dict[int, list[str]] = defaultdict(list)
    for sender_id, person in sorted(opened):
        people[sender_id].append(person)
    return [
        row
        for sender_id, names in people.items()
        for start in range(0, len(names), _MOST_NAMED)
        for row in conn.execute(
            _RESCUABLE,
            {"sender_id": sender_id, "people": names[start : start + _MOST_NAMED], "reasons": _REASONS, "now": now},
        )
    ]
