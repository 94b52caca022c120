"""Testers, and a real test of a campaign over the API, the line and the simulator."""

import pytest

from campaigns import contacts, simulator
from campaigns.contacts import Heard
from campaigns.runtime import now_of
from campaigns.simulator import Scenario
from schemas.api_key import Role
from schemas.page import Channel
from tests import factories
from tests.factories import people, person, submitted

BOTH = pytest.mark.databases("sqlite", "postgresql")
US = "17900000000000777"
HOUR = 3_600_000


@pytest.fixture
def draft(runtime, tmp_path):
    return submitted(runtime, tmp_path, people(3))


@BOTH
@pytest.mark.usefixtures("draft")
def test_testers_are_added_listed_page_by_page_and_removed(sender, runtime):
    for n in range(3):
        body = {"recipient_id": f"1790000000000077{n}", "page": "acme", "note": f"number {n}"}
        assert sender.post("/testers", body, status=201)["added"] is True
    assert sender.post("/testers", body, status=201)["added"] is False
    pages = sender.pages("/testers", limit=2)
    assert [[each["note"] for each in page] for page in pages] == [["number 0", "number 1"], ["number 2"]]
    first = pages[0][0]
    assert (first["page"], first["added_by"], first["tested_at"]) == ("acme", "key:sender", None)
    assert sender("DELETE", f"/testers/{first['recipient_id']}", params={"page": "acme"}).json()["data"]["removed"] == 1
    answer = sender("DELETE", f"/testers/{first['recipient_id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    kinds = [row["kind"] for row in factories.select(runtime, "SELECT kind FROM event WHERE actor = 'key:sender'")]
    assert kinds == ["tester.added"] * 3 + ["tester.removed"]


@pytest.mark.usefixtures("draft")
def test_a_dry_run_adds_and_removes_nobody(sender):
    body = {"recipient_id": US, "page": "acme"}
    assert sender.post("/testers", body | {"dry_run": True}, status=201)["added"] is True
    assert sender.get("/testers") == []
    sender.post("/testers", body, status=201)
    assert sender("DELETE", f"/testers/{US}", params={"dry_run": True}).json()["data"]["removed"] == 1
    assert [each["recipient_id"] for each in sender.get("/testers")] == [US]


@pytest.mark.usefixtures("draft")
def test_whoever_may_not_send_cannot_make_anybody_a_tester(caller):
    answer = caller(Role.AUTHOR).post("/testers", {"recipient_id": US, "page": "acme"}, status=403)
    assert "testers.change" in answer["message"]


def test_a_test_goes_to_testers_only(caller, draft):
    answer = caller(Role.AUTHOR).post(f"/campaigns/{draft.ref}/test-send", {"to": US}, status=409)
    assert "tester" in answer["message"]


@pytest.fixture
def ready(caller, runtime):
    """Make a draft for three people, and a tester who wrote an hour ago; return where its tests are asked for."""

    def make(folder, url=factories.NOWHERE):
        file = factories.content(pages={"acme": factories.page(url, rate=400)})
        made = submitted(runtime, folder, people(3), file)
        with runtime.writing() as conn:
            now = now_of(conn)
            heard = Heard(Channel.INSTAGRAM, factories.ACCOUNT, US, now - HOUR, 24 * HOUR, "message", "m1", "webhook")
            contacts.hear(conn, [heard], now)
        caller(Role.SENDER).post("/testers", {"recipient_id": US, "page": "acme"}, status=201)
        return f"/campaigns/{made.ref}/test-send"

    return make


def test_a_test_is_shown_before_it_goes(caller, ready, runtime, tmp_path):
    path = ready(tmp_path)
    seen = caller(Role.AUTHOR).post(path, {"to": US, "as": person(1), "dry_run": True})
    assert (seen["parts"], seen["as"], seen["outcome"]) == (["Hi Ana1"], {"line": 3, "recipient_id": person(1)}, None)
    assert seen["requests"][0]["headers"]["authorization"] == "Bearer @{secret:ACME_TOKEN}"
    assert seen["view"]["parts"][0]["length"] == 7
    assert factories.select(runtime, "SELECT * FROM event WHERE actor = 'key:author'") == []


@pytest.mark.long
@pytest.mark.databases("sqlite")
def test_a_test_goes_out(caller, ready, runtime, tmp_path, monkeypatch):
    for name, token in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    with simulator.start(Scenario()) as platform:
        done = caller(Role.AUTHOR).post(ready(tmp_path, platform.meta_url), {"to": US})
        assert (done["outcome"], done["dry_run"], done["requests"]) == ("accepted", False, [])
        (accepted,) = platform.accepted()
    assert (accepted["recipient_id"], accepted["message_id"]) == (US, done["answers"][0]["message_id"])
    query = "SELECT kind FROM event WHERE actor = 'key:author' ORDER BY id"
    assert [row["kind"] for row in factories.select(runtime, query)] == ["test.began", "test.ended"]
