"""The Send API's JSON.

Shapes: https://developers.facebook.com/docs/messenger-platform/reference/send-api, read in autumn 2026.
"""

import json

from campaigns.providers.protocol import Call, Sender
from schemas.message import Part
from schemas.page import Channel

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def body(sender: Sender, call: Call) -> bytes:
    """Encode one text, as UTF-8.

    `messaging_type` is UPDATE, as for any broadcast, save with Instagram Login, whose samples never show the field; a
    tag brings its own type in every flavour. `metadata` goes out on Messenger alone, where it comes back in the echo;
    on Instagram it is undocumented.
    """
    fields: dict[str, object] = {"recipient": {"id": call.recipient_id}}
    on_messenger = sender.channel is Channel.MESSENGER
    if call.tag:
        fields["messaging_type"] = "MESSAGE_TAG"
        fields["tag"] = call.tag
    elif on_messenger or sender.login == "facebook":
        fields["messaging_type"] = "UPDATE"
    message = _message(call.part)
    if on_messenger:
        message["metadata"] = call.metadata
    fields["message"] = message
    # Half of a surrogate pair has no UTF-8 form, and a template can write one; it must not take the chunk down.
    return _encode(fields).encode(errors="replace")


def _message(part: Part) -> dict[str, object]:
    message: dict[str, object] = {"text": part.text}
    if part.quick_replies:
        message["quick_replies"] = [
            # Meta requires a payload beside every text title.
            {"content_type": "text", "title": reply.title, "payload": reply.payload or reply.title}
            for reply in part.quick_replies
        ]
    return message
