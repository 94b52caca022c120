"""What can be looked at: campaigns, rows, people, pages, opt-outs, contacts, events and the audit."""

import json

import pytest

from campaigns import contacts, pages, suppression
from campaigns.inbound.apply import apply
from campaigns.inbox import Taken
from campaigns.lifecycle import control
from campaigns.runtime import now_of
from schemas.page import ProviderName
from tests import factories
from tests.factories import ACCOUNT, content, launched, people, person, submitted

BOTH = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def sent(runtime, tmp_path):
    """A launched campaign of seven rows: five to come, one without a name, one who opted out."""
    rows = people(7, opted_out="")
    rows[5]["first_name"], rows[6]["opted_out"] = "", "yes"
    return launched(runtime, tmp_path, rows)


def heard(runtime, who, mid):
    now = factories.now(runtime)
    said = {
        "sender": {"id": who},
        "recipient": {"id": ACCOUNT},
        "timestamp": now,
        "message": {"mid": mid, "text": "hi"},
    }
    body = {"object": "instagram", "entry": [{"id": ACCOUNT, "time": now, "messaging": [said]}]}
    apply(runtime, [Taken(1, ProviderName.META, now, json.dumps(body).encode())])


def named(runtime, folder, *names):
    return [submitted(runtime, folder, people(2), content(name=name)) for name in names]


@BOTH
def test_campaigns_come_in_pages_the_newest_first(runtime, tmp_path, viewer):
    made = named(runtime, tmp_path, "One", "Two", "Three", "Four", "Five")
    found = viewer.pages("/campaigns", limit=2)
    assert [[each["name"] for each in page] for page in found] == [["Five", "Four"], ["Three", "Two"], ["One"]]
    assert found[0][0]["id"] == made[-1].ref
    factories.let_go(runtime, made[0])
    assert [each["name"] for each in viewer.get("/campaigns", state="sending")] == ["One"]
    assert viewer.get("/campaigns", state="paused") == []


@BOTH
def test_a_campaign_says_how_it_stands(sent, viewer):
    now = viewer.get(f"/campaigns/{sent.ref}")
    assert (now["id"], now["state"], now["total"]) == (sent.ref, "sending", 7)
    assert now["counts"]["pending"] == 5
    assert now["reasons"] == {"blank_variable": 1, "opted_out": 1}
    assert now["pages"][0]["name"] == "acme"
    assert now["warnings"] == []


def test_the_file_has_no_secret(sent, viewer):
    file = viewer.get(f"/campaigns/{sent.ref}/file")
    assert file["message"]["text"] == "Hi {{ first_name }}"
    assert file["pages"]["acme"]["token"] == "@{secret:ACME_TOKEN}"


@pytest.mark.parametrize("way", ["", "/file", "/deliveries", "/events", "/preview", "/explain/1"])
def test_a_campaign_is_found_by_its_whole_id_alone(sent, sender, way):
    for word in (sent.ref[:-1], sent.name, "last", "nothing"):
        answer = sender("GET", f"/campaigns/{word}{way}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@BOTH
def test_rows_come_in_pages_by_state_and_reason(sent, viewer):
    path = f"/campaigns/{sent.ref}/deliveries"
    every = viewer.pages(path, limit=3)
    assert [len(page) for page in every] == [3, 3, 1]
    assert len({row["recipient_id"] for page in every for row in page}) == 7
    assert [row["recipient_id"] for row in viewer.get(path, reason="opted_out")] == [person(6)]
    assert {row["reason"] for row in viewer.get(path, state="skipped")} == {"opted_out", "blank_variable"}
    assert len(viewer.get(path, state="pending")) == 5
    assert viewer.get(path, state="pending", reason="opted_out") == []


def test_a_reason_that_a_state_implies_is_found(sent, runtime, viewer):
    control.cancel(runtime, sent, "test")
    with runtime.writing() as conn:
        conn.exec_driver_sql("UPDATE delivery SET reason = NULL WHERE state = 'cancelled'")
    found = viewer.get(f"/campaigns/{sent.ref}/deliveries", reason="cancelled")
    assert [row["reason"] for row in found] == ["cancelled"] * 5


def test_a_draft_has_no_rows(runtime, tmp_path, viewer):
    (draft,) = named(runtime, tmp_path, "Draft")
    assert viewer.get(f"/campaigns/{draft.ref}/deliveries") == []


@pytest.mark.parametrize(
    "cursor", ["x", "%00", "bnVsbA==", "WyJ4Il0=", "WzFlOTk5XQ==", "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd", "W3RydWVd"]
)
@pytest.mark.parametrize("path", ["/campaigns", "/audit", "/suppressions"])
def test_a_cursor_that_no_list_gave_is_refused(viewer, cursor, path):
    answer = viewer("GET", path, params={"cursor": cursor})
    assert answer.status_code == 422
    assert "cursor" in answer.json()["error"]["message"]


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_a_limit_is_from_one_to_a_hundred(viewer, limit):
    answer = viewer("GET", "/campaigns", params={"limit": limit})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "validation_failed")
    assert [each["field"] for each in error["details"]] == ["query.limit"]


def test_a_person_is_explained(sent, viewer):
    found = viewer.get(f"/campaigns/{sent.ref}/explain/{person(6)}")
    assert found["lines"][0]["reason"] == "opted_out"
    assert viewer("GET", f"/campaigns/{sent.ref}/explain/1").status_code == 404
    everywhere = viewer.get(f"/people/{person(6)}")
    assert [each["id"] for each in everywhere["messages"]] == [sent.ref]
    assert viewer("GET", "/people/1").status_code == 404


def test_who_writes_sees_the_message(sent, sender, viewer):
    (sample,) = sender.get(f"/campaigns/{sent.ref}/preview", to=person(1))
    assert sample["texts"] == ["Hi Ana1"]
    assert viewer("GET", f"/campaigns/{sent.ref}/preview").status_code == 403


@pytest.mark.usefixtures("sent")
def test_pages_say_what_they_do(runtime, viewer):
    (page,) = viewer.get("/pages")
    assert (page["name"], page["state"], page["token"]) == ("acme", "ready", "@{secret:ACME_TOKEN}")
    with runtime.writing() as conn:
        pages.pause(conn, pages.named(conn, "acme"), now_of(conn), "test")
    assert viewer.get("/pages")[0]["state"] == "parked"


@BOTH
def test_suppressions_come_in_pages(runtime, viewer):
    with runtime.writing() as conn:
        for n in range(5):
            suppression.suppress(conn, person(n), 0, note="wrote", now=1_000_000 + n // 2, actor="test")
    found = viewer.pages("/suppressions", limit=2)
    assert [[each["recipient_id"] for each in page] for page in found] == [
        [person(0), person(1)],
        [person(2), person(3)],
        [person(4)],
    ]
    assert found[0][0]["note"] == "wrote"
    assert found[0][0]["page"] is None


@BOTH
@pytest.mark.usefixtures("sent")
def test_contacts_come_in_pages_the_first_to_close_first(runtime, viewer):
    with runtime.writing() as conn:
        now = now_of(conn)
        heard = [
            contacts.Heard(
                "instagram", ACCOUNT, person(n), now - 50_000 + n // 2, 100_000, "message", f"m{n}", "webhook"
            )
            for n in range(5)
        ]
        closed = contacts.Heard("instagram", ACCOUNT, person(9), 1, 1, "message", "m9", "webhook")
        contacts.hear(conn, [*heard, closed], now)
    found = viewer.pages("/contacts", page="acme", open=True, limit=2)
    assert [len(page) for page in found] == [2, 2, 1]
    assert [each["recipient_id"] for page in found for each in page] == [person(n) for n in range(5)]
    assert len(viewer.get("/contacts", page="acme")) == 6
    assert viewer("GET", "/contacts", params={"page": "nobody"}).status_code == 404
    assert viewer("GET", "/contacts").json()["error"]["details"][0]["field"] == "query.page"


@BOTH
def test_the_audit_says_who_did_what(sent, runtime, viewer):
    control.pause(runtime, sent, "key:boss")
    kinds = [each["kind"] for each in viewer.get("/audit")]
    assert {"campaign.submitted", "campaign.launched", "campaign.paused", "key.created"} <= set(kinds)
    (mine,) = viewer.get("/audit", actor="key:boss")
    assert (mine["kind"], mine["campaign"]) == ("campaign.paused", sent.ref)
    assert viewer.get("/audit", kind="campaign.paused") == [mine]
    assert [each["kind"] for each in viewer.get("/audit", kind="key")] == ["key.created"]
    of_it = viewer.pages(f"/campaigns/{sent.ref}/events", limit=1)
    assert [page[0]["kind"] for page in of_it] == ["campaign.paused", "campaign.launched", "campaign.submitted"]


@BOTH
@pytest.mark.usefixtures("sent")
def test_what_came_in_is_listed(runtime, viewer):
    for n in range(3):
        heard(runtime, person(n), f"m{n}")
    found = viewer.pages("/events", limit=2)
    assert [[each["mid"] for each in page] for page in found] == [["m2", "m1"], ["m0"]]
    assert [each["person"] for each in viewer.get("/events", person=person(1))] == [person(1)]
    assert viewer.get("/events", kind="read") == []
    assert viewer("GET", "/events", params={"campaign": "nothing"}).status_code == 404
    assert viewer("GET", "/events", params={"person": "Ann"}).status_code == 422
