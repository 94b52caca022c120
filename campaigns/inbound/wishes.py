"""Wishes: who says stop and who says start, by a word of their own or by the platform's switch. They hold at once."""

from collections.abc import Sequence

from sqlalchemy import Connection

from campaigns.inbound import consent, events
from campaigns.inbound.consent import Said
from campaigns.inbound.events import Kept
from campaigns.inbound.receipts import moment
from campaigns.policy import words
from campaigns.suppression import EVERY_SENDER
from schemas.consent import ConsentKind
from schemas.inbound import Inbound, InboundKind

_SPOKEN = frozenset({InboundKind.MESSAGE, InboundKind.QUICK_REPLY, InboundKind.POSTBACK, InboundKind.STORY_REPLY})
_SIGNALS = {InboundKind.OPTED_OUT: ConsentKind.OPTED_OUT, InboundKind.OPTED_IN: ConsentKind.OPTED_IN}


def take(conn: Connection, kept: Sequence[Kept], now: int) -> None:
    """Take every event that says whether its person wants messages."""
    consent.note(conn, [said for each in kept if each.event.person and (said := _said(each))], now)


def _said(each: Kept) -> Said | None:
    event = each.event
    if signal := _SIGNALS.get(event.kind):
        return _event(each, signal, "signal", event.name or event.kind.value)
    if event.kind in _SPOKEN and (wish := _wish(event)):
        return _event(each, wish, "word", event.text or event.payload)
    return None


def _wish(event: Inbound) -> ConsentKind | None:
    """Return what the words of an event wish for; of a button, those on it, else what stands behind it."""
    return words.meaning(event.text) or (words.meaning(event.payload) if event.payload else None)


def _event(each: Kept, kind: ConsentKind, source: str, evidence: str) -> Said:
    event, sender_id = each.event, each.arrival.sender_id
    return Said(
        recipient_id=event.person,
        sender_id=EVERY_SENDER if sender_id is None else sender_id,
        channel=event.channel,
        kind=kind,
        source=source,
        evidence=evidence,
        at=moment(each),
        key=f"inbound:{events.key(event)}",
        actor="webhook",
    )
