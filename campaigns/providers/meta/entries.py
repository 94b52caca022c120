"""A body of Meta's: envelopes, their entries, and in each entry items of three kinds, all of which are read.

    {"object": ..., "entry": [{"id": ..., "time": ..., "messaging": [...], "standby": [...], "changes": [...]}]}

Some samples of the Instagram documentation wrap the envelope in an array. Whatever is broken costs itself alone.
"""

from collections.abc import Iterator

from campaigns.providers.fields import Fields, first, moment, objects, parsed, word
from campaigns.providers.meta import changes, items
from campaigns.providers.meta.entry import Entry
from schemas.inbound import Inbound

_CHANNELS = {"instagram": "instagram", "page": "messenger", "whatsapp_business_account": "whatsapp"}


def events(body: bytes) -> list[Inbound]:
    """Return the events of a body in the order they stand, each once; UnreadableBody where it is no JSON.

    Meta has been seen to repeat one message in two entries of a body; what is equal in everything is one event.
    """
    return list(dict.fromkeys(event for envelope in parsed(body) for event in _of_envelope(envelope)))


def _of_envelope(envelope: Fields) -> Iterator[Inbound]:
    name = word(envelope.get("object"))
    for fields in objects(envelope.get("entry")):
        entry = Entry(_CHANNELS.get(name, name), first(fields, "id"), moment(fields.get("time")))
        for item in objects(fields.get("messaging")):
            yield items.event(entry, item)
        for item in objects(fields.get("standby")):
            yield items.event(entry, item, standby=True)
        for change in objects(fields.get("changes")):
            yield from changes.events(entry, change)
