"""A POST that comes again under its word: done once, answered twice."""

import asyncio

import pytest

from campaigns import answers
from campaigns.lifecycle import erase
from campaigns.runtime import now_of
from campaigns.web.api.once import LARGEST
from schemas.api_key import Role
from tests import factories
from tests.factories import content, people, person, submitted

BOTH = pytest.mark.databases("sqlite", "postgresql")
WORD = {"Idempotency-Key": "order-17"}


@pytest.fixture
def draft(runtime, tmp_path):
    return submitted(runtime, tmp_path, people(3))


def clones(runtime):
    return factories.select(runtime, "SELECT count(*) AS n FROM campaign WHERE name LIKE '%copy%'")[0]["n"]


@BOTH
def test_said_twice_it_is_done_once(admin, draft, runtime):
    path = f"/campaigns/{draft.ref}/clone"
    first = admin("POST", path, headers=WORD, json={"name": "copy A"})
    again = admin("POST", path, headers=WORD, json={"name": "copy A"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert clones(runtime) == 1


@BOTH
def test_another_request_under_the_word_is_refused(admin, draft, runtime):
    admin("POST", f"/campaigns/{draft.ref}/clone", headers=WORD, json={"name": "copy A"})
    for path, body in (("clone", {"name": "copy B"}), ("plan", {"name": "copy A"})):
        answer = admin("POST", f"/campaigns/{draft.ref}/{path}", headers=WORD, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert clones(runtime) == 1


def test_everybody_has_words_of_their_own(admin, caller, draft):
    author = caller(Role.AUTHOR)
    path = f"/campaigns/{draft.ref}/clone"
    one = admin("POST", path, headers=WORD, json={"name": "copy A"}).json()["data"]
    other = author("POST", path, headers=WORD, json={"name": "copy B"}).json()["data"]
    assert one["id"] != other["id"]


@BOTH
def test_at_the_same_moment_one_of_them_does_it(admin, draft, runtime):
    headers = {**WORD, "X-API-Key": admin.secret}

    async def both():
        calls = [
            admin._send("POST", f"/campaigns/{draft.ref}/clone", headers, {"json": {"name": "copy A"}})
            for _ in range(4)
        ]
        return await asyncio.gather(*calls)

    found = asyncio.run(both())
    assert {answer.status_code for answer in found} <= {201, 409}
    done = [answer.json()["data"]["id"] for answer in found if answer.status_code == 201]
    assert len(set(done)) == 1
    refused = [answer.json()["error"]["code"] for answer in found if answer.status_code == 409]
    assert set(refused) <= {"request_in_progress"}
    assert clones(runtime) == 1


def test_a_refusal_is_kept_as_well(admin, draft):
    path = f"/campaigns/{draft.ref}/pause"
    first = admin("POST", path, headers=WORD)
    token = admin.post(f"/campaigns/{draft.ref}/plan")["token"]
    admin.post(f"/campaigns/{draft.ref}/launch", {"token": token})
    assert admin("POST", path, headers=WORD).json() == first.json()
    assert first.status_code == 409
    assert admin("POST", path).status_code == 200


def test_what_was_not_understood_is_corrected_under_its_word(admin):
    listed = admin("POST", "/lists", content=b"recipient_id,first_name\n17840000000000001,Ann\n").json()["data"]["id"]
    for wrong, status in ((content(list="people.csv"), 404), (content(list=listed, message={}), 422)):
        assert admin("POST", "/campaigns", json=wrong, headers=WORD).status_code == status
    assert admin("POST", "/campaigns", json=content(list=listed), headers=WORD).status_code == 201


def test_what_broke_may_be_said_again(admin, site):
    app = next(route.app for route in site.routes if getattr(route, "path", "") == "/api/v1")
    calls = []

    @app.post("/broken")
    def broken():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError
        return {"data": "done"}

    assert admin("POST", "/broken", headers=WORD).status_code == 500
    assert admin("POST", "/broken", headers=WORD).json() == {"data": "done"}
    assert admin("POST", "/broken", headers=WORD).json() == {"data": "done"}
    assert len(calls) == 2


@BOTH
@pytest.mark.usefixtures("admin")
def test_a_day_later_the_word_is_free(runtime):
    with runtime.writing() as conn:
        now = now_of(conn)
        assert answers.claim(conn, 1, "w", "d", now) is None
        answers.settle(conn, 1, "w", 200, "{}")
        assert answers.claim(conn, 1, "w", "d", now + answers.DAY_MS).status == 200
        assert answers.claim(conn, 1, "w", "d", now + answers.DAY_MS + 1) is None


@BOTH
@pytest.mark.usefixtures("admin")
def test_a_request_whose_process_died_is_done_by_the_next(runtime):
    with runtime.writing() as conn:
        now = now_of(conn)
        assert answers.claim(conn, 1, "w", "d", now) is None
        assert answers.claim(conn, 1, "w", "d", now + 299_000).status is None
        assert answers.claim(conn, 1, "w", "other", now + 301_000).same is False
        assert answers.claim(conn, 1, "w", "d", now + 301_000) is None
        assert answers.claim(conn, 1, "w", "d", now + 302_000).status is None


@pytest.mark.parametrize("word", ["", "x" * 256])
def test_a_word_has_a_length(admin, word):
    answer = admin("POST", "/panic", headers={"Idempotency-Key": word})
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["error"]["message"]


def test_a_body_has_a_length(admin):
    answer = admin("POST", "/campaigns", content=b" " * (LARGEST + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")


def test_an_erased_person_is_in_no_answer(admin, runtime):
    admin.post("/suppressions", {"recipient_id": person(1)}, status=201, headers=WORD)
    erase.erase(runtime, person(1), "test")
    assert factories.select(runtime, "SELECT * FROM api_answer") == []


def test_a_campaign_sent_twice_is_one(admin, runtime):
    listed = admin("POST", "/lists", content=b"recipient_id,first_name\n17840000000000001,Ann\n").json()["data"]["id"]
    made = [admin.post("/campaigns", content(list=listed), status=201, headers=WORD) for _ in range(2)]
    assert made[0] == made[1]
    assert factories.select(runtime, "SELECT count(*) AS n FROM campaign") == [{"n": 1}]


@pytest.mark.parametrize("path", ["/panic", "/lists"])
def test_half_a_request_is_none(admin, site, runtime, path):
    parts = [{"type": "http.request", "body": b"recipient_id\n178", "more_body": True}, {"type": "http.disconnect"}]
    answered = []

    async def receive():
        return parts.pop(0)

    async def send(message):
        answered.append(message)

    headers = [(b"x-api-key", admin.secret.encode()), (b"idempotency-key", b"order-17")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/api/v1{path}",
        "query_string": b"",
        "headers": headers,
        "client": ("10.0.0.1", 1),
    }
    asyncio.run(site(scope, receive, send))
    assert answered == []
    assert factories.select(runtime, "SELECT * FROM api_answer") == []
    assert not list(runtime.storage.glob("uploads/*"))
