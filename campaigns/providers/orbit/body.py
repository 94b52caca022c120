"""Orbit's JSON.

`to`, `from`, `type` and `text` are documented (https://orbit-docs.devotel.io/channels/instagram, 2026-05-09; Messenger
alike). Quick replies are documented in prose alone and tags hardly, so their names stand in a table that can be
replaced; the defaults pass Meta's shapes through.
"""

import json
from dataclasses import dataclass

from campaigns.providers.protocol import Call, Sender
from schemas.message import QuickReply

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Fields:
    """The undocumented names. An empty one leaves its field out.

    `metadata` is left out: sibling endpoints take such an object, these two pages show none, and a strict server
    refuses what it does not know.
    """

    quick_replies: str = "quick_replies"
    content_type: str = "content_type"
    title: str = "title"
    payload: str = "payload"
    tag: str = "tag"
    metadata: str = ""


def body(sender: Sender, call: Call, names: Fields) -> bytes:
    """Encode one text, as UTF-8."""
    fields: dict[str, object] = {
        "to": call.recipient_id,
        "from": sender.account_id,
        "type": "text",
        "text": call.part.text,
    }
    if call.part.quick_replies:
        fields[names.quick_replies] = [_quick_reply(reply, names) for reply in call.part.quick_replies]
    if call.tag:
        fields[names.tag] = call.tag
    if names.metadata:
        fields[names.metadata] = {"pagecast": call.metadata}
    fields.pop("", None)
    # Half of a surrogate pair has no UTF-8 form, and a template can write one; it must not take the chunk down.
    return _encode(fields).encode(errors="replace")


def _quick_reply(reply: QuickReply, names: Fields) -> dict[str, str]:
    fields = {names.content_type: "text", names.title: reply.title, names.payload: reply.payload or reply.title}
    fields.pop("", None)
    return fields
