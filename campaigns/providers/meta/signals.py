"""What people do without writing, as Meta's messaging items tell it: reactions, receipts, choices, ways in.

Instagram says which message was seen, Messenger up to which moment everything was read; only Messenger says that
something was delivered, sometimes without message ids (Messenger and Instagram platforms, as of May 2026).
"""

from campaigns.providers.fields import Fields, first, moment, text, word, words
from campaigns.providers.meta.item import Item
from campaigns.providers.meta.messages import by_ad
from schemas.inbound import Inbound, InboundKind

_CHOICES = {"STOP_NOTIFICATIONS": InboundKind.OPTED_OUT, "RESUME_NOTIFICATIONS": InboundKind.OPTED_IN}
"""The word for resuming is not documented; every other one leaves consent as it is."""


def reaction(item: Item, part: Fields) -> Inbound:
    """Read a reaction, or that one was taken back: `status` is Meta's word, `react` or `unreact`."""
    return item.event(
        InboundKind.REACTION,
        name=word(part.get("reaction")),
        mid=word(part.get("mid")),
        text=text(part.get("emoji")),
        status=word(part.get("action")),
    )


def read(item: Item, part: Fields) -> Inbound:
    """Read a receipt of reading: of one message, or of all up to a moment."""
    return _receipt(item, InboundKind.READ, words([part.get("mid")]), part)


def delivery(item: Item, part: Fields) -> Inbound:
    """Read a receipt of delivery: of messages by their ids, of all up to a moment, or both."""
    return _receipt(item, InboundKind.DELIVERED, words(part.get("mids")), part)


def _receipt(item: Item, kind: InboundKind, mids: tuple[str, ...], part: Fields) -> Inbound:
    watermark = moment(part.get("watermark")) or None
    if not mids and watermark is None:
        return item.other()
    return item.event(kind, mid=next(iter(mids), ""), mids=mids, watermark=watermark)


def optin(item: Item, part: Fields) -> Inbound:
    """Read a choice about notifications; the token that comes with one is a key to the person, and is left out."""
    status = word(part.get("notification_messages_status"))
    return item.event(
        _CHOICES.get(status.upper(), InboundKind.OPTIN),
        name=word(part.get("type")),
        text=text(part.get("title")),
        payload=text(part.get("payload")) or text(part.get("ref")),
        status=status,
    )


def referral(item: Item, part: Fields) -> Inbound:
    """Read by which link or ad a person came into a conversation that was there already."""
    return item.event(InboundKind.REFERRAL, name=first(part, "source"), payload=text(part.get("ref")), ad=by_ad(part))
