"""What can be done: a list sent, a campaign written, planned, launched, stopped, taken back; and by whom."""

import csv
import io
import json
from urllib.parse import quote

import pytest

from campaigns import contacts, pages, uploads
from campaigns.lifecycle import erase
from campaigns.runtime import now_of
from schemas.api_key import Role
from tests import factories
from tests.factories import content, launched, people, person, states

BOTH = pytest.mark.databases("sqlite", "postgresql")
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS


def written(rows):
    """Return a list as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def uploaded(caller, rows, **query):
    answer = caller("POST", "/lists", content=written(rows), params={"name": "people.csv"} | query)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def campaign(list_id, **changes):
    return content(list=list_id, **changes)


@pytest.fixture
def author(caller):
    return caller(Role.AUTHOR)


@pytest.fixture
def draft(admin):
    """A draft of five people, by the admin: its page comes with it."""
    return admin.post("/campaigns", campaign(uploaded(admin, people(5))["id"]), status=201)


@BOTH
def test_from_a_list_to_a_launch(admin, author, sender):
    listed = uploaded(author, [*people(5), *people(1, recipient_id="1.78E+16")])
    assert (listed["rows"], listed["usable"], listed["rejected"], listed["name"]) == (6, 5, 1, "people.csv")
    assert author.get(f"/lists/{listed['id']}") == listed
    made = admin.post("/campaigns", campaign(listed["id"]), status=201)
    assert (made["name"], made["state"]) == ("Spring", "draft")
    plan = author.post(f"/campaigns/{made['id']}/plan")
    assert (plan["eligible"], plan["rejected"], plan["total"]) == (5, 1, 6)
    path = f"/campaigns/{made['id']}/launch"
    assert author.post(path, {"token": plan["token"]}, status=403)["code"] == "forbidden"
    assert sender.post(path, {"token": "another"}, status=409)["code"] == "plan_void"
    launch = sender.post(path, {"token": plan["token"]})
    assert (launch["state"], launch["rows"]) == ("sending", 6)
    assert sender.post(path, {"token": plan["token"]}) == launch
    (event,) = sender.get("/audit", actor="key:sender")
    assert (event["kind"], event["campaign"]) == ("campaign.launched", made["id"])
    assert len(sender.get(f"/campaigns/{made['id']}/deliveries")) == 5


def test_the_same_file_is_the_same_list(author):
    rows = people(3)
    first = uploaded(author, rows)
    assert uploaded(author, rows, name="another.csv") == first
    assert uploaded(author, people(4))["id"] != first["id"]


def test_a_list_of_no_use_is_refused_and_not_kept(author, runtime):
    for body in (b"", b"recipient_id\n", b"name\nAnn\n", b"%PDF-1.7", b"\xe9", b"\xe9\xff\x81"):
        assert author.post("/lists", status=422, content=body)["code"] == "invalid_input"
    assert list(uploads.folder(runtime.storage).iterdir()) == []


def test_columns_are_named_where_they_are_called_otherwise(author):
    rows = [{"who": person(n), "called": "Ann"} for n in range(2)]
    assert author("POST", "/lists", content=written(rows)).status_code == 422
    listed = uploaded(author, rows, column="recipient_id=who")
    assert (listed["usable"], listed["mapping"]) == (2, {"recipient_id": "who"})
    assert author("POST", "/lists", content=written(rows), params={"column": "who"}).status_code == 400


def test_rejected_lines_are_a_file(author):
    listed = uploaded(author, [*people(1), *people(1, recipient_id="1.78E+16", first_name="=1+1")])
    answer = author("GET", f"/lists/{listed['id']}/rejects.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[1].startswith("3,recipient_id,1.78E+16,damaged_id")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "", "a\x00b", "list.parquet", "x" * 500])
def test_a_name_leads_nowhere(author, runtime, name):
    listed = author("POST", "/lists", content=written(people(1)), params={"name": name}).json()["data"]
    found = uploads.find(runtime.storage, listed["id"])
    assert (uploads.folder(runtime.storage) / found.path).resolve().is_relative_to(runtime.storage.resolve())


@pytest.mark.parametrize("word", ["../../x", "people.csv", "lst_0", "lst_" + "0" * 32, "/etc/passwd"])
def test_a_campaign_takes_no_other_file(admin, word):
    assert admin.post("/campaigns", campaign(word), status=404)["code"] == "not_found"
    # Encoded: a client takes `..` out of an address itself, and asks for something else.
    answer = admin("GET", f"/lists/{quote(word, safe='')}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_uploads_go_after_a_week_and_with_whom_they_name(author, runtime):
    first, second = uploaded(author, people(2)), uploaded(author, people(1, recipient_id=person(9)))
    erase.erase(runtime, person(1), "test", dry_run=True)
    assert author("GET", f"/lists/{first['id']}").status_code == 200
    erase.erase(runtime, person(1), "test")
    assert author("GET", f"/lists/{first['id']}").status_code == 404
    now = factories.now(runtime)
    with uploads.incoming(runtime.storage, "x", now + WEEK_MS - 60_000):
        assert uploads.find(runtime.storage, second["id"])
    with uploads.incoming(runtime.storage, "x", now + WEEK_MS + 60_000):
        assert author("GET", f"/lists/{second['id']}").status_code == 404


def test_a_page_is_the_admins_to_bring(admin, author, sender, runtime):
    listed = uploaded(admin, people(2))["id"]
    for who in (author, sender):
        error = who.post("/campaigns", campaign(listed), status=403)
        assert "pages.change" in error["message"]
    assert factories.select(runtime, "SELECT * FROM page") == []
    admin.post("/campaigns", campaign(listed), status=201)
    made = author.post("/campaigns", campaign(listed, name="Summer", pages={}), status=201)
    assert author.post(f"/campaigns/{made['id']}/plan")["eligible"] == 2


def test_the_same_draft_twice_is_one(admin, runtime):
    listed = uploaded(admin, people(5))["id"]
    draft = admin.post("/campaigns", campaign(listed), status=201)
    assert admin.post("/campaigns", campaign(listed), status=201) == draft
    assert len(factories.select(runtime, "SELECT * FROM campaign")) == 1
    token = admin.post(f"/campaigns/{draft['id']}/plan")["token"]
    admin.post(f"/campaigns/{draft['id']}/launch", {"token": token})
    assert "sending already" in admin.post("/campaigns", campaign(listed), status=409)["message"]


@BOTH
@pytest.mark.usefixtures("draft")
def test_contacts_are_a_list_too(admin, runtime):
    body = content(list="@contacts", name="Everybody", message={"text": "Hi"})
    assert "No window of page acme is open" in admin.post("/campaigns", body, status=422)["message"]
    with runtime.writing() as conn:
        now = now_of(conn)
        heard = contacts.Heard("instagram", factories.ACCOUNT, person(0), now, now + DAY_MS, "message", "m1", "webhook")
        contacts.hear(conn, [heard], now)
    made = admin.post("/campaigns", body, status=201)
    assert admin.post(f"/campaigns/{made['id']}/plan")["eligible"] == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limits": {"rat": 3}}, "limits.rat"),
        ({"message": {"text": "Hi", "tekst": "Hi"}}, "message.tekst"),
        ({"limits": {"canary": 10**30}}, "number too large"),
        ({"limits": {"rate": 1e-320}}, "limits.rate"),
        ({"message": {"text": "Hi \ud800"}}, ""),
        ({"schedule": {"start": "tomorrow"}}, "schedule.start"),
        ({"page": "nobody", "pages": {}}, "nobody"),
    ],
)
def test_a_mistake_is_named(admin, changes, said):
    listed = uploaded(admin, people(1))["id"]
    body = json.dumps(campaign(listed, **changes))
    answer = admin("POST", "/campaigns", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {404, 422}, answer.text
    assert said in answer.json()["error"]["message"]


def test_a_body_that_is_no_campaign_is_refused(admin):
    for body in (b"", b"[]", b"{", b"null", b"\xff"):
        answer = admin("POST", "/campaigns", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}
        assert set(answer.json()) == {"error", "meta"}


@BOTH
def test_pause_resume_and_cancel(sender, draft, runtime, admin):
    path = f"/campaigns/{draft['id']}"
    assert sender.post(f"{path}/pause", status=409)["code"] == "conflict"
    admin.post(f"{path}/launch", {"token": admin.post(f"{path}/plan")["token"]})
    assert sender.post(f"{path}/pause")["state"] == "paused"
    assert sender.post(f"{path}/resume")["state"] == "sending"
    done = sender.post(f"{path}/cancel")
    assert (done["state"], done["withdrawn"], done["also"]) == ("cancelled", 5, [])
    assert sender.get(path)["sentence"].startswith("Cancelled")
    again = sender.post(f"{path}/retry", {"scope": "cancelled", "dry_run": True})
    assert (again["people"], again["state"], again["dry_run"]) == (5, "cancelled", True)
    assert sender.post(f"{path}/retry", {"scope": "cancelled"})["state"] == "sending"
    assert {row["state"] for row in factories.select(runtime, "SELECT state FROM delivery")} == {"pending"}


def test_panic_stops_everything(sender, runtime, tmp_path):
    made = launched(runtime, tmp_path, people(2))
    assert sender.post("/panic") == {"paused": 1}
    assert sender.get(f"/campaigns/{made.ref}")["state"] == "paused"
    assert sender.post("/panic") == {"paused": 0}


@BOTH
def test_doubt_is_resolved(sender, runtime, tmp_path):
    made = launched(runtime, tmp_path, people(2))
    with runtime.writing() as conn:
        conn.exec_driver_sql("UPDATE delivery SET state = 'unknown'")
        conn.exec_driver_sql("UPDATE tally SET state = 'unknown'")
    path = f"/campaigns/{made.ref}/resolve"
    looked = sender.post(path, {"as": "sent", "dry_run": True})
    assert (looked["people"], looked["dry_run"]) == (2, True)
    assert sender.post(path, {"as": "sent", "recipient_id": person(0)})["people"] == 1
    assert states(runtime, made) == {person(0): "assumed_sent", person(1): "unknown"}
    assert sender.post(path, {"as": "maybe"}, status=422)["details"][0]["field"] == "body.as"


def test_a_paused_message_is_corrected(sender, runtime, tmp_path):
    made = launched(runtime, tmp_path, people(2))
    path = f"/campaigns/{made.ref}"
    assert sender.post(f"{path}/revise", {"message": {"text": "Hello"}}, status=409)["code"] == "conflict"
    sender.post(f"{path}/pause")
    seen = sender.post(f"{path}/revise", {"message": {"text": "Hello {{ first_name }}"}, "dry_run": True})
    assert (seen["revision"], seen["pending"], seen["samples"][0]["texts"]) == (1, 2, ["Hello Ana0"])
    assert sender.post(f"{path}/revise", {"message": {"text": "Hello {{ first_name }}"}})["revision"] == 2
    assert sender.get(f"{path}/file")["message"]["text"] == "Hello {{ first_name }}"
    assert sender.post(f"{path}/revise", {"message": {}}, status=422)["code"] == "invalid_input"


def test_a_clone_is_a_draft(author, draft):
    made = author.post(f"/campaigns/{draft['id']}/clone", status=201)
    assert (made["name"], made["state"]) == ("Spring copy", "draft")
    named = author.post(f"/campaigns/{draft['id']}/clone", {"name": "Autumn"}, status=201)
    assert named["name"] == "Autumn"


@BOTH
@pytest.mark.usefixtures("draft")
def test_people_are_suppressed_and_an_admin_lifts_it(author, admin, runtime):
    body = {"recipient_id": person(0), "page": "acme", "note": "wrote a letter"}
    told = {"recipient_id": person(0), "page": "acme", "added": True}
    assert author.post("/suppressions", body | {"dry_run": True}, status=201) == told | {"dry_run": True}
    assert author.get("/suppressions") == []
    assert author.post("/suppressions", body, status=201) == told | {"dry_run": False}
    assert author.post("/suppressions", body, status=201)["added"] is False
    (row,) = author.get("/suppressions")
    assert (row["page"], row["source"], row["note"]) == ("acme", "api", "wrote a letter")
    path = f"/suppressions/{person(0)}"
    assert author("DELETE", path).status_code == 403
    assert admin("DELETE", path).status_code == 200
    assert admin("DELETE", path).status_code == 404
    (event, *_) = factories.select(runtime, "SELECT actor FROM event WHERE kind = 'suppression.added'")
    assert event["actor"] == "key:author"
    assert author.post("/suppressions", {"recipient_id": "Ann"}, status=422)["code"] == "invalid_input"


@pytest.mark.usefixtures("draft")
def test_pages_stop_and_go_on(sender, runtime):
    assert sender.post("/pages/acme/pause")["state"] == "parked"
    assert sender.post("/pages/acme/pause", status=409)["code"] == "conflict"
    assert sender.post("/pages/acme/resume")["state"] == "ready"
    assert sender.post("/pages/nobody/pause", status=404)["code"] == "not_found"
    with runtime.reading() as conn:
        assert pages.named(conn, "acme").parked_at is None
        assert now_of(conn)


def test_a_list_without_end_is_cut_off(author, runtime, monkeypatch):
    monkeypatch.setattr("campaigns.web.api.lists.LARGEST", 1000)

    async def endless():
        while True:
            yield b"x" * 300

    assert author.post("/lists", status=413, content=endless())["code"] == "payload_too_large"
    assert list(uploads.folder(runtime.storage).iterdir()) == []
