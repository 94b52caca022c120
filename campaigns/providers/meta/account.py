"""What Meta does to our account rather than people: warnings and restrictions, and who holds a conversation."""

from campaigns.providers.fields import Fields, first, objects, text, word
from campaigns.providers.meta.item import Item
from schemas.inbound import Inbound, InboundKind

_INTEGRITY = ("restrictions", "violations", "action_events")
_MESSAGING = "page_messaging_api"


def policy(item: Item, part: Fields) -> Inbound:
    """Read a policy enforcement: `status` is `warning`, `block` or `unblock`, `text` the reason (January 2022)."""
    return item.event(
        InboundKind.POLICY, name=item.name, status=first(part, "action", "status"), text=text(part.get("reason"))
    )


def integrity(item: Item, fields: Fields) -> Inbound:
    """Read a report on the page's integrity; OTHER where the item is none.

    Its fields stand in the item itself, which names no sender and counts its time in seconds (Pages API, Page
    Integrity, October 2025). `code` is the restricted feature, the one for messaging before all others.
    """
    if not any(map(fields.__contains__, _INTEGRITY)):
        return item.other()
    restrictions, violations = objects(fields.get("restrictions")), objects(fields.get("violations"))
    features = [word(each.get("feature")) for each in restrictions]
    reasons = [text(each.get("description")) for each in (*violations, *restrictions)]
    return item.event(
        InboundKind.POLICY,
        name="business_integrity",
        status=word(fields.get("status")),
        code=_MESSAGING if _MESSAGING in features else next(iter(features), ""),
        text=next(filter(None, reasons), ""),
    )


def handover(item: Item, part: Fields) -> Inbound:
    """Read that a conversation goes to another app; `app_id` is the one that has it or wants it."""
    return item.event(
        InboundKind.HANDOVER,
        name=item.name,
        app_id=first(part, "new_owner_app_id", "requested_owner_app_id"),
        metadata=text(part.get("metadata")),
    )
