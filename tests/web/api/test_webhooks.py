"""Who is told what, over the API: targets, what arrived, and what is told again."""

import json

import pytest
from standardwebhooks import Webhook

from schemas.api_key import Role
from schemas.notice import NoticeKind
from tests import factories
from tests.factories import people, submitted
from tests.workers.notices.occasions import SECRET, happen, time_passes
from tests.workers.notices.receiver import Receiver
from workers.notices import Messenger

BOTH = pytest.mark.databases("sqlite", "postgresql")
HOOK = {"name": "ops", "url": "https://ops.example.com/hook", "secret": "@{secret:OPS_SIGNING}", "events": ["finished"]}


@pytest.fixture
def receiver():
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def open_house(monkeypatch):
    """Receivers on this machine are meant; asked for before the runtime, which reads the settings."""
    monkeypatch.setenv("PAGECAST_PRIVATE_RECEIVERS", "true")
    monkeypatch.setenv("OPS_SIGNING", SECRET)
    monkeypatch.setitem(factories.ENVIRONMENT, "OPS_SIGNING", SECRET)


@pytest.fixture
def told(open_house, receiver, admin):  # noqa: ARG001 - it sets the environment
    """Tell a receiver on this machine everything."""
    admin.post("/webhooks", HOOK | {"url": receiver.url, "events": ["all"]}, status=201)
    return receiver


def deliver(runtime):
    Messenger(runtime).turn()


@BOTH
def test_somebody_is_told_and_then_nothing_any_more(admin, runtime):
    seen = admin.post("/webhooks", HOOK | {"dry_run": True}, status=201)
    assert (seen["events"], seen["dry_run"], admin.get("/webhooks")) == (["campaign.finished"], True, [])
    made = admin.post("/webhooks", HOOK, status=201)
    assert made["notes"] == ["The secret OPS_SIGNING is not set here. Set it where `pagecast up` runs."]
    assert "already" in admin.post("/webhooks", HOOK, status=422)["message"]
    (kept,) = admin.get("/webhooks")
    assert (kept["url"], kept["secret"], kept["events"]) == (HOOK["url"], HOOK["secret"], ["campaign.finished"])
    assert (kept["queued"], kept["sent"], kept["dead"], kept["sentence"]) == (0, 0, 0, "")
    assert admin("DELETE", "/webhooks/ops", params={"dry_run": True}).json()["data"]["dry_run"] is True
    assert admin("DELETE", "/webhooks/ops").status_code == 200
    assert admin("DELETE", "/webhooks/ops").status_code == 404
    kinds = [row["kind"] for row in factories.select(runtime, "SELECT kind FROM event WHERE actor = 'key:admin'")]
    assert kinds == ["notices.added", "notices.removed"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "must be a reference"),
        ({"url": "https://user:hunter2@example.com/"}, "may hold a secret"),
        ({"url": "https://example.com/?key=hunter2"}, "may hold a secret"),
        ({"kind": "apprise", "url": "tgram://hunter2/1", "secret": ""}, "give a reference"),
        ({"events": ["finishd"]}, "Nothing is told as"),
    ],
)
def test_what_cannot_be_is_refused_and_no_secret_said(admin, change, sentence):
    error = admin.post("/webhooks", HOOK | change, status=422)
    assert sentence in error["message"]
    assert not any(word in str(error) for word in ("hunter2", "MfKQ9r8"))


def test_only_admins_see_who_is_told(caller):
    for role in set(Role) - {Role.ADMIN}:
        assert caller(role)("GET", "/webhooks").status_code == 403


def test_a_test_arrives_signed(told, admin):
    done = admin.post("/webhooks/ops/test")
    assert (done["arrived"], done["error"]) == (True, "")
    _, headers, body = told.got[0]
    assert Webhook(SECRET).verify(body, headers)["type"] == "notice.test"
    assert headers["webhook-id"] == done["id"]
    assert admin.post("/webhooks/ops/test", {"dry_run": True})["id"] is None
    assert len(told.got) == 1
    told.answers.append(500)
    assert admin.post("/webhooks/ops/test")["error"] == "It answered 500."


def test_private_addresses_are_refused_unless_they_are_meant(admin, receiver):
    admin.post("/webhooks", HOOK | {"url": receiver.url, "secret": ""}, status=201)
    assert "private network" in admin.post("/webhooks/ops/test")["error"]
    assert receiver.connections == 0


@BOTH
def test_what_was_told_is_listed_page_by_page(told, admin, runtime):
    for n in range(3):
        happen(runtime, NoticeKind.FINISHED, f"Number {n}.")
    deliver(runtime)
    happen(runtime, NoticeKind.PARKED, "The token is gone.")
    pages = admin.pages("/webhooks/ops/deliveries", limit=3)
    assert [len(page) for page in pages] == [3, 1]
    waiting, arrived = pages[0][0], pages[0][1]
    assert (waiting["type"], waiting["state"], waiting["payload"], waiting["settled_at"]) == (
        "page.parked",
        "queued",
        None,
        None,
    )
    assert (arrived["state"], arrived["tries"], arrived["next_try"]) == ("sent", 1, None)
    assert arrived["payload"] == next(each for each in told.documents if each["id"] == arrived["id"])
    assert [each["type"] for each in admin.get("/webhooks/ops/deliveries", state="queued")] == ["page.parked"]
    assert admin("GET", "/webhooks/nobody/deliveries").status_code == 404


@BOTH
def test_one_that_arrived_is_told_again_under_its_id(told, admin, runtime):
    happen(runtime)
    deliver(runtime)
    (one,) = admin.get("/webhooks/ops/deliveries")
    path = f"/webhooks/ops/deliveries/{one['id']}/replay"
    assert admin.post(path, {"dry_run": True})["dry_run"] is True
    deliver(runtime)
    assert len(told.got) == 1
    assert admin.post(path)["replayed"] == 1
    deliver(runtime)
    assert [headers["webhook-id"] for _, headers, _ in told.got] == [one["id"]] * 2
    assert admin.post("/webhooks/ops/deliveries/msg_none/replay", status=404)["code"] == "not_found"


@BOTH
def test_what_was_given_up_comes_back(told, admin, runtime):
    happen(runtime)
    told.answers += [500] * 7
    for _ in range(7):
        deliver(runtime)
        time_passes(runtime, 90_000_000)
    (kept,) = admin.get("/webhooks")
    assert (kept["dead"], kept["queued"]) == (1, 0)
    assert "given up: It answered 500." in kept["sentence"]
    assert admin.post("/webhooks/ops/replay")["replayed"] == 0
    assert admin.post("/webhooks/replay", {"dead": True, "dry_run": True})["replayed"] == 1
    assert admin.post("/webhooks/replay", {"dead": True})["replayed"] == 1
    deliver(runtime)
    assert [each["state"] for each in admin.get("/webhooks/ops/deliveries")] == ["sent"]
    events = factories.select(runtime, "SELECT actor FROM event WHERE kind = 'notices.replayed'")
    assert events == [{"actor": "key:admin"}]


def test_a_launch_a_pause_and_a_cancellation_are_told(told, admin, runtime, tmp_path):
    made = submitted(runtime, tmp_path, people(3))
    token = admin.post(f"/campaigns/{made.ref}/plan")["token"]
    admin.post(f"/campaigns/{made.ref}/launch", {"token": token})
    for verb in ("pause", "resume", "cancel"):
        admin.post(f"/campaigns/{made.ref}/{verb}")
    deliver(runtime)
    said = [(each["type"], each["data"]["campaign"]["id"]) for each in told.documents]
    kinds = ["campaign.launched", "campaign.paused", "campaign.resumed", "campaign.cancelled"]
    assert sorted(said) == sorted((kind, made.ref) for kind in kinds)
    assert json.dumps(told.documents).count("1000000000") == 0
