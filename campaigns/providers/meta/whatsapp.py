"""WhatsApp's changes: read only because all products of an app may share one address.

Each holds messages and statuses of one number, which is the account; times are seconds as text.
"""

from campaigns.providers.fields import Fields, first, member, moment, objects, text, word
from campaigns.providers.meta.entry import Entry
from campaigns.providers.meta.item import Item
from campaigns.providers.meta.messages import by_ad
from schemas.inbound import Inbound, InboundKind

CHANNEL = "whatsapp"

_TAPS = (("button", "text", "payload"), ("button_reply", "title", "id"), ("list_reply", "title", "id"))
"""Where a tap stands, and the names there of what it shows and what it says."""


def events(entry: Entry, field: str, value: Fields) -> list[Inbound]:
    """Return the events of a change, its messages first; one OTHER where there is neither message nor status."""
    account_id = first(member(value, "metadata"), "phone_number_id") or entry.account_id
    found = [
        *(_message(_item(account_id, each, "from", entry.at), each) for each in objects(value.get("messages"))),
        *(_status(_item(account_id, each, "recipient_id", entry.at), each) for each in objects(value.get("statuses"))),
    ]
    return found or [Item(CHANNEL, account_id, "", entry.at, field).other()]


def _item(account_id: str, fields: Fields, person: str, otherwise: int) -> Item:
    at = moment(fields.get("timestamp")) or otherwise
    return Item(CHANNEL, account_id, first(fields, person), at, word(fields.get("type")))


def _message(item: Item, fields: Fields) -> Inbound:
    if not item.person:
        return item.other()
    if item.name == "reaction":
        return _reaction(item, member(fields, "reaction"))
    mid, ad = first(fields, "id"), by_ad(member(fields, "referral"))
    reply_to = first(member(fields, "context"), "id")
    for name, shown, said in _TAPS:
        if tap := member(fields, name) or member(member(fields, "interactive"), name):
            tapped, payload = text(tap.get(shown)), text(tap.get(said))
            return item.event(
                InboundKind.QUICK_REPLY, name=item.name, mid=mid, text=tapped, payload=payload, reply_to=reply_to, ad=ad
            )
    written = text(member(fields, "text").get("body")) or text(member(fields, item.name).get("caption"))
    return item.event(InboundKind.MESSAGE, name=item.name, mid=mid, text=written, reply_to=reply_to, ad=ad)


def _reaction(item: Item, part: Fields) -> Inbound:
    emoji = text(part.get("emoji"))
    status = "react" if emoji else "unreact"
    return item.event(InboundKind.REACTION, mid=first(part, "message_id"), text=emoji, status=status)


def _status(item: Item, fields: Fields) -> Inbound:
    errors = objects(fields.get("errors"))
    return item.event(
        InboundKind.STATUS,
        mid=first(fields, "id"),
        status=word(fields.get("status")),
        code=first(errors[0], "code") if errors else "",
        metadata=text(fields.get("biz_opaque_callback_data")),
    )
