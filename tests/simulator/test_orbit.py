from email.utils import parsedate_to_datetime

import pytest

from campaigns.simulator import Burst


def code_of(answer):
    return answer.json()["error"]["code"]


@pytest.mark.parametrize(("channel", "prefix"), [("instagram", "msg_ig_"), ("messenger", "msg_msgr_")])
def test_a_message_is_queued(open_desk, channel, prefix):
    desk = open_desk()
    answer = desk.orbit(channel=channel)
    assert answer.status_code == 200
    assert answer.json()["data"]["status"] == "queued"
    assert answer.json()["data"]["message_id"].startswith(prefix)
    assert answer.json()["meta"]["request_id"] == answer.headers["x-request-id"]
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("80", "79")
    assert desk.stats()["senders"]["17841"]["accepted"] == 1


def test_keys(open_desk):
    desk = open_desk(revoked=("5",))
    for headers, code in (({}, "UNAUTHORIZED"), ({"X-API-Key": "dv_live"}, "INVALID_API_KEY")):
        answer = desk.request("POST", "/api/v1/messages/instagram", json={}, headers=headers)
        assert (answer.status_code, code_of(answer)) == (401, code)
    assert code_of(desk.orbit(**{"from": "5"})) == "IG_NOT_AUTHORIZED"
    bearer = {"Authorization": "Bearer sim-key"}
    body = {"to": "1", "from": "2", "type": "text", "text": "x"}
    assert desk.request("POST", "/api/v1/messages/instagram", json=body, headers=bearer).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": 9001}, "to"),
        ({"from": ""}, "from"),
        ({"text": {"body": "x"}}, "text"),
        ({"text": "é" * 501}, "text"),
        ({"type": "carrier-pigeon"}, "type"),
        ({"quick_replies": [{}] * 14}, "quick_replies"),
    ],
)
def test_a_body_that_breaks_a_rule_names_its_field(open_desk, body, field):
    answer = open_desk().orbit(**body)
    assert (answer.status_code, code_of(answer)) == (422, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"]["field"] == field


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ("blocked", 422, "IG_RECIPIENT_OPTED_OUT"),
        ("window_closed", 422, "IG_OUTSIDE_MESSAGING_WINDOW"),
        ("no_such_person", 404, "NOT_FOUND"),
        ("owned_elsewhere", 500, "MESSAGE_SEND_FAILED"),
        ("IG_RECIPIENT_OPTED_OUT", 422, "IG_RECIPIENT_OPTED_OUT"),
        ("BALANCE_TOO_LOW", 402, "BALANCE_TOO_LOW"),
        ("100-2018001", 500, "MESSAGE_SEND_FAILED"),
        ("500-after", 500, "INTERNAL_ERROR"),
    ],
)
def test_a_person_gets_what_was_ordered(open_desk, order, status, code):
    answer = open_desk(codes={"7": order}).orbit("7")
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_the_key_has_its_own_limit_per_channel(open_desk):
    desk = open_desk(key_cap=3, key_seconds=10.0)
    assert [desk.orbit(str(person)).status_code for person in range(3)] == [200] * 3
    desk.now += 3.5
    refused = desk.orbit("3")
    assert (refused.status_code, code_of(refused)) == (429, "RATE_LIMITED")
    assert refused.json()["error"]["details"] == {"retry_after": 7, "limit": 3, "window": "10s"}
    assert refused.headers["retry-after"] == "7"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert float(refused.headers["x-ratelimit-reset"]) == desk.now + 6.5
    assert desk.orbit("3", channel="messenger").status_code == 200
    desk.now += 6.5
    assert desk.orbit("3").status_code == 200


def test_exactly_the_documented_pace_gets_through_but_not_one_more(open_desk):
    desk = open_desk()
    statuses = []
    for person in range(81):
        statuses.append(desk.orbit(str(person)).status_code)
        desk.now += 60 / 81
    assert statuses == [200] * 80 + [429]


def test_the_sender_limit_and_bursts_are_the_platforms_below(open_desk):
    desk = open_desk(cap=1)
    assert [desk.orbit(str(person)).status_code for person in range(3)] == [200, 200, 429]
    desk = open_desk(bursts=(Burst(every=1, seconds=9.0, codes=("80006",)),))
    desk.orbit("1")
    in_seconds, by_date = desk.orbit("2"), desk.orbit("2")
    assert code_of(in_seconds) == "IG_RATE_LIMITED"
    assert in_seconds.headers["retry-after"] == "9"
    assert parsedate_to_datetime(by_date.headers["retry-after"]).timestamp() == desk.now + 9
    assert by_date.json()["error"]["details"]["retry_after"] == 9
    assert desk.stats()["refusals"] == 2


def test_a_known_idempotency_key_gets_its_first_answer_when_honoured(open_desk):
    desk = open_desk(honour_idempotency=True)
    first, again = desk.orbit(key="k1"), desk.orbit(key="k1")
    assert first.json()["data"] == again.json()["data"]
    assert desk.orbit(key="k2").json()["data"] != first.json()["data"]
    stats = desk.stats()
    assert (stats["accepted"], stats["keys_reused"], stats["key_replays"], stats["doubles"]) == (2, 1, 1, 1)


def test_idempotency_keys_mean_nothing_by_default(open_desk):
    desk = open_desk()
    assert desk.orbit(key="k1").json() != desk.orbit(key="k1").json()
    stats = desk.stats()
    assert (stats["doubles"], stats["keys_reused"], stats["key_replays"]) == (1, 1, 0)


def test_a_dropped_reply_is_replayed_by_its_key(open_desk):
    desk = open_desk(honour_idempotency=True, codes={"7": "drop-reply,ok"})
    with pytest.raises(ConnectionResetError):
        desk.orbit("7", key="k1")
    assert desk.orbit("7", key="k1").status_code == 200
    assert (desk.stats()["accepted"], desk.stats()["key_replays"]) == (1, 1)
