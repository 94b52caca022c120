"""Keys made over the API: shown once, for a while, and with no more rights than whoever made them."""

import pytest

from campaigns.access import granted
from schemas.api_key import ApiKey, Role
from schemas.right import Right
from tests import factories
from tests.web.api.conftest import Caller

BOTH = pytest.mark.databases("sqlite", "postgresql")
DAY = 86_400_000


@pytest.fixture
def made(admin, site):
    """Make a key over the API; return who has it."""

    def make(role, *scopes, name="crm", by=admin):
        created = by.post("/keys", {"name": name, "role": role, "scopes": list(scopes)}, status=201)
        return Caller(site, created["key"], name)

    return make


@BOTH
def test_a_key_is_made_and_works(admin, made, runtime):
    who = made("author")
    assert who.get("/me")["role"] == "author"
    kept = next(key for key in admin.get("/keys") if key["name"] == "crm")
    assert (kept["state"], kept["created_by"], kept["scopes"], kept["expires_at"]) == ("live", "key:admin", [], None)
    assert kept["last_used_at"] is not None
    assert "key" not in kept
    events = factories.select(runtime, "SELECT actor, sentence FROM event WHERE kind = 'key.created' ORDER BY id DESC")
    assert events[0] == {"actor": "key:admin", "sentence": "Key crm was created for the role author."}


def test_a_key_ends_by_itself(admin, runtime):
    admin.post("/keys", {"name": "crm", "role": "viewer", "expires": "90d"}, status=201)
    (row,) = factories.select(runtime, "SELECT expires_at - created_at AS length FROM api_key WHERE name = 'crm'")
    assert row["length"] == 90 * DAY
    error = admin.post("/keys", {"name": "erp", "role": "viewer", "expires": "soon"}, status=400)
    assert "body.expires soon is no length of time" in error["message"]


@BOTH
def test_a_replay_does_not_show_it_again(admin, runtime, site):
    word = {"Idempotency-Key": "one-key"}
    first = admin("POST", "/keys", json={"name": "crm", "role": "viewer"}, headers=word)
    again = admin("POST", "/keys", json={"name": "crm", "role": "viewer"}, headers=word)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    secret = first.json()["data"]["key"]
    assert Caller(site, secret).get("/me")["name"] == "crm"
    assert again.json()["data"]["key"] is None
    assert "revoke it" in again.json()["data"]["sentence"]
    assert {**again.json()["data"], "key": secret, "sentence": ""} == {**first.json()["data"], "sentence": ""}
    for table in ("api_answer", "api_key", "event"):
        assert secret.rpartition("_")[2] not in str(factories.select(runtime, f"SELECT * FROM {table}"))


def test_a_dry_run_makes_none(admin):
    seen = admin.post("/keys", {"name": "crm", "role": "viewer", "dry_run": True}, status=201)
    assert (seen["key"], seen["dry_run"]) == (None, True)
    assert [key["name"] for key in admin.get("/keys")] == ["admin"]


def test_names_and_scopes_that_cannot_be_are_refused(admin):
    assert admin.post("/keys", {"name": "admin", "role": "viewer"}, status=422)["code"] == "invalid_input"
    assert admin.post("/keys", {"name": "no name", "role": "viewer"}, status=422)["code"] == "invalid_input"
    error = admin.post("/keys", {"name": "crm", "role": "viewer", "scopes": ["campaigns.launch"]}, status=422)
    assert error["message"].startswith("The role viewer has no right to campaigns.launch.")


def test_scopes_hold_everywhere(made, operations):
    who = made("sender", Right.UPLOAD, Right.LAUNCH)
    assert who.get("/me")["rights"] == ["me", "lists.add", "campaigns.launch"]
    for (method, path), operation in operations.items():
        answer = who(method, path.replace("{", "").replace("}", ""))
        may = operation["x-right"] in {"me", "lists.add", "campaigns.launch"}
        assert (answer.status_code != 403) == may, (method, path, answer.text)
    assert "scopes" in who("GET", "/campaigns").json()["error"]["message"]


def test_a_key_makes_none_that_may_do_more_than_itself(made):
    narrow = made("admin", Right.KEYS, Right.READ)
    for name, role, scopes, status in (
        ("all", "admin", [], 403),
        ("more", "admin", ["keys", "webhooks"], 403),
        ("less", "viewer", [], 201),
    ):
        answer = narrow("POST", "/keys", json={"name": name, "role": role, "scopes": scopes})
        assert answer.status_code == status, answer.text
    made("admin", Right.KEYS, name="same", by=narrow)
    key = ApiKey(name="same", role=Role.ADMIN, scopes="keys", prefix="", digest="", created_at=1, created_by="")
    assert granted(key) == [Right.ME, Right.KEYS]
