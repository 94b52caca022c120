import json
from email.utils import parsedate_to_datetime

import pytest

from campaigns.simulator import Burst

INSTAGRAM = "17841400000000000"


def code_of(answer):
    error = answer.json()["error"]
    return f"{error['code']}-{error['error_subcode']}" if "error_subcode" in error else str(error["code"])


def test_a_message_is_taken_and_shows_up_in_the_counts(open_desk):
    desk = open_desk()
    answer = desk.meta("9001")
    assert answer.status_code == 200
    assert answer.json()["recipient_id"] == "9001"
    assert answer.json()["message_id"].startswith("m_")
    assert answer.json()["message_id"] != desk.meta("9002").json()["message_id"]
    assert json.loads(answer.headers["x-app-usage"])["call_count"] < 80
    assert json.loads(answer.headers["x-business-use-case-usage"])["1234"][0]["type"] == "messenger"
    assert parsedate_to_datetime(answer.headers["date"]).timestamp() == desk.now
    stats = desk.stats()
    assert (stats["accepted"], stats["unique_recipients"], stats["doubles"]) == (2, 2, 0)
    assert stats["senders"]["1234"]["busiest_second"] == 2


def test_the_account_may_stand_in_the_path(open_desk):
    desk = open_desk()
    body = {"recipient": {"id": "1"}, "message": {"text": "x"}}
    bearer = {"Authorization": "Bearer sim-1234"}
    assert desk.request("POST", "/v25.0/1234/messages", json=body, headers=bearer).status_code == 200
    assert code_of(desk.request("POST", "/v25.0/77/messages", json=body, headers=bearer)) == "100-33"


def test_a_token_in_the_query_works_but_is_counted(open_desk):
    desk = open_desk()
    body = {"recipient": {"id": "1"}, "message": {"text": "x"}}
    assert desk.request("POST", "/v26.0/me/messages?access_token=sim-1234", json=body).status_code == 200
    assert desk.stats()["token_in_query"] == 1
    desk.meta("2")
    assert desk.stats()["token_in_query"] == 1


def test_tokens_and_accounts_that_may_not_send(open_desk):
    desk = open_desk(revoked=("5",), account_codes={"6": "10-1893063"})
    no_token = desk.request("POST", "/v26.0/me/messages", json={})
    assert (no_token.status_code, code_of(no_token)) == (401, "190")
    assert code_of(desk.meta(account="5")) == "190-460"
    assert code_of(desk.meta(account="6")) == "10-1893063"
    assert desk.stats()["errors"] == {"190": 1, "190-460": 1, "10-1893063": 1}
    assert desk.stats()["accepted"] == 0


def quick_replies(count):
    return [{"content_type": "text", "title": "Yes", "payload": "Y"}] * count


@pytest.mark.parametrize(
    ("account", "body"),
    [
        ("1", {"recipient": {"id": 9001}}),
        ("1", {"recipient": {}}),
        ("1", {"recipient": "9001"}),
        ("1", {"message": {}}),
        ("1", {"message": {"text": ""}}),
        ("1", {"message": {"text": 5}}),
        ("1", {"message": {"text": "x" * 2001}}),
        (INSTAGRAM, {"message": {"text": "x" * 1001}}),
        (INSTAGRAM, {"message": {"text": "é" * 501}}),
        ("1", {"message": {"text": "x", "attachment": {}}}),
        ("1", {"message": {"text": "x", "quick_replies": quick_replies(14)}}),
        ("1", {"message": {"text": "x", "quick_replies": [{"content_type": "text"}]}}),
        ("1", {"messaging_type": "BLAST"}),
        ("1", {"messaging_type": "MESSAGE_TAG"}),
        ("1", {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}),
        ("1", {"messaging_type": "MESSAGE_TAG", "tag": "POST_PURCHASE_UPDATE"}),
        (INSTAGRAM, {"messaging_type": "MESSAGE_TAG", "tag": "CUSTOMER_FEEDBACK"}),
    ],
)
def test_a_body_that_breaks_a_rule_is_a_bare_100(open_desk, account, body):
    desk = open_desk()
    answer = desk.meta(account=account, **body)
    assert (answer.status_code, code_of(answer)) == (400, "100")
    assert desk.stats()["errors"] == {"100": 1}


@pytest.mark.parametrize(
    ("account", "body"),
    [
        ("1", {"message": {"text": "é" * 2000}}),
        (INSTAGRAM, {"message": {"text": "é" * 500}}),
        (INSTAGRAM, {"message": {"text": "x", "quick_replies": quick_replies(13)}}),
        ("1", {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        ("1", {"message": {"attachment": {"type": "image", "payload": {"url": "https://x/a.jpg"}}}}),
    ],
)
def test_what_is_just_allowed_is_taken(open_desk, account, body):
    assert open_desk().meta(account=account, **body).status_code == 200


def test_a_body_that_is_no_json_is_refused(open_desk):
    bearer = {"Authorization": "Bearer sim-1"}
    for body in (b"{", b"[]", b"\xff"):
        assert code_of(open_desk().request("POST", "/v26.0/me/messages", content=body, headers=bearer)) == "100"


@pytest.mark.parametrize(
    ("fate", "page", "instagram"),
    [
        ("no_such_person", "100-2018001", "100-2534014"),
        ("blocked", "551-1545041", "551"),
        ("owned_elsewhere", "100-2018300", "100-2534037"),
        ("unavailable", "200-1545041", "10-2018108"),
        ("window_closed", "10-2018278", "10-2534022"),
        ("try_later", "2", "2"),
        ("unknown_error", "1", "1"),
    ],
)
def test_each_fate_has_its_code_on_pages_and_on_instagram(open_desk, fate, page, instagram):
    desk = open_desk(**{fate: 1.0})
    assert code_of(desk.meta()) == page
    assert code_of(desk.meta(account=INSTAGRAM)) == instagram


def test_window_errors_come_with_two_statuses_and_in_several_languages(open_desk):
    desk = open_desk(window_closed=1.0, cap=1000)
    answers = [desk.meta(str(person)) for person in range(40)]
    assert {answer.status_code for answer in answers} == {400, 403}
    assert len({answer.json()["error"]["message"] for answer in answers}) >= 3
    assert {code_of(answer) for answer in answers} == {"10-2018278"}


def test_a_human_agent_reaches_people_whose_window_is_closed_unless_ordered_otherwise(open_desk):
    desk = open_desk(window_closed=1.0, codes={"7": "window_closed"})
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert desk.meta("6", **tagged).status_code == 200
    assert code_of(desk.meta("7", **tagged)) == "10-2018278"


def test_the_sender_limit_refuses_and_goes_on_refusing(open_desk):
    desk = open_desk(cap=4)  # 4 * 1.01 + 1: five pass
    answers = [desk.meta(str(person)) for person in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [400] * 3
    assert {code_of(answer) for answer in answers[5:]} == {"613"}
    desk.now += 0.9
    assert code_of(desk.meta("8")) == "613"
    desk.now += 0.9
    assert code_of(desk.meta("9")) == "613"
    assert desk.meta("9", account="77").status_code == 200
    desk.now += 1.0
    assert desk.meta("9").status_code == 200
    sender = desk.stats()["senders"]["1234"]
    assert (sender["refusals"], sender["busiest_second"], sender["busiest_second_arrivals"]) == (5, 5, 9)


def test_a_hidden_cap_is_lower_than_the_one_asked_for(open_desk):
    desk = open_desk(cap=40, hidden_cap=2)
    assert [desk.meta(str(person)).status_code for person in range(4)] == [200, 200, 200, 400]


def test_a_quota_fills_the_usage_headers_and_then_refuses(open_desk):
    desk = open_desk(quota=2)
    usages = []
    for person in range(3):
        answer = desk.meta(str(person))
        usages.append(json.loads(answer.headers["x-business-use-case-usage"])["1234"][0])
    assert [usage["call_count"] for usage in usages] == [50, 100, 100]
    assert usages[2]["estimated_time_to_regain_access"] > 0
    assert code_of(answer) == "80006"


def test_a_burst_refuses_for_its_time_with_retry_after_in_both_forms(open_desk):
    desk = open_desk(bursts=(Burst(every=2, seconds=3.0, codes=("32", "4")),))
    desk.meta("1")
    desk.meta("2")
    desk.now += 0.5
    in_seconds, by_date = desk.meta("3"), desk.meta("3")
    assert code_of(in_seconds) == code_of(by_date) == "32"
    assert in_seconds.headers["retry-after"] == "3"
    until = parsedate_to_datetime(by_date.headers["retry-after"]).timestamp()
    assert desk.now + 2.5 <= until < desk.now + 3.5
    assert desk.meta("3", account="77").status_code == 200
    desk.now += 2.5
    assert desk.meta("3").status_code == 200


def test_the_codes_of_a_burst_are_taken_in_turn(open_desk):
    desk = open_desk(bursts=(Burst(every=1, seconds=1.0, codes=("32", "613", "80006")),))
    seen = []
    for _ in range(4):
        assert desk.meta().status_code == 200
        seen.append(code_of(desk.meta()))
        desk.now += 1
    assert seen == ["32", "613", "80006", "32"]


def test_an_application_wide_burst_stops_every_sender(open_desk):
    desk = open_desk(bursts=(Burst(every=1, seconds=1.0, codes=("4",)),))
    desk.meta("1")
    assert code_of(desk.meta("1", account="77")) == "4"


def test_bursts_at_given_times_count_from_the_first_arrival(open_desk):
    desk = open_desk(bursts=(Burst(at=(5.0,), seconds=1.0),), retry_after="none")
    assert desk.meta("1").status_code == 200
    desk.now += 5.5
    refused = desk.meta("2", account="77")
    assert code_of(refused) == "613"
    assert "retry-after" not in refused.headers
    desk.now += 0.5
    assert desk.meta("2").status_code == 200


def test_retry_after_dates_are_on_the_clock_of_the_date_header(open_desk):
    desk = open_desk(clock_skew=3600.0, retry_after="date", codes={"1": "613@10"})
    answer = desk.meta("1")
    stamps = [parsedate_to_datetime(answer.headers[name]).timestamp() for name in ("retry-after", "date")]
    assert stamps[0] - stamps[1] == 10
    assert stamps[1] == desk.now + 3600


@pytest.mark.parametrize(
    ("order", "status", "accepted"),
    [
        ("500-before", 500, 0),
        ("500-after", 500, 1),
        ("503-after", 503, 1),
        ("408", 408, 0),
        ("html", 200, 0),
        ("redirect", 302, 0),
        ("no-id", 200, 1),
        ("2-after", 500, 1),
        ("1-1357046", 500, 1),
        ("368", 403, 0),
        ("99-1", 400, 0),
        ("ok", 200, 1),
    ],
)
def test_a_person_gets_what_was_ordered(open_desk, order, status, accepted):
    desk = open_desk(codes={"7": order}, window_closed=1.0)
    assert desk.meta("7").status_code == status
    stats = desk.stats()
    assert stats["accepted"] == accepted
    assert stats["accepted_unconfirmed"] == (accepted if order != "ok" else 0)


@pytest.mark.parametrize(
    ("order", "accepted"), [("drop-request", 0), ("drop-reply", 1), ("reset-reply", 1), ("cut-reply", 1)]
)
def test_without_a_wire_a_lost_line_is_an_exception(open_desk, order, accepted):
    desk = open_desk(codes={"7": f"{order},ok"})
    with pytest.raises(ConnectionResetError):
        desk.meta("7")
    stats = desk.stats()
    assert (stats["accepted"], stats["dropped_replies"], stats["dropped_requests"]) == (
        accepted,
        accepted,
        1 - accepted,
    )
    assert desk.meta("7").status_code == 200
    assert desk.stats()["doubles"] == accepted
