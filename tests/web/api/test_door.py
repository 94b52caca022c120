"""Who comes in, who does not, and what each is told."""

import pytest
import structlog

from campaigns import keys
from campaigns.runtime import now_of
from campaigns.web.api.door import ATTEMPTS, Attempts
from tests.web.api.conftest import Caller

WRONG = f"pc_{'0' * 10}_{'0' * 64}"


@pytest.mark.databases("sqlite", "postgresql")
def test_a_key_says_who_it_is(sender):
    me = sender.get("/me")
    assert (me["name"], me["actor"], me["role"]) == ("sender", "key:sender", "sender")
    assert "campaigns.launch" in me["rights"]
    assert "keys" not in me["rights"]


@pytest.mark.parametrize("path", ["/me", "/openapi.json", "/nothing", "/docs", ""])
def test_strangers_learn_nothing(stranger, path):
    answer = stranger("GET", path)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize("secret", [WRONG, "", "pc_", "x" * 10_000])
def test_a_wrong_key_is_no_key(site, secret):
    assert Caller(site, secret)("GET", "/me").status_code == 401


def test_a_revoked_key_ends_at_once(viewer, runtime):
    viewer.get("/me")
    with runtime.writing() as conn:
        keys.revoke(conn, "viewer", now=now_of(conn), actor="test")
    assert viewer("GET", "/me").status_code == 401


def test_wrong_keys_are_limited_and_right_ones_still_come_in(site, viewer):
    stranger = Caller(site, WRONG)
    assert [stranger("GET", "/me").status_code for _ in range(ATTEMPTS)] == [401] * ATTEMPTS
    answer = stranger("GET", "/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_attempts")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    viewer.get("/me")


def test_a_minute_later_one_may_try_again():
    now = 1000.0
    attempts = Attempts(lambda: now)
    assert [attempts.wrong("a") for _ in range(ATTEMPTS + 1)] == [0] * ATTEMPTS + [61]
    assert attempts.wrong("b") == 0
    now += 60
    assert attempts.wrong("a") == 0


def test_strangers_fill_no_memory():
    attempts = Attempts()
    for n in range(10_050):
        attempts.wrong(str(n))
    assert len(attempts._times) == 10_000


def test_a_request_has_an_id(viewer):
    answer = viewer("GET", "/me")
    assert answer.json()["meta"]["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["meta"]["timestamp"].endswith("Z")
    mine = viewer("GET", "/me", headers={"X-Request-Id": "order-17"})
    assert mine.json()["meta"]["request_id"] == mine.headers["x-request-id"] == "order-17"
    odd = viewer("GET", "/me", headers={"X-Request-Id": "<script>"})
    assert odd.headers["x-request-id"].startswith("req_")


def test_what_is_not_there_is_said_in_the_envelope(viewer):
    for method, path, status, code in (
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/me", 405, "method_not_allowed"),
    ):
        answer = viewer(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert set(answer.json()) == {"error", "meta"}


@pytest.mark.parametrize("path", ["/api/v1", "/api/campaigns", "/api/v2/campaigns", "/api/v1/../x"])
def test_beside_the_api_there_is_no_login_either(site, viewer, path):
    url = f"http://pagecast{path}"
    answer = viewer("GET", url)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert answer.json()["meta"]["request_id"] == answer.headers["x-request-id"] != ""
    assert Caller(site, None)("GET", url).status_code == 401


def test_the_last_use_is_written_down_once_a_minute(viewer, runtime):
    viewer.get("/me")
    with runtime.reading() as conn:
        first = keys.listed(conn)[0].last_used_at
        assert abs(first - now_of(conn)) < 60_000
    viewer.get("/me")
    with runtime.reading() as conn:
        key = keys.listed(conn)[0]
        assert key.last_used_at == first
        assert keys.is_used_anew(key, first + 60_001)


def test_health_needs_no_key(site):
    stranger = Caller(site, None)
    stranger_url = "http://pagecast/healthz"
    assert stranger("GET", stranger_url).status_code == 200
    assert stranger("GET", "http://pagecast/readyz").status_code == 200


def test_what_breaks_is_told_without_its_words(viewer, site):
    app = next(route.app for route in site.routes if getattr(route, "path", "") == "/api/v1")

    words = "private words"

    @app.get("/broken")
    def broken():
        raise RuntimeError(words)

    with structlog.testing.capture_logs() as logged:
        answer = viewer("GET", "/broken")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert words not in answer.text + str(logged)
    assert logged[0]["request_id"] in answer.json()["error"]["message"]
