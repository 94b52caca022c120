"""Meta's bodies, built and read: everything in them is from one person to one account."""

import json

from campaigns.providers import EVENTS
from schemas.inbound import Inbound, InboundKind
from schemas.page import ProviderName

events = EVENTS[ProviderName.META]


US, THEM, AT = "17841400000000001", "6789012345678901", 1_790_000_000_123


ENTRY_AT = AT + 5


def entry(**parts):
    return {"id": US, "time": ENTRY_AT} | parts


def body(*entries, of="instagram"):
    return json.dumps({"object": of, "entry": list(entries)}).encode()


def item(sender=THEM, recipient=US, timestamp=AT, **parts):
    return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": timestamp} | parts


def only(content):
    found = events(content)
    assert len(found) == 1
    return found[0]


def of_item(part, channel="instagram"):
    return only(body(entry(messaging=[part]), of={"messenger": "page"}.get(channel, channel)))


def expected(kind, **facts):
    known = {"channel": "instagram", "account_id": US, "person": THEM, "at": AT}
    return Inbound(InboundKind(kind), **known | facts)
