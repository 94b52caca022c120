"""What admins do: pages, keys, people who want to be forgotten; and what senders change while it runs."""

import pytest

from campaigns import keys
from campaigns.runtime import now_of
from schemas.api_key import Role
from tests import factories
from tests.factories import launched, people, person

BOTH = pytest.mark.databases("sqlite", "postgresql")


@BOTH
def test_a_page_is_added_changed_and_removed(admin, sender, runtime):
    body = {"name": "acme", **factories.page()}
    assert sender.post("/pages", body, status=403)["code"] == "forbidden"
    added, changed = (admin.post("/pages", body | more, status=201) for more in ({}, {"rate": 5}))
    assert (added["added"], added["notes"]) == (True, [])
    assert (changed["added"], changed["rate"]) == (False, 5)
    assert "is not set" in admin.post("/pages", body | {"token": "@{secret:NOWHERE}"}, status=201)["notes"][0]
    assert admin.post("/pages", body | {"account_id": "1"}, status=422)["code"] == "invalid_input"
    removed = admin("DELETE", "/pages/acme").json()["data"]
    assert (removed["name"], removed["account_id"], removed["removed"]) == ("acme", factories.ACCOUNT, True)
    assert admin.get("/pages") == []
    assert admin("DELETE", "/pages/acme").status_code == 404
    kinds = [row["kind"] for row in factories.select(runtime, "SELECT kind FROM event WHERE actor = 'key:admin'")]
    assert kinds == ["page.added", "page.changed", "page.changed", "page.removed"]


@pytest.mark.parametrize("body", [{"token": "EAAsecret"}, {"token": ["EAAsecret"]}, {"tokens": "EAAsecret"}])
def test_a_token_that_stands_in_a_page_is_never_said_again(admin, body):
    answer = admin("POST", "/pages", json={"name": "acme", **factories.page(), **body})
    assert answer.status_code == 422
    assert "EAAsecret" not in answer.text


def test_keys_are_listed_and_ended(admin, viewer, runtime):
    assert viewer("GET", "/keys").status_code == 403
    assert [(key["name"], key["state"]) for key in admin.get("/keys")] == [("admin", "live"), ("viewer", "live")]
    assert admin("DELETE", "/keys/viewer").json()["data"]["state"] == "revoked"
    assert viewer("GET", "/me").status_code == 401
    assert admin("DELETE", "/keys/viewer").status_code == 404
    with runtime.writing() as conn:
        digests = [key.digest for key in keys.listed(conn)]
        keys.create(conn, "old", Role.VIEWER, now=1, actor="test", expires_at=now_of(conn) - 1)
    answer = admin("GET", "/keys")
    assert answer.json()["data"][2]["state"] == "expired"
    assert not any(digest in answer.text for digest in digests)


def test_a_person_is_forgotten(admin, sender, runtime, tmp_path):
    made = launched(runtime, tmp_path, people(3))
    path = f"/people/{person(1)}/erase"
    assert sender.post(path, status=403)["code"] == "forbidden"
    seen = admin.post(path, {"dry_run": True})
    assert (seen["deliveries"], seen["dry_run"]) == (1, True)
    assert admin.get(f"/people/{person(1)}")["recipient_id"] == person(1)
    gone = admin.post(path)
    assert gone["campaigns"] == [f"Spring ({made.ref})"]
    assert admin.get(f"/people/{person(1)}")["recipient_id"] == gone["name"]
    history = admin.get(f"/suppressions/{person(2)}/history")
    assert history == []


@BOTH
def test_how_it_is_known_that_somebody_opted_out(sender, admin):
    sender.post("/suppressions", {"recipient_id": person(0), "note": "a letter"}, status=201)
    admin("DELETE", f"/suppressions/{person(0)}")
    told = admin.get(f"/suppressions/{person(0)}/history")
    assert [(each["kind"], each["source"], each["actor"]) for each in told] == [
        ("opted_out", "api", "key:sender"),
        ("opted_in", "api", "key:admin"),
    ]
    assert told[0]["evidence"] == "a letter"


def test_a_running_campaign_is_slowed(sender, viewer, runtime, tmp_path):
    made = launched(runtime, tmp_path, people(3))
    path = f"/campaigns/{made.ref}/change"
    assert viewer.post(path, {"rate": 1}, status=403)["code"] == "forbidden"
    assert sender.post(path, {}, status=422)["code"] == "invalid_input"
    assert sender.post(path, {"rate": 2, "dry_run": True})["dry_run"] is True
    assert viewer.get(f"/campaigns/{made.ref}")["rate"]["asked"] == 36
    assert sender.post(path, {"rate": 2})["changes"]
    assert viewer.get(f"/campaigns/{made.ref}")["rate"]["asked"] == 2


@pytest.mark.parametrize("token", ["EAAsecret", ["EAAsecret"], {"is": "EAAsecret"}])
def test_a_token_that_stands_in_a_campaign_is_never_said_again(admin, runtime, token):
    listed = admin("POST", "/lists", content=b"recipient_id\n17840000000000001\n").json()["data"]["id"]
    body = factories.content(list=listed, pages={"acme": factories.page(token=token)})
    answer = admin("POST", "/campaigns", json=body, headers={"Idempotency-Key": "order-17"})
    assert answer.status_code == 422
    assert "EAAsecret" not in answer.text + str(factories.select(runtime, "SELECT * FROM api_answer"))
