"""What Meta's bodies of WhatsApp say."""

import pytest

from schemas.inbound import InboundKind
from tests.providers.meta_bodies import ENTRY_AT, US, body, entry, events, expected


def whatsapp(**value):
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "555"}} | value
    return events(body(entry(changes=[{"field": "messages", "value": value}]), of="whatsapp_business_account"))


def on_whatsapp(kind, **facts):
    known = {"channel": "whatsapp", "account_id": "555", "person": "2507", "at": 1_454_119_029_000}
    return expected(kind, **known | facts)


WHATSAPP = {
    "text": ({"type": "text", "text": {"body": "hi"}}, on_whatsapp("message", mid="w1", name="text", text="hi")),
    "answer": (
        {"type": "text", "text": {"body": "hi"}, "context": {"id": "w0"}},
        on_whatsapp("message", mid="w1", name="text", text="hi", reply_to="w0"),
    ),
    "by an ad": (
        {"type": "text", "text": {"body": "hi"}, "referral": {"source_type": "ad", "source_id": "a"}},
        on_whatsapp("message", mid="w1", name="text", text="hi", ad=True),
    ),
    "image": (
        {"type": "image", "image": {"id": "i", "caption": "look"}},
        on_whatsapp("message", mid="w1", name="image", text="look"),
    ),
    "button of a template": (
        {"type": "button", "button": {"text": "Yes", "payload": "Y"}},
        on_whatsapp("quick_reply", mid="w1", name="button", text="Yes", payload="Y"),
    ),
    "button": (
        {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "Y", "title": "Yes"}}},
        on_whatsapp("quick_reply", mid="w1", name="interactive", text="Yes", payload="Y"),
    ),
    "row of a list": (
        {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "Y", "title": "Yes"}}},
        on_whatsapp("quick_reply", mid="w1", name="interactive", text="Yes", payload="Y"),
    ),
    "reaction": (
        {"type": "reaction", "reaction": {"message_id": "w0", "emoji": "❤"}},
        on_whatsapp("reaction", mid="w0", text="❤", status="react"),
    ),
    "reaction taken back": (
        {"type": "reaction", "reaction": {"message_id": "w0"}},
        on_whatsapp("reaction", mid="w0", status="unreact"),
    ),
}


@pytest.mark.parametrize(("message", "event"), WHATSAPP.values(), ids=WHATSAPP)
def test_messages_of_whatsapp(message, event):
    assert whatsapp(messages=[{"from": "2507", "id": "w1", "timestamp": "1454119029"} | message]) == [event]


def test_statuses_of_whatsapp():
    status = {"id": "w1", "recipient_id": "2507", "timestamp": "1454119029"}
    errors = [{"code": 131014, "title": "Request for url https://cdn failed"}]
    found = whatsapp(statuses=[status | {"status": "failed", "errors": errors}, status | {"status": "read"}, None])
    assert found == [
        on_whatsapp("status", mid="w1", status="failed", code="131014"),
        on_whatsapp("status", mid="w1", status="read"),
    ]


def test_the_business_stands_in_for_a_number_that_is_not_named():
    assert whatsapp(metadata=None, messages=[{"from": "2507", "id": "w1"}])[0].account_id == US


def test_whatever_else_whatsapp_says_is_counted():
    assert whatsapp(contacts=[]) == [on_whatsapp("other", person="", name="messages", at=ENTRY_AT)]
    assert whatsapp(messages=[{"id": "w1", "type": "system"}])[0].kind is InboundKind.OTHER
