"""What an item of Meta's bodies says: one labelled case for each shape, JSON in, an event out."""

import pytest

from tests.providers.meta_bodies import AT, THEM, US, body, entry, expected, item, of_item, only

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


def test_standby_items_are_read_like_all_others():
    found = only(body(entry(standby=[item(message={"mid": "m1", "text": "hi"})])))
    assert found == expected("message", mid="m1", text="hi", name="standby")
    found = only(body(entry(standby=[item(postback={"mid": "m1", "title": "Start"})])))
    assert found == expected("postback", mid="m1", text="Start", name="standby")
