"""One messaging item of Meta's, as one event.

The sender of an item is the person, except where our own account acted: in echoes, and in whatever else names our
account as the sender. Then the roles are swapped, and only the echo is an event of its own; that we reacted or read is
OTHER. So is an item for another account than its entry's, with the status `other_account`.
"""

from campaigns.providers.fields import Fields, flag, member, moment, word
from campaigns.providers.meta import account, messages, signals
from campaigns.providers.meta.entry import Entry
from campaigns.providers.meta.item import Item, Reader
from schemas.inbound import Inbound

OTHER_ACCOUNT = "other_account"

_FRAME = frozenset({"sender", "recipient", "timestamp"})
_BY_PERSON: dict[str, Reader] = {
    "message": messages.message,
    "postback": messages.postback,
    "reaction": signals.reaction,
    "read": signals.read,
    "delivery": signals.delivery,
    "message_edit": messages.edit,
    "optin": signals.optin,
    "referral": signals.referral,
}
_TO_ACCOUNT: dict[str, Reader] = {
    "policy_enforcement": account.policy,
    "pass_thread_control": account.handover,
    "take_thread_control": account.handover,
    "request_thread_control": account.handover,
    "app_roles": account.handover,
}
_READERS = _BY_PERSON | _TO_ACCOUNT


def event(entry: Entry, fields: Fields, *, standby: bool = False) -> Inbound:
    """Read an item; with `standby` another app holds the conversation, and the person wrote to the account anyhow."""
    name = next(filter(fields.__contains__, _READERS), "")
    item = _item(entry, fields, name, standby=standby)
    if entry.account_id and item.account_id != entry.account_id:
        return Item(entry.channel, entry.account_id, item.person, item.at, item.name).other(OTHER_ACCOUNT)
    if name in _BY_PERSON:
        return _by_person(item, name, member(fields, name))
    if name:
        return _TO_ACCOUNT[name](item, member(fields, name))
    return account.integrity(item, fields)


def _by_person(item: Item, name: str, part: Fields) -> Inbound:
    if item.ours and name == "message":
        return messages.echo(item, part)
    if item.ours or not item.person or not part:
        return item.other()
    return _BY_PERSON[name](item, part)


def _item(entry: Entry, fields: Fields, name: str, *, standby: bool) -> Item:
    sender, recipient = word(member(fields, "sender").get("id")), word(member(fields, "recipient").get("id"))
    ours = flag(member(fields, "message").get("is_echo")) or sender == entry.account_id != ""
    own, person = (sender, recipient) if ours else (recipient, sender)
    return Item(
        channel=entry.channel,
        account_id=own or entry.account_id,
        person=person,
        at=moment(fields.get("timestamp")) or entry.at,
        name=name or word(next((key for key in fields if key not in _FRAME), "")),
        ours=ours,
        standby=standby,
    )
