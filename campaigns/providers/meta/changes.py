"""The `changes` of an entry: comments, restrictions, WhatsApp, and what some fields send in the shape of an item."""

from campaigns.providers.fields import Fields, first, member, moment, text, word
from campaigns.providers.meta import account, items, whatsapp
from campaigns.providers.meta.entry import Entry
from campaigns.providers.meta.item import Item
from schemas.inbound import Inbound, InboundKind

_COMMENTS = frozenset({"comments", "live_comments"})
_POLICIES = frozenset({"messaging_policy_enforcement", "policy_enforcement"})


def events(entry: Entry, change: Fields) -> list[Inbound]:
    """Return the events of a change: one, except for WhatsApp, which puts several messages into one."""
    field, value = word(change.get("field")), member(change, "value")
    if entry.channel == whatsapp.CHANNEL:
        return whatsapp.events(entry, field, value)
    if "sender" in value or "recipient" in value:
        return [items.event(entry, value)]
    person = first(member(value, "from"), "id")
    at = moment(value.get("created_time")) or moment(value.get("timestamp")) or entry.at
    item = Item(entry.channel, entry.account_id, person, at, field)
    return [_event(item, field, value)]


def _event(item: Item, field: str, value: Fields) -> Inbound:
    if _is_new_comment(field, value) and item.person not in {"", item.account_id}:
        return _comment(item, value)
    if field in _POLICIES:
        return account.policy(item, member(value, "policy_enforcement") or value)
    return account.integrity(item, value)


def _is_new_comment(field: str, value: Fields) -> bool:
    return field in _COMMENTS or (field == "feed" and value.get("item") == "comment" and value.get("verb") == "add")


def _comment(item: Item, value: Fields) -> Inbound:
    """Read a comment; its id's name differs by login: `id` with Instagram's, `comment_id` with Facebook's."""
    return item.event(
        InboundKind.COMMENT,
        name=item.name,
        mid=first(value, "comment_id", "id"),
        text=text(value.get("text")) or text(value.get("message")),
        reply_to=first(member(value, "media"), "id") or first(value, "post_id"),
    )
