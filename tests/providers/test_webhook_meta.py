"""Meta's bodies as a whole: their times, their order, what is repeated, broken or too long."""

import json

import pytest

from campaigns.providers import EVENTS
from campaigns.providers.protocol import UnreadableBody
from schemas.inbound import InboundKind
from schemas.page import ProviderName
from tests.providers.meta_bodies import AT, ENTRY_AT, THEM, US, body, entry, events, expected, item, of_item, only

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
