"""Meta's webhook bodies: `object`, `entry`, `messaging`, as in the documents and captured bodies of 2026.

Messenger tells of deliveries and reads by watermark, Instagram of reads alone, message by message; an echo carries
`metadata` and `app_id` on Messenger only, where the two are documented.
"""

import json
from collections.abc import Callable
from typing import Any

from campaigns.simulator.event import Event
from campaigns.simulator.threads import Message

OBJECTS = {"messenger": "page", "instagram": "instagram"}
# The read of the documents' sample happened that much before its own timestamp.
WATERMARK_LAG_MS = 210


def echo(message: Message, at: int, app_id: int) -> Event:
    """Return the account's own message coming back; it has the message's time, not the echo's."""
    del at
    content: dict[str, Any] = {"mid": message.mid, "is_echo": True}
    if message.text:
        content["text"] = message.text
    if message.channel == "messenger":
        content |= {"app_id": app_id} | ({"metadata": message.metadata} if message.metadata else {})
    return _event(message, _ms(message.at), {"message": content})


def delivered(message: Message, at: int) -> Event:
    """Return a delivery, which only Messenger knows."""
    return _event(message, at, {"delivery": {"mids": [message.mid], "watermark": _watermark(message, at)}})


def read(message: Message, at: int) -> Event:
    """Return a read: up to a moment on Messenger, of one message on Instagram."""
    seen = {"mid": message.mid} if message.channel == "instagram" else {"watermark": _watermark(message, at)}
    return _event(message, at, {"read": seen})


def said(message: Message) -> Event:
    """Return what a person wrote or tapped."""
    if message.postback:
        tap = {"mid": message.mid, "title": message.text, "payload": message.payload}
        return _event(message, _ms(message.at), {"postback": tap})
    content: dict[str, Any] = {"mid": message.mid, "text": message.text}
    if message.payload:
        content["quick_reply"] = {"payload": message.payload}
    if message.answers:
        content["reply_to"] = {"mid": message.answers}
    return _event(message, _ms(message.at), {"message": content})


def raw(channel: str, account: str, person: str, at: int, content: dict[str, Any]) -> Event:
    """Return an event that somebody wrote by hand; one with `field` is a change, any other an item of `messaging`."""
    item = content if "field" in content else {"sender": {"id": person}, "recipient": {"id": account}, "timestamp": at}
    return Event("meta", OBJECTS[channel], account, at, item | content)


def body(events: list[Event], now: int, shape: str = "") -> bytes:
    """Return a body of events of one object, an entry an account; `shape` is one of SHAPES, or empty for the usual.

    Letters outside ASCII and slashes are escaped, which is the form that Meta sends and signs.
    """
    entries: dict[str, dict[str, Any]] = {}
    for event in events:
        entry = entries.setdefault(event.account, {"id": event.account, "time": now})
        entry.setdefault("changes" if "field" in event.content else "messaging", []).append(event.content)
    document: Any = {"object": events[0].kind, "entry": list(entries.values())}
    if shape:
        document = SHAPES[shape](document)
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()


def _event(message: Message, at: int, content: dict[str, Any]) -> Event:
    person, account = {"id": message.person}, {"id": message.account}
    is_echo = content.get("message", {}).get("is_echo", False)
    sender, recipient = (account, person) if is_echo else (person, account)
    item = {"sender": sender, "recipient": recipient, "timestamp": at, **content}
    return Event("meta", OBJECTS[message.channel], message.account, at, item)


def _watermark(message: Message, at: int) -> int:
    return max(_ms(message.at), at - WATERMARK_LAG_MS)


def _ms(at: float) -> int:
    return int(at * 1000)


def _each(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    def reshaped(document: Any) -> Any:
        entries = [
            entry | {"messaging": [change(item) for item in entry["messaging"]]} if "messaging" in entry else entry
            for entry in document["entry"]
        ]
        return document | {"entry": entries}

    return reshaped


def _without_mids(item: dict[str, Any]) -> dict[str, Any]:
    if "delivery" not in item:
        return item
    return item | {"delivery": {"watermark": item["delivery"].get("watermark", item["timestamp"])}}


def _app_id_as_text(item: dict[str, Any]) -> dict[str, Any]:
    if "app_id" not in item.get("message", {}):
        return item
    return item | {"message": item["message"] | {"app_id": str(item["message"]["app_id"])}}


# Each was seen in a document's sample or in the tests of a product that met it.
SHAPES: dict[str, Callable[[Any], Any]] = {
    "wrapped": lambda document: [document],
    "repeated": lambda document: document | {"entry": document["entry"] * 2},
    "seconds": _each(lambda item: item | {"timestamp": item["timestamp"] // 1000}),
    "text": _each(lambda item: item | {"timestamp": str(item["timestamp"])}),
    "no mids": _each(_without_mids),
    "app id": _each(_app_id_as_text),
}
