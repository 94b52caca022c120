"""Whatever a body holds, its events are read or it is unreadable; and every event fits into every database."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.providers import EVENTS
from campaigns.providers.protocol import UnreadableBody
from schemas.inbound import InboundKind
from schemas.page import ProviderName

WORDS = """
    object entry id time messaging standby changes field value sender recipient timestamp message postback reaction
    read delivery referral optin message_edit policy_enforcement pass_thread_control app_roles restrictions violations
    mid mids text attachments type quick_reply payload reply_to story is_echo is_deleted app_id metadata watermark
    action from comment_id media messages statuses errors status code interactive button_reply context data created_at
    channel channels to contact body content instagram page whatsapp_business_account comments feed message.sent
    message.received contact.opted_out instagram.story.reply messenger.optin STOP_NOTIFICATIONS verb item
    notification_messages_status
"""
"""What is looked for, so that chance finds its way into every reader."""

NAMES = st.sampled_from(WORDS.split())
TEXTS = NAMES | st.text(st.characters(), max_size=8) | st.just("\ud800\0")
NUMBERS = st.integers() | st.floats() | st.integers(10**9, 10**18) | st.just(10**600)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=40,
)
INSIDE = st.dictionaries(NAMES, VALUES, max_size=6)
ENTRIES = st.fixed_dictionaries(
    {"object": TEXTS, "entry": st.lists(st.dictionaries(NAMES, st.lists(INSIDE, max_size=3), max_size=4), max_size=3)}
)
NOTICES = st.fixed_dictionaries({"type": TEXTS, "data": INSIDE}) | INSIDE


def fits(value):
    """Whether both databases take a value: 64 bits for a number, UTF-8 without NUL for a text."""
    if isinstance(value, tuple):
        return all(map(fits, value))
    if isinstance(value, str):
        return "\0" not in value and len(value.encode()) <= 4 * 8_000
    return value is None or isinstance(value, bool | InboundKind) or 0 <= value < 2**63


def read(provider, body):
    try:
        found = EVENTS[provider](body)
    except UnreadableBody:
        return
    for event in found:
        facts = [getattr(event, name) for name in event.__slots__]
        assert all(map(fits, facts)), event
        assert all(len(event_id) <= 512 for event_id in (event.person, event.account_id, event.mid, *event.mids))


@pytest.mark.parametrize("provider", ProviderName)
@given(st.binary(max_size=60) | st.text().map(str.encode))
@example(b"\xef\xbb\xbf[]")
@example('["\ud800"]'.encode("utf-16", "surrogatepass"))
@example(b'{"entry":' * 900 + b"1" + b"}" * 900)
@example(b"[" * 100_000)
@example(b'{"created_at":' + b"9" * 5_000 + b"}")
def test_bytes_of_any_kind(provider, body):
    read(provider, body)


@pytest.mark.parametrize("provider", ProviderName)
@given(VALUES | ENTRIES | NOTICES | st.lists(NOTICES, max_size=3))
def test_json_of_any_kind(provider, value):
    read(provider, json.dumps(value).encode())


@given(st.lists(INSIDE, max_size=3), INSIDE)
def test_no_item_of_meta_loses_its_neighbour(around, odd):
    fine = {"sender": {"id": "2"}, "recipient": {"id": "1"}, "message": {"mid": "fine"}}
    entry = {"id": "1", "messaging": [*around, fine, odd]}
    found = EVENTS[ProviderName.META](json.dumps({"object": "page", "entry": [odd, entry]}).encode())
    assert any(event.mid == "fine" and event.kind is InboundKind.MESSAGE for event in found)
