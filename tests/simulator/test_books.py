import json

from campaigns.simulator import named
from campaigns.simulator.answer import Line
from campaigns.simulator.graph import Graph
from campaigns.simulator.receiver import Receiver


def test_doubles_are_counted_by_account_person_and_text(open_desk):
    desk = open_desk()
    for text in ("hi", "hi", "ho", "hi"):
        desk.meta("7", text)
    desk.meta("7", "hi", account="77")
    stats = desk.stats()
    assert (stats["accepted"], stats["unique_recipients"], stats["doubles"]) == (5, 2, 2)
    assert stats["doubles_listed"] == [{"account": "1234", "recipient_id": "7", "text": "hi", "times": 3}]


def test_metadata_does_not_make_a_message_another_one(open_desk):
    desk = open_desk()
    for metadata in ("a", "b"):
        desk.meta("7", message={"text": "hi", "quick_replies": [], "metadata": metadata})
    assert desk.stats()["doubles"] == 1


def test_at_most_twenty_doubles_are_listed(open_desk):
    desk = open_desk(cap=1000)
    for person in range(25):
        desk.meta(str(person))
        desk.meta(str(person))
    assert desk.stats()["doubles"] == 25
    assert len(desk.stats()["doubles_listed"]) == 20


def test_accepted_messages_can_be_read_back_page_by_page(open_desk):
    desk = open_desk()
    sent = []
    for person, account in (("7", "1"), ("8", "2"), ("9é", "1"), ("10", "2")):
        desk.now += 1
        sent.append((account, person, desk.meta(person, account=account).json()["message_id"], desk.now * 1000))
    by_sender = sorted(sent, key=lambda row: row[0])
    page = desk.request("GET", "/accepted?limit=3").json()
    rest = desk.request("GET", f"/accepted?limit=3&offset={page['next']}").json()
    rows = [tuple(row.values()) for row in page["accepted"] + rest["accepted"]]
    assert rows == by_sender
    assert rest["next"] is None
    only = desk.request("GET", "/accepted?account=2").json()["accepted"]
    assert [row["recipient_id"] for row in only] == ["8", "10"]
    assert desk.request("GET", "/accepted?account=nobody").json()["accepted"] == []


def test_every_accepted_message_is_in_the_log_even_when_its_answer_is_lost(open_desk, tmp_path):
    log = tmp_path / "accepted.jsonl"
    desk = open_desk(acceptance_log=log, codes={"8": "500-after", "9": "blocked"})
    for person in ("7", "8", "9"):
        desk.meta(person)
    assert [json.loads(line)["recipient_id"] for line in log.read_text().splitlines()] == ["7", "8"]


def test_reset_forgets_but_message_ids_do_not_repeat(open_desk):
    desk = open_desk(cap=1)
    ids = {desk.meta().json()["message_id"] for _ in range(2)}
    assert desk.meta().status_code == 400
    desk.request("POST", "/reset")
    assert desk.stats()["arrivals"] == 0
    assert desk.meta().json()["message_id"] not in ids


def test_the_scenario_can_change_while_it_runs(open_desk):
    desk = open_desk(codes={"9": "blocked"})
    desk.meta("7")
    assert desk.request("POST", "/scenario", json={"revoked": ["1234"]}).status_code == 200
    assert desk.meta("8").json()["error"]["error_subcode"] == 460
    assert desk.request("POST", "/scenario", json={"revoked": []}).status_code == 200
    assert desk.meta("8").status_code == 200
    assert desk.stats()["accepted"] == 2
    assert desk.meta("9").json()["error"]["code"] == 551
    assert desk.request("POST", "/scenario", json={"weather": 1}).status_code == 422
    assert desk.request("POST", "/scenario", json={"codes": {"7": ""}}).status_code == 422


def test_what_is_not_there_is_not_found(open_desk):
    desk = open_desk()
    assert desk.request("GET", "/").status_code == 200
    assert desk.request("GET", "/v26.0/me/messages").status_code == 404
    assert desk.request("POST", "/api/v1/messages/whatsapp", json={}).status_code == 404
    assert desk.request("GET", "/accepted?offset=x").status_code == 422


def test_in_a_storm_every_request_is_confirmed_or_counted_as_something_else():
    now = 0.0
    receiver = Receiver(named("storm").changed(cap=10_000), clock=lambda: now)
    graph = Graph(receiver.scenario)
    confirmed = 0
    for person in range(6_000):
        now += 0.02
        body = b'{"recipient":{"id":"%d"},"message":{"text":"hi"}}' % (person % 4_000)
        answer = receiver.answer(graph, graph.read("me", {b"authorization": b"Bearer sim-1"}, "", body))
        confirmed += answer.line is Line.WHOLE and answer.status == 200
    stats = receiver.books.stats()
    assert stats["arrivals"] == 6_000 == confirmed + sum(stats["errors"].values())
    assert stats["accepted"] == confirmed + stats["accepted_unconfirmed"]
    assert stats["accepted"] == stats["unique_recipients"] + stats["doubles"]
    assert min(stats[name] for name in ("refusals", "dropped_requests", "dropped_replies", "doubles")) > 0
