"""Echoes that name no message of ours, and the rows in doubt that they may be about: by account, person, text and time.

Instagram's echoes bring no metadata back. One settles a row only where nothing else fits: its id belongs to no row, the
application is not another one, exactly one row in doubt or on the wire has this text for this person, and everybody
else who could claim the message has had half a minute to do so.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, text

from campaigns import template, testers
from campaigns.inbound import events
from campaigns.inbound.events import Kept
from campaigns.inbound.receipts import moment
from campaigns.ledger import evidence
from campaigns.ledger.evidence import Proof
from campaigns.template import Blank, Letter
from schemas.delivery import DeliveryState
from schemas.trial import MARK

AFTER_MS = 30_000
"""How long the answers to calls have had to bring their own message ids."""
BEFORE_MS = 5_000
WITHIN_MS = 30_000
"""An echo is of a moment from BEFORE_MS before the claim (clocks differ) to WITHIN_MS after it (calls take 20 s)."""
TESTED_MS = 300_000
"""How long after it began a test may still be sending: its parts wait for slots."""

_DOUBTFUL = text("""
    SELECT delivery.id, delivery.state, delivery.variables, delivery.part_open, campaign.message
    FROM delivery JOIN campaign ON campaign.id = delivery.campaign_id
    WHERE delivery.sender_id = :sender_id AND delivery.recipient_id = :person
      AND delivery.state IN ('unknown', 'sending')
      AND delivery.sent_at BETWEEN :earliest AND :latest AND delivery.revision = campaign.revision
""")
_APPS = text("""
    SELECT facts FROM inbound_event
    WHERE kind = 'echo' AND channel = :channel AND account_id = :account_id AND delivery_id IS NOT NULL
    ORDER BY id DESC LIMIT 20
""")


def by_text(conn: Connection, echoes: Sequence[Kept], now: int) -> int:
    """Settle rows in doubt by echoes that fit exactly one each; return how many."""
    known = evidence.messages(conn, [each.event.mid for each in echoes])
    waited = [each for each in echoes if each.arrival.received_at + AFTER_MS <= now and each.event.mid not in known]
    proofs = {each.id: proof for each in waited if (proof := _proof(conn, each))}
    rows = [proof.delivery_id for proof in proofs.values()]
    # Two echoes that fit one row: one of them is somebody else's, and nobody knows which.
    alone = {event_id: proof for event_id, proof in proofs.items() if rows.count(proof.delivery_id) == 1}
    accepted = evidence.accept(conn, list(alone.values())).accepted
    events.matched(conn, [(event_id, proof.delivery_id) for event_id, proof in alone.items()])
    return len(accepted)


def _proof(conn: Connection, echo: Kept) -> Proof | None:
    event, sender_id = echo.event, echo.arrival.sender_id
    if sender_id is None or not event.mid or not event.text:
        return None
    at = moment(echo)
    facts = {"sender_id": sender_id, "person": event.person, "earliest": at - WITHIN_MS, "latest": at + BEFORE_MS}
    fitting = [row for row in conn.execute(_DOUBTFUL, facts) if _text(row) == event.text]
    if len(fitting) != 1 or fitting[0].state != DeliveryState.UNKNOWN:
        return None
    # Asked last: an account that nothing of ours was ever seen from is looked for through all events.
    if _foreign(conn, echo) or _of_a_test(conn, echo, at):
        return None
    return Proof(fitting[0].id, event.mid, at, fitting[0].part_open, len(_letter(fitting[0].message).parts))


def _foreign(conn: Connection, echo: Kept) -> bool:
    """Whether an echo is of an application that none of our proven echoes was of."""
    event = echo.event
    if not event.app_id:
        return False
    found = conn.execute(_APPS, {"channel": event.channel, "account_id": event.account_id}).scalars()
    ours = {app_id for facts in found if (app_id := json.loads(facts).get("app_id"))}
    return bool(ours) and event.app_id not in ours


def _of_a_test(conn: Connection, echo: Kept, at: int) -> bool:
    """Whether an echo is of a test, or may be of one: a tester can be in doubt too, and has the same text."""
    event = echo.event
    if event.metadata.startswith(MARK):
        return True
    who = (event.channel, event.account_id, event.person)
    return testers.tested(conn, *who, since=at - TESTED_MS, until=at + BEFORE_MS)


def _text(row: Row[Any]) -> str | None:
    try:
        texts = _letter(row.message).render(json.loads(row.variables))
    except (Blank, ValueError):
        return None
    return texts[row.part_open - 1] if 0 < row.part_open <= len(texts) else None


@lru_cache(maxsize=256)
def _letter(message: str) -> Letter:
    return template.letter([part["text"] for part in json.loads(message)["parts"]])
