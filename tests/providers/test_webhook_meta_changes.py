"""What a change in Meta's bodies says, and the warnings to a page that come as items."""

import pytest

from tests.providers.meta_bodies import AT, THEM, US, body, expected, item, of_item, only


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
