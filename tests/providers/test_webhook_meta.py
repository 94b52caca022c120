"""What Meta's bodies say: one labelled case for each shape, JSON in, events out."""

import json

import pytest

from campaigns.providers import EVENTS
from campaigns.providers.protocol import UnreadableBody
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


MESSAGES = {
    "text": ({"mid": "m1", "text": "hi"}, expected("message", mid="m1", text="hi")),
    "quick reply": (
        {"mid": "m1", "text": "Green", "quick_reply": {"payload": "G"}},
        expected("quick_reply", mid="m1", text="Green", payload="G"),
    ),
    "image": (
        {"mid": "m1", "attachments": [{"type": "image", "payload": {"url": "https://cdn/x"}}]},
        expected("message", mid="m1", name="image"),
    ),
    "like, without a payload": (
        {"mid": "m1", "attachments": [{"type": "like_heart"}]},
        expected("message", mid="m1", name="like_heart"),
    ),
    "story mention": (
        {"mid": "m1", "attachments": [{"type": "story_mention", "payload": {"url": "https://cdn/x"}}]},
        expected("story_mention", mid="m1", name="story_mention"),
    ),
    "story mention beside an image": (
        {"mid": "m1", "attachments": [{"type": "image"}, {"type": "story_mention"}]},
        expected("story_mention", mid="m1", name="story_mention"),
    ),
    "story reply": (
        {"mid": "m1", "text": "nice", "reply_to": {"story": {"id": "s1", "url": "https://cdn/x"}}},
        expected("story_reply", mid="m1", text="nice", reply_to="s1"),
    ),
    "answer": (
        {"mid": "m1", "text": "re", "reply_to": {"mid": "m0"}},
        expected("message", mid="m1", text="re", reply_to="m0"),
    ),
    "unsent, with its text": ({"mid": "m1", "text": "oops", "is_deleted": True}, expected("unsent", mid="m1")),
    "unsupported": ({"mid": "m1", "is_unsupported": True}, expected("message", mid="m1", name="unsupported")),
    "by an ad": (
        {"mid": "m1", "text": "hi", "referral": {"source": "ADS", "type": "OPEN_THREAD", "ad_id": "a"}},
        expected("message", mid="m1", text="hi", ad=True),
    ),
    "by a link": (
        {"mid": "m1", "text": "hi", "referral": {"source": "SHORTLINK", "ref": "r"}},
        expected("message", mid="m1", text="hi"),
    ),
    "id as a number": (
        {"mid": 123456789012345678, "text": "hi"},
        expected("message", mid="123456789012345678", text="hi"),
    ),
    "without an id": ({"text": "hi"}, expected("message", text="hi")),
    "text of another type": ({"mid": "m1", "text": ["hi"]}, expected("message", mid="m1")),
}


@pytest.mark.parametrize(("message", "event"), MESSAGES.values(), ids=MESSAGES)
def test_messages(message, event):
    assert of_item(item(message=message)) == event


ITEMS = {
    "postback": (
        {"postback": {"mid": "m1", "title": "Start", "payload": "START"}},
        expected("postback", mid="m1", text="Start", payload="START"),
    ),
    "postback by an ad": (
        {"postback": {"title": "Start", "payload": "START", "referral": {"ref": "r", "ad_id": "a"}}},
        expected("postback", text="Start", payload="START", ad=True),
    ),
    "reaction": (
        {"reaction": {"mid": "m1", "action": "react", "reaction": "love", "emoji": "❤"}},
        expected("reaction", mid="m1", status="react", name="love", text="❤"),
    ),
    "reaction taken back": (
        {"reaction": {"mid": "m1", "action": "unreact"}},
        expected("reaction", mid="m1", status="unreact"),
    ),
    "seen": ({"read": {"mid": "m1"}}, expected("read", mid="m1", mids=("m1",))),
    "read up to": ({"read": {"watermark": 1458668856253}}, expected("read", watermark=1458668856253)),
    "read up to, in seconds": ({"read": {"watermark": "1458668856"}}, expected("read", watermark=1458668856000)),
    "read nothing": ({"read": {"seq": 3}}, expected("other", name="read")),
    "delivered": (
        {"delivery": {"mids": ["m1", "", None, "m2"], "watermark": 1458668856253}},
        expected("delivered", mid="m1", mids=("m1", "m2"), watermark=1458668856253),
    ),
    "delivered without ids": (
        {"delivery": {"watermark": 1458668856253}},
        expected("delivered", watermark=1458668856253),
    ),
    "referral by an ad": (
        {"referral": {"ref": "r", "source": "ADS", "type": "OPEN_THREAD", "ad_id": "a"}},
        expected("referral", name="ADS", payload="r", ad=True),
    ),
    "referral by an ad that is not named": (
        {"referral": {"source": "ADS"}},
        expected("referral", name="ADS", ad=True),
    ),
    "referral by a link": (
        {"referral": {"ref": "r", "source": "SHORTLINK"}},
        expected("referral", name="SHORTLINK", payload="r"),
    ),
    "edit": (
        {"message_edit": {"mid": "m1", "text": "new", "num_edit": 1}},
        expected("edit", mid="m1", text="new", status="1"),
    ),
    "stopped": (
        {
            "optin": {
                "type": "notification_messages",
                "notification_messages_token": "t",
                "title": "Topic",
                "payload": "p",
                "notification_messages_status": "STOP_NOTIFICATIONS",
            }
        },
        expected("opted_out", name="notification_messages", text="Topic", payload="p", status="STOP_NOTIFICATIONS"),
    ),
    "resumed": (
        {"optin": {"type": "notification_messages", "notification_messages_status": "RESUME_NOTIFICATIONS"}},
        expected("opted_in", name="notification_messages", status="RESUME_NOTIFICATIONS"),
    ),
    "opted in to a topic": (
        {"optin": {"type": "notification_messages", "notification_messages_token": "t", "payload": "p"}},
        expected("optin", name="notification_messages", payload="p"),
    ),
    "conversation passed on": (
        {"pass_thread_control": {"new_owner_app_id": 123, "previous_owner_app_id": "9", "metadata": "why"}},
        expected("handover", name="pass_thread_control", app_id="123", metadata="why"),
    ),
    "conversation asked for": (
        {"request_thread_control": {"requested_owner_app_id": "123"}},
        expected("handover", name="request_thread_control", app_id="123"),
    ),
    "unknown": ({"game_play": {"game_id": "g"}}, expected("other", name="game_play")),
    "nothing": ({}, expected("other")),
    "no object": ({"message": "hi"}, expected("other", name="message")),
}


@pytest.mark.parametrize(("parts", "event"), ITEMS.values(), ids=ITEMS)
def test_items(parts, event):
    assert of_item(item(**parts)) == event


ECHO = {"mid": "m1", "text": "our own send", "is_echo": True, "app_id": 123, "metadata": "pagecast:c:1:0"}
ECHOED = {"mid": "m1", "text": "our own send", "app_id": "123", "metadata": "pagecast:c:1:0"}
OURS = {
    "echo": (ECHO, expected("echo", **ECHOED)),
    "echo, its app as text": (ECHO | {"app_id": "123"}, expected("echo", **ECHOED)),
    "echo that says so as text": (ECHO | {"is_echo": "true"}, expected("echo", **ECHOED)),
    "message of ours that does not say so": (ECHO | {"is_echo": False}, expected("echo", **ECHOED)),
    "echo of an image": (
        {"mid": "m1", "is_echo": True, "attachments": [{"type": "image"}]},
        expected("echo", mid="m1", name="image"),
    ),
    "echo of what we took back": (
        {"mid": "m1", "is_echo": True, "is_deleted": True},
        expected("echo", mid="m1", status="deleted"),
    ),
}


@pytest.mark.parametrize(("message", "event"), OURS.values(), ids=OURS)
def test_in_what_our_account_sent_the_roles_are_swapped(message, event):
    assert of_item(item(sender=US, recipient=THEM, message=message)) == event


@pytest.mark.parametrize("name", ["reaction", "read", "message_edit", "postback"])
def test_what_our_account_did_itself_is_nobodys_sign(name):
    part = {"mid": "m1", "action": "react", "text": "x"}
    assert of_item(item(sender=US, recipient=THEM, **{name: part})) == expected("other", name=name)


@pytest.mark.parametrize("parts", [{"message": ECHO}, {"message": {"mid": "m1", "text": "x"}}, {"read": {"mid": "m1"}}])
def test_an_item_of_another_account_than_its_entrys_is_counted_and_left_alone(parts):
    other = "17841400000000999"
    echo = parts.get("message", {}).get("is_echo")
    found = of_item(item(*((other, THEM) if echo else (THEM, other)), **parts))
    assert found == expected("other", name=next(iter(parts)), status="other_account")


def test_an_entry_that_names_no_account_leaves_it_to_the_item():
    found = only(body({"messaging": [item(message={"mid": "m1"})]}))
    assert found == expected("message", mid="m1")


def test_an_item_that_names_no_recipient_is_for_its_entrys_account():
    assert of_item({"sender": {"id": THEM}, "timestamp": AT, "read": {"mid": "m1"}}) == expected(
        "read", mid="m1", mids=("m1",)
    )


@pytest.mark.parametrize("name", ["message", "postback", "reaction", "optin", "referral", "read"])
def test_an_item_that_names_no_person_is_counted_and_left_alone(name):
    found = of_item({"recipient": {"id": US}, "timestamp": AT, name: {"mid": "m1", "user_ref": "u"}})
    assert found == expected("other", person="", name=name)


@pytest.mark.parametrize(
    ("word", "channel"),
    [("instagram", "instagram"), ("page", "messenger"), ("permissions", "permissions")],
)
def test_the_object_names_the_channel(word, channel):
    found = only(body(entry(messaging=[item(message={"mid": "m1"})]), of=word))
    assert found == expected("message", mid="m1", channel=channel)


TIMES = {
    "milliseconds": (AT, AT),
    "seconds": (1_790_000_000, 1_790_000_000_000),
    "seconds as text": ("1527459824", 1_527_459_824_000),
    "seconds with a fraction": (1_790_000_000.5, 1_790_000_000_500),
    "microseconds": (AT * 1000 + 7, AT),
    "milliseconds as text": (str(AT), AT),
    "ISO 8601": ("2026-09-21T14:13:20.123456Z", 1_790_000_000_123),
    "ISO 8601 as Graph writes it": ("2026-09-21T16:13:20+0200", 1_790_000_000_000),
    "ISO 8601 without a zone": ("2026-09-21T14:13:20", 1_790_000_000_000),
}
NO_TIMES = {
    "missing": None,
    "zero": 0,
    "negative": -5,
    "words": "yesterday",
    "true": True,
    "not a number": float("nan"),
    "endless": float("inf"),
    "an object": {"a": 1},
    "a list": [AT],
    "nanoseconds": AT * 10**6,
    "empty": "",
    "other figures": "\u0661" * 10,
    "before 1970": "1969-12-31T00:00:00Z",
    "huge": 10**300,
    "huge as text": "9" * 400,
}


@pytest.mark.parametrize(("timestamp", "at"), TIMES.values(), ids=TIMES)
def test_times_in_every_unit(timestamp, at):
    assert of_item(item(timestamp=timestamp, message={"mid": "m1"})).at == at


@pytest.mark.parametrize("timestamp", NO_TIMES.values(), ids=NO_TIMES)
def test_the_entrys_time_stands_in_for_one_that_cannot_be_read(timestamp):
    part = item(timestamp=timestamp, message={"mid": "m1"})
    assert only(body(entry(messaging=[part]))).at == ENTRY_AT
    assert only(body({"id": US, "time": timestamp, "messaging": [part]})).at == 0


def test_standby_items_are_read_like_all_others():
    found = only(body(entry(standby=[item(message={"mid": "m1", "text": "hi"})])))
    assert found == expected("message", mid="m1", text="hi", name="standby")
    found = only(body(entry(standby=[item(postback={"mid": "m1", "title": "Start"})])))
    assert found == expected("postback", mid="m1", text="Start", name="standby")


def test_everything_in_a_body_is_read_in_order():
    content = body(
        entry(
            messaging=[item(message={"mid": "m1"}), item(message={"mid": "m2"})],
            standby=[item(message={"mid": "m3"})],
            changes=[{"field": "comments", "value": {"id": "c1", "from": {"id": THEM}}}],
        ),
        entry(),
        entry(messaging=[]),
        entry(messaging=[item(message={"mid": "m4"})]),
    )
    assert [event.mid for event in events(content)] == ["m1", "m2", "m3", "c1", "m4"]


def test_a_body_in_an_array():
    one, other = ({"object": "instagram", "entry": [entry(messaging=[item(message={"mid": mid})])]} for mid in "ab")
    assert [event.mid for event in events(json.dumps([one, other]).encode())] == ["a", "b"]


def test_a_message_repeated_in_two_entries_is_one():
    twice = entry(messaging=[item(message={"mid": "m1", "text": "hi"})])
    assert events(body(twice, twice | {"time": AT + 99})) == [expected("message", mid="m1", text="hi")]


def test_reactions_given_and_taken_back_are_two():
    reactions = [item(reaction={"mid": "m1", "action": action}) for action in ("react", "unreact")]
    assert len(events(body(entry(messaging=reactions)))) == 2


BROKEN = [
    None,
    7,
    "x",
    [],
    {},
    {"sender": None},
    {"sender": {"id": {}}, "recipient": 4, "timestamp": [], "message": []},
    {"message": {"attachments": [None, {"type": []}, 7], "reply_to": 3, "quick_reply": "x", "is_echo": "?"}},
]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("key", ["messaging", "standby", "changes"])
def test_what_is_broken_costs_itself_alone(broken, key):
    fine = {"messaging": item(message={"mid": "m1"}), "standby": item(message={"mid": "m1"})}.get(
        key, {"field": "comments", "value": {"id": "m1", "from": {"id": THEM}}}
    )
    found = events(
        body(entry(**{key: [broken, fine, broken]}), None, 7, entry(**{key: broken}), entry(**{key: [fine]}))
    )
    assert {event.mid for event in found if event.kind is not InboundKind.OTHER} == {"m1"}
    assert all(event.kind is InboundKind.OTHER for event in found if event.mid != "m1")


def test_the_dashboards_test_reaches_nobody():
    value = {
        "sender": {"id": "12334"},
        "recipient": {"id": "23245"},
        "timestamp": "1527459824",
        "message": {"mid": "random_mid", "text": "random_text"},
    }
    test = {"id": "0", "time": 1527459824, "changes": [{"field": "messages", "value": value}]}
    facts = {"account_id": "0", "person": "12334", "at": 1527459824000, "name": "message", "status": "other_account"}
    assert only(body(test)) == expected("other", **facts)


def comment(**value):
    return {"from": {"id": THEM, "username": "them"}, "text": "me!", "media": {"id": "p1"}} | value


CHANGES = {
    "comment, by Instagram's login": (
        "comments",
        comment(id="c1"),
        expected("comment", name="comments", mid="c1", text="me!", reply_to="p1"),
    ),
    "comment, by Facebook's login": (
        "comments",
        comment(comment_id="c1"),
        expected("comment", name="comments", mid="c1", text="me!", reply_to="p1"),
    ),
    "comment on a live video": (
        "live_comments",
        comment(id="c1"),
        expected("comment", name="live_comments", mid="c1", text="me!", reply_to="p1"),
    ),
    "comment on a page's post": (
        "feed",
        {
            "item": "comment",
            "verb": "add",
            "comment_id": "c1",
            "post_id": "p1",
            "message": "me!",
            "from": {"id": THEM},
            "created_time": 1_790_000_000,
        },
        expected("comment", name="feed", mid="c1", text="me!", reply_to="p1", at=1_790_000_000_000),
    ),
    "our own comment": (
        "comments",
        comment(id="c1", **{"from": {"id": US}}),
        expected("other", name="comments", person=US),
    ),
    "comment by nobody": ("comments", {"id": "c1"}, expected("other", name="comments", person="")),
    "comment taken back": (
        "feed",
        {"item": "comment", "verb": "remove", "comment_id": "c1", "from": {"id": THEM}},
        expected("other", name="feed"),
    ),
    "post": ("feed", {"item": "post", "from": {"id": THEM}}, expected("other", name="feed")),
    "block": (
        "messaging_policy_enforcement",
        {"action": "block", "reason": "Spam."},
        expected("policy", name="messaging_policy_enforcement", person="", status="block", text="Spam."),
    ),
    "restriction": (
        "business_integrity",
        {"timestamp": 1_790_000_000, "status": "restricted", "violations": [], "restrictions": []},
        expected("policy", name="business_integrity", person="", status="restricted", at=1_790_000_000_000),
    ),
    "mention": ("mentions", {"media_id": "p1"}, expected("other", name="mentions", person="")),
    "unknown": ("story_insights", 7, expected("other", name="story_insights", person="")),
    "an item": (
        "messaging_handovers",
        item(take_thread_control={"new_owner_app_id": "5"}),
        expected("handover", name="take_thread_control", app_id="5"),
    ),
}


@pytest.mark.parametrize(("field", "value", "event"), CHANGES.values(), ids=CHANGES)
def test_changes(field, value, event):
    found = only(body({"id": US, "time": AT, "changes": [{"field": field, "value": value}]}))
    assert found == event


def test_a_warning_to_the_page():
    enforcement = {
        "recipient": {"id": US},
        "timestamp": AT,
        "policy_enforcement": {"action": "warning", "reason": "Spam."},
    }
    assert of_item(enforcement, "messenger") == expected(
        "policy", channel="messenger", person="", name="policy_enforcement", status="warning", text="Spam."
    )


def test_a_restriction_of_the_page():
    report = {
        "timestamp": 1_790_000_000,
        "status": "restricted",
        "violations": [{"type": "SPAM", "description": "The page sends spam."}],
        "restrictions": [{"feature": "page_name"}, {"feature": "page_messaging_api", "expiration_time": 1_790_009_999}],
    }
    facts = {
        "at": 1_790_000_000_000,
        "status": "restricted",
        "code": "page_messaging_api",
        "text": "The page sends spam.",
    }
    assert of_item(report, "messenger") == expected(
        "policy", channel="messenger", person="", name="business_integrity", **facts
    )


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


def test_texts_and_ids_fit_into_every_database():
    found = of_item(
        item(sender="6" * 600, message={"mid": "m\0" + "1" * 600, "text": "a\0b\ud800c" + "\U0001f600" * 9_000})
    )
    assert found.text == "ab?c" + "\U0001f600" * 7_995
    assert (len(found.person), found.mid) == (512, "m" + "1" * 510)
    assert of_item(item(**{"\0\ud800" + "x" * 600: {}})).name == "?" + "x" * 510
    assert only(body(entry(changes=[{"field": "\0y"}]))).name == "y"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"\xff\xfe",
        b"nothing",
        b"null",
        b"7",
        b'"text"',
        b"true",
        b"NaN",
        b'{"a":}',
        b"\xc3",
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("provider", ProviderName)
def test_what_is_no_json_object_is_unreadable(provider, content):
    with pytest.raises(UnreadableBody):
        EVENTS[provider](content)


def test_a_number_of_thousands_of_digits_costs_itself_alone():
    content = body(entry(messaging=[item(timestamp=17, message={"mid": "m1"})])).replace(b"17,", b"9" * 5000 + b",")
    assert only(content) == expected("message", mid="m1", at=ENTRY_AT)
