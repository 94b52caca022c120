"""What people answer, and to which campaign: by the message they reply to, else by the latest one that they got."""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from campaigns.inbound import events
from campaigns.inbound.events import Kept
from campaigns.inbound.receipts import moment
from campaigns.ledger import evidence
from campaigns.ledger.evidence import Reply
from schemas.inbound import InboundKind

WITHIN_MS = 3 * 86_400_000
"""How long after a message an answer that names none counts as an answer to it."""

_ANSWERS = frozenset({InboundKind.MESSAGE, InboundKind.QUICK_REPLY, InboundKind.POSTBACK})
_MOST_CHARACTERS = 1_000
_MOST_NAMED = 500

_GOT = text("""
    SELECT delivery.id, delivery.sender_id, delivery.recipient_id, delivery.sent_at, campaign.message
    FROM delivery JOIN campaign ON campaign.id = delivery.campaign_id
    WHERE delivery.sender_id = :sender_id AND delivery.recipient_id IN :people
      AND delivery.state IN ('sending', 'accepted', 'delivered', 'read', 'unknown', 'assumed_sent')
      AND delivery.sent_at IS NOT NULL
""").bindparams(bindparam("people", expanding=True))


def take(conn: Connection, kept: Sequence[Kept]) -> None:
    """Write down whose answers these are."""
    answers = [each for each in kept if each.event.kind in _ANSWERS]
    named = evidence.messages(conn, [each.event.reply_to for each in answers if each.event.reply_to])
    got = _got(conn, [each for each in answers if each.event.reply_to not in named])
    pairs = []
    for each in answers:
        row_id = named.get(each.event.reply_to) or _latest(each, got[each.arrival.sender_id, each.event.person])
        if row_id is not None:
            pairs.append((each, row_id))
    evidence.answer(conn, [Reply(row_id, moment(each), _words(each)) for each, row_id in pairs])
    events.matched(conn, [(each.id, row_id) for each, row_id in pairs])


def _got(conn: Connection, answers: Sequence[Kept]) -> dict[tuple[int | None, str], list[Row[Any]]]:
    people: dict[int, set[str]] = defaultdict(set)
    for each in answers:
        if each.arrival.sender_id is not None:
            people[each.arrival.sender_id].add(each.event.person)
    found: dict[tuple[int | None, str], list[Row[Any]]] = defaultdict(list)
    for sender_id, names in people.items():
        ordered = sorted(names)
        for start in range(0, len(ordered), _MOST_NAMED):
            facts = {"sender_id": sender_id, "people": ordered[start : start + _MOST_NAMED]}
            for row in conn.execute(_GOT, facts):
                found[row.sender_id, row.recipient_id].append(row)
    return found


def _latest(each: Kept, rows: Sequence[Row[Any]]) -> int | None:
    """Return the latest message before an answer; for a tap, the latest that had such a button."""
    at = moment(each)
    near = sorted((row.sent_at, row.id, row.message) for row in rows if row.sent_at <= at <= row.sent_at + WITHIN_MS)
    offering = [found for found in near if each.event.payload and each.event.payload in _payloads(found[2])]
    best = (offering or near)[-1:]
    return best[0][1] if best else None


def _words(each: Kept) -> str:
    event = each.event
    return (event.text or event.payload or f"[{event.kind}]")[:_MOST_CHARACTERS]


@lru_cache(maxsize=256)
def _payloads(message: str) -> frozenset[str]:
    replies = (reply for part in json.loads(message)["parts"] for reply in part.get("quick_replies", ()))
    return frozenset(reply.get("payload") or reply["title"] for reply in replies)
