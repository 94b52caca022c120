"""Orbit's webhook bodies: one event each, `{id, type, created_at, data}` (event-payloads page, read in autumn 2026).

The documents show no body of `message.received` or `contact.opted_out` for these channels; ours follow their siblings.
A message is known by its id alone, for `to` is masked.
"""

import json
from datetime import UTC, datetime
from typing import Any

from campaigns.simulator.event import Event
from campaigns.simulator.threads import Message

FAILURE = "IG_OUTSIDE_MESSAGING_WINDOW"
MASKED = 4


def sent(message: Message, at: int) -> Event:
    """Return that the platform behind Orbit took the message."""
    return _about(message, "sent", at, external_id=f"m_{message.mid}")


def delivered(message: Message, at: int) -> Event:
    """Return that the message arrived."""
    return _about(message, "delivered", at, delivered_at=_time(at))


def failed(message: Message, at: int) -> Event:
    """Return that a message once queued was refused in the end."""
    return _about(message, "failed", at, error_code=FAILURE)


def said(message: Message) -> Event:
    """Return what a person wrote or tapped."""
    data: dict[str, Any] = {
        "message_id": message.mid,
        "channel": message.channel,
        "from": message.person,
        "to": message.account,
        "text": message.text,
        "contact_id": f"con_{message.person}",
        "conversation_id": f"conv_{message.account}_{message.person}",
    }
    if message.payload:
        data |= {"postback" if message.postback else "quick_reply": {"title": message.text, "payload": message.payload}}
    return _event("message.received", message.account, int(message.at * 1000), data, message.mid)


def opted_out(message: Message) -> Event:
    """Return that a person's word made Orbit take them off the list."""
    data = {
        "contact_id": f"con_{message.person}",
        "channel": message.channel,
        "from": message.person,
        "to": message.account,
        "keyword": message.text,
    }
    return _event("contact.opted_out", message.account, int(message.at * 1000), data, message.mid)


def raw(channel: str, account: str, person: str, at: int, content: dict[str, Any]) -> Event:
    """Return an event that somebody wrote by hand as `{type, data}`; the data is completed, not overwritten."""
    data = {"channel": channel, "from": person, "to": account, **content.get("data", {})}
    return _event(str(content.get("type", "message.received")), account, at, data, f"{person}_{at}")


def body(event: Event, shape: str = "") -> bytes:
    """Return the body; some of the documents' samples are bare, without id and time, and so is any `shape`."""
    envelope: dict[str, Any] = {"type": event.kind, "data": event.content}
    if not shape:
        envelope = {"id": event.id, "created_at": _time(event.at), **envelope}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def masked(person: str) -> str:
    """Return an id as Orbit shows it: its end hidden."""
    return person[:-MASKED] + "*" * min(MASKED, len(person))


def _about(message: Message, status: str, at: int, **more: str) -> Event:
    data = {
        "message_id": message.mid,
        "channel": message.channel,
        "to": masked(message.person),
        "from": message.account,
        "status": status,
        **more,
    }
    return _event(f"message.{status}", message.account, at, data, message.mid)


def _event(kind: str, account: str, at: int, data: dict[str, Any], about: str) -> Event:
    return Event("orbit", kind, account, at, data, f"evt_{kind.replace('.', '_')}_{about}")


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
