"""What Orbit's bodies say: one labelled case for each shape, JSON in, events out."""

import json

import pytest

from campaigns.providers import EVENTS
from schemas.inbound import Inbound, InboundKind
from schemas.page import ProviderName

events = EVENTS[ProviderName.ORBIT]

US, THEM = "17841400000000001", "6789012345678901"
CREATED, AT = "2026-05-24T12:00:00Z", 1_779_624_000_000


def notice(name, data=None, **envelope):
    return {"id": "evt_1", "type": name, "created_at": CREATED, "data": data or {}} | envelope


def only(fields):
    found = events(json.dumps(fields).encode())
    assert len(found) == 1
    return found[0]


def expected(kind, name, **facts):
    known = {"channel": "instagram", "account_id": US, "person": THEM, "at": AT, "event_id": "evt_1", "name": name}
    return Inbound(InboundKind(kind), **known | facts)


OUT = {"message_id": "msg_1", "channel": "instagram", "to": THEM, "from": US}
STATUSES = {
    "created": ("message.created", OUT | {"status": "queued", "metadata": {}}, {"status": "created"}),
    "sent": ("message.sent", OUT | {"status": "sent", "external_id": "m1"}, {"status": "sent"}),
    "delivered": (
        "message.delivered",
        OUT | {"status": "delivered", "delivered_at": "2026-05-24T12:00:01.5Z"},
        {"status": "delivered", "at": AT + 1500},
    ),
    "read": ("message.read", OUT, {"status": "read"}),
    "failed": (
        "message.failed",
        OUT | {"status": "failed", "error_code": "IG_OUTSIDE_MESSAGING_WINDOW"},
        {"status": "failed", "code": "IG_OUTSIDE_MESSAGING_WINDOW"},
    ),
    "failed, with an error": (
        "message.failed",
        OUT | {"error": {"code": 551, "message": "Not available."}},
        {"status": "failed", "code": "551", "text": "Not available."},
    ),
    "a word nobody knows": ("message.undelivered", OUT, {"status": "undelivered"}),
    "the word in the data": ("message.status_updated", OUT | {"status": "expired"}, {"status": "expired"}),
    "no word at all": ("message.status_updated", OUT, {"status": "status_updated"}),
    "a masked person": ("message.sent", OUT | {"to": "+1415555****"}, {"status": "sent", "person": ""}),
    "Messenger": (
        "message.sent",
        OUT | {"channel": "Facebook"},
        {"status": "sent", "channel": "messenger"},
    ),
    "another channel": ("message.sent", OUT | {"channel": "sms"}, {"status": "sent", "channel": "sms"}),
}


@pytest.mark.parametrize(("name", "data", "facts"), STATUSES.values(), ids=STATUSES)
def test_statuses(name, data, facts):
    assert only(notice(name, data)) == expected("status", name, mid="msg_1", **facts)


def test_a_truncated_notice_still_names_its_message():
    data = {
        "_truncated": True,
        "_original_bytes": 300_000,
        "message_id": "msg_1",
        "contact_id": "con_1",
        "channel": "instagram",
    }
    found = only(notice("message.delivered", data, truncated=True))
    assert found == expected("status", "message.delivered", mid="msg_1", status="delivered", account_id="", person="")
    found = only(notice("message.received", data, truncated=True))
    assert found == expected("other", "message.received", mid="msg_1", account_id="", person="")


def test_samples_without_id_and_time():
    found = only({"type": "message.sent", "data": {"message_id": "msg_ig_1"}})
    facts = {"mid": "msg_ig_1", "status": "sent", "account_id": "", "person": "", "at": 0, "event_id": ""}
    assert found == expected("status", "message.sent", **facts)
    dated = only({"type": "message.sent", "data": {"message_id": "msg_msgr_1", "created_at": CREATED}})
    assert (dated.channel, dated.at) == ("messenger", AT)


def test_a_sample_without_data_is_its_own_data():
    found = only({"event": "message.received", "from": THEM, "to": US, "channel": "instagram", "text": "hi",
                  "message_id": "msg_1", "timestamp": 1_779_624_000})  # fmt: skip
    assert found == expected("message", "message.received", mid="msg_1", text="hi", event_id="")


IN = {"message_id": "msg_1", "channel": "instagram", "from": THEM, "to": US}
RECEIVED = {
    "text": ({"text": "hi"}, expected("message", "message.received", mid="msg_1", text="hi")),
    "text in an object": ({"text": {"body": "hi"}}, expected("message", "message.received", mid="msg_1", text="hi")),
    "body": ({"body": "hi"}, expected("message", "message.received", mid="msg_1", text="hi")),
    "content": ({"content": {"text": "hi"}}, expected("message", "message.received", mid="msg_1", text="hi")),
    "the message itself": ({"message": "hi"}, expected("message", "message.received", mid="msg_1", text="hi")),
    "a message inside": (
        {"message": {"text": "hi", "mid": "m1"}},
        expected("message", "message.received", mid="msg_1", text="hi"),
    ),
    "a quick reply inside": (
        {"message": {"text": "Yes", "quick_reply": {"payload": "YES"}}},
        expected("quick_reply", "message.received", mid="msg_1", text="Yes", payload="YES"),
    ),
    "media alone": ({"type": "image", "media": {"url": "u"}}, expected("message", "message.received", mid="msg_1")),
    "quick reply": (
        {"text": "Yes", "quick_reply": {"payload": "YES"}},
        expected("quick_reply", "message.received", mid="msg_1", text="Yes", payload="YES"),
    ),
    "postback": (
        {"postback": {"title": "Start", "payload": "START"}},
        expected("postback", "message.received", mid="msg_1", text="Start", payload="START"),
    ),
    "answer": (
        {"text": "re", "reply_to": {"message_id": "msg_0"}},
        expected("message", "message.received", mid="msg_1", text="re", reply_to="msg_0"),
    ),
    "answer, by id": (
        {"text": "re", "reply_to": "msg_0"},
        expected("message", "message.received", mid="msg_1", text="re", reply_to="msg_0"),
    ),
    "answer to a story": (
        {"text": "re", "reply_to": {"story": {"id": "s1"}}},
        expected("story_reply", "message.received", mid="msg_1", text="re", reply_to="s1"),
    ),
    "by an ad": (
        {"text": "hi", "referral": {"source": "ADS", "ad_id": "a"}},
        expected("message", "message.received", mid="msg_1", text="hi", ad=True),
    ),
    "unsent": ({"text": "oops", "is_deleted": True}, expected("unsent", "message.received", mid="msg_1")),
    "people as objects": (
        {"from": {"id": THEM}, "to": {"igsid": US}},
        expected("message", "message.received", mid="msg_1"),
    ),
    "its own time": (
        {"received_at": "2026-05-24T11:59:59Z"},
        expected("message", "message.received", mid="msg_1", at=AT - 1000),
    ),
    "a masked person": (
        {"from": "+1415555****"},
        expected("other", "message.received", mid="msg_1", account_id="", person=""),
    ),
}


@pytest.mark.parametrize(("data", "event"), RECEIVED.values(), ids=RECEIVED)
def test_messages(data, event):
    assert only(notice("message.received", IN | data)) == event


@pytest.mark.parametrize(("people", "person", "account_id"), [
    ({"from": THEM, "to": US}, THEM, US),
    ({"sender": {"id": THEM}, "recipient": {"id": US}}, THEM, US),
    ({"sender_id": THEM, "page_id": US}, THEM, US),
    ({"igsid": THEM, "ig_account_id": US}, THEM, US),
    ({"from": int(THEM), "account_id": int(US)}, THEM, US),
])  # fmt: skip
def test_people_by_whatever_name(people, person, account_id):
    found = only(notice("message.received", {"channel": "instagram", "message_id": "msg_1"} | people))
    assert (found.kind, found.person, found.account_id) == (InboundKind.MESSAGE, person, account_id)


SIGNS = {
    "story mention": ("instagram.story.mention", {"story": {"id": "s1"}}, "story_mention", {"reply_to": "s1"}),
    "story reply": ("instagram.story.reply", {"text": "wow", "story_id": "s1"}, "story_reply",
                    {"text": "wow", "reply_to": "s1"}),
    "postback": ("messenger.postback", {"title": "Start", "payload": "START"}, "postback",
                 {"channel": "messenger", "payload": "START"}),
    "referral": ("messenger.referral", {"ref": "r", "source": "ADS"}, "referral",
                 {"channel": "messenger", "payload": "r", "ad": True}),
    "optin": ("messenger.optin", {"payload": "p"}, "optin", {"channel": "messenger", "payload": "p"}),
    "stopped": ("messenger.optin", {"optin": {"notification_messages_status": "STOP_NOTIFICATIONS"}}, "opted_out",
                {"channel": "messenger", "status": "STOP_NOTIFICATIONS"}),
    "resumed": ("messenger.optin", {"notification_messages_status": "RESUME_NOTIFICATIONS"}, "opted_in",
                {"channel": "messenger", "status": "RESUME_NOTIFICATIONS"}),
    "reaction": ("instagram.reaction", {"emoji": "❤", "action": "react"}, "reaction", {"text": "❤", "status": "react"}),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "kind", "facts"), SIGNS.values(), ids=SIGNS)
def test_signs_of_people(name, data, kind, facts):
    found = only(notice(name, {"from": THEM, "to": US, "message_id": "msg_1"} | data))
    assert found == expected(kind, name, mid="msg_1", **facts)


CHOICES = {
    "by the person's id": ({"channel": "instagram", "from": THEM, "account_id": US}, {}),
    "by who wrote to us": ({"channel": "instagram", "from": THEM, "to": US}, {}),
    "by whom it goes to": ({"channel": "instagram", "to": THEM}, {"account_id": ""}),
    "by an identifier": ({"channel": "instagram", "identifier": THEM, "contact_id": "con_1", "account_id": US}, {}),
    "by the contact": ({"channel": "instagram", "contact": {"id": "con_1", "igsid": THEM}}, {"account_id": ""}),
    "by Orbit's own id": (
        {"channel": "instagram", "contact_id": "con_1"},
        {"account_id": "", "person": "con_1"},
    ),
    "by the id alone": ({"channel": "instagram", "id": "con_1"}, {"account_id": "", "person": "con_1"}),
    "with its word": (
        {"channel": "instagram", "from": THEM, "keyword": "STOP", "source": "keyword"},
        {"account_id": "", "text": "STOP", "status": "keyword"},
    ),
    "of no channel": ({"from": THEM}, {"account_id": "", "channel": ""}),
}


@pytest.mark.parametrize(("data", "facts"), CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("kind", ["opted_out", "opted_in"])
def test_choices(kind, data, facts):
    assert only(notice(f"contact.{kind}", data)) == expected(kind, f"contact.{kind}", **facts)


def test_a_choice_for_several_channels_is_one_for_each():
    fields = notice("contact.opted_out", {"channels": ["instagram", "Facebook"], "from": THEM})
    found = events(json.dumps(fields).encode())
    assert [(event.kind, event.channel) for event in found] == [("opted_out", "instagram"), ("opted_out", "messenger")]


@pytest.mark.parametrize(
    "name",
    [
        "campaign.completed",
        "webhook.test",
        "contact.updated",
        "message",
        "message.",
        "sms.postback",
        "story.mention",
        "",
    ],
)
def test_everything_else_is_counted_and_left_alone(name):
    found = only(notice(name, {"from": THEM, "channel": "instagram"}))
    assert found == expected("other", name, account_id="", person="")


def test_notices_in_an_array_and_each_once():
    sent, read = notice("message.sent", OUT), notice("message.read", OUT, id="evt_2")
    found = events(json.dumps([sent, None, 7, read, sent]).encode())
    assert [event.status for event in found] == ["sent", "read"]


@pytest.mark.parametrize("data", [None, 7, "x", [], {"message": 7, "text": [], "from": {"id": {}}, "to": [[]]}])
@pytest.mark.parametrize(
    "name", ["message.sent", "message.received", "contact.opted_out", "instagram.story.reply", 7, None, [], {}]
)
def test_what_is_broken_costs_itself_alone(name, data):
    broken = {"id": [], "type": name, "created_at": {}, "data": data}
    found = events(json.dumps([broken, notice("message.read", OUT), broken]).encode())
    assert expected("status", "message.read", mid="msg_1", status="read") in found
