"""Who may drop a body, what becomes of it, and what everybody else is told."""

import base64
import hashlib
import hmac
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from structlog.testing import capture_logs

from campaigns.web import room
from tests.web.conftest import ENVIRONMENT, WORD, signed

HASH = "X-Hub-Signature-256"
BODY = rb'{"object":"instagram","entry":[{"id":"1","time":1,"messaging":[{"message":{"text":"\u00e4\u00f6\u00e5"}}]}]}'
SHAKE = {"hub.mode": "subscribe", "hub.challenge": "yarchallenge"}
ORBIT = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def digest(body, key=None):
    return hmac.new(key or ORBIT.encode(), body, hashlib.sha256)


def timestamped(body):
    t = str(int(time.time()))
    return {"X-Devotel-Signature": f"t={t},v1={digest(t.encode() + b'.' + body).hexdigest()}"}


def bare(body):
    return {"X-Devotel-Signature": digest(body).hexdigest()}


def standard(body):
    t, key = str(int(time.time())), base64.b64decode(ORBIT.removeprefix("whsec_"))
    word = base64.b64encode(digest(f"msg_1.{t}.".encode() + body, key).digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": t, "webhook-signature": f"v1,{word}"}


def test_the_handshake_is_answered_with_the_challenge_as_text(site):
    answer = site.get("/webhooks/meta", **SHAKE, **{"hub.verify_token": WORD})
    assert (answer.status_code, answer.text) == (200, "yarchallenge")
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_handshake_with_another_token_is_refused(site):
    answer = site.get("/webhooks/meta", **SHAKE, **{"hub.verify_token": "another"})
    assert answer.status_code == 403
    assert "yarchallenge" not in answer.text
    assert site.refusals() == {("meta", "handshake"): 1}


@pytest.mark.parametrize("word", ["", "anything"])
def test_without_a_verify_token_nobody_shakes_hands(serve, word):
    with serve() as site:
        assert site.get("/webhooks/meta", **SHAKE, **{"hub.verify_token": word}).status_code == 403
        assert site.refusals() == {("meta", "no_handshake"): 1}


@pytest.mark.databases("sqlite", "postgresql")
def test_a_signed_body_is_kept_as_it_came(site):
    golden = "32384e997817a7938cddcd81a3d0179ed0579a1aacf2a44a883cdb1a1fae75d8"
    answer = site.post("/webhooks/meta", BODY, {HASH: f"sha256={golden}"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert site.bodies() == [BODY]


@pytest.mark.parametrize("scheme", [timestamped, bare, standard], ids=lambda scheme: scheme.__name__)
def test_orbit_signs_in_three_ways(serve, scheme):
    with serve(PAGECAST_ORBIT_WEBHOOK_SECRET=ORBIT, PAGECAST_ORBIT_WEBHOOK_SCHEME=scheme.__name__) as site:
        assert site.post("/webhooks/orbit", BODY, scheme(BODY)).status_code == 200
        assert site.post("/webhooks/orbit", BODY + b" ", scheme(BODY)).status_code == 403
        assert site.post("/webhooks/meta", BODY, scheme(BODY)).status_code == 403
        assert site.bodies() == [BODY]


@pytest.mark.parametrize("secret", ["new", "old", "of_a_file"])
def test_each_of_several_secrets_signs(serve, tmp_path, secret):
    (tmp_path / "APP").write_text("of_a_file,\n")
    with serve(PAGECAST_META_APP_SECRET="new, old ,@{secret:APP},", PAGECAST_SECRETS_DIR=str(tmp_path)) as site:
        assert site.post("/webhooks/meta", BODY, signed(BODY, secret)).status_code == 200
        assert site.post("/webhooks/meta", BODY, signed(BODY, "")).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(BODY + b" "),
        signed(BODY, "another"),
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": "ä"},
    ],
    ids=["none", "another body", "another secret", "empty", "no hash"],
)
def test_a_wrong_signature_is_refused_counted_and_not_kept(site, headers):
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    assert site.post("/webhooks/meta", BODY, encoded).status_code == 403
    assert site.refusals() == {("meta", "wrong_signature"): 1}
    assert site.bodies() == []


@pytest.mark.parametrize(
    "setting", [{}, {"PAGECAST_META_APP_SECRET": " , "}, {"PAGECAST_META_APP_SECRET": "@{secret:NO}"}]
)
def test_without_a_secret_nobody_is_let_in(serve, setting):
    with serve(**setting) as site:
        assert site.post("/webhooks/meta", BODY, signed(BODY, "")).status_code == 403
        assert site.post("/webhooks/orbit", BODY, bare(BODY)).status_code == 403
        assert site.refusals(2) == {("meta", "no_secret"): 1, ("orbit", "no_secret"): 1}


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_cap_is_refused_and_one_below_is_not(site, chunked):
    def sent(body):
        return (body[i : i + 65_536] for i in range(0, len(body), 65_536)) if chunked else body

    most, more = b"x" * room.LARGEST, b"x" * (room.LARGEST + 1)
    assert site.post("/webhooks/meta", sent(most), signed(most)).status_code == 200
    assert site.post("/webhooks/meta", sent(more), signed(more)).status_code == 413
    assert site.refusals() == {("meta", "too_large"): 1}
    assert site.bodies() == [most]


def test_refusals_of_a_second_are_one_line_without_body_or_secret(site, monkeypatch):
    monkeypatch.setattr("campaigns.web.refusals._EVERY", 0.5)
    with capture_logs() as lines:
        for _ in range(5):
            site.post("/webhooks/meta", BODY, signed(BODY, "another"))
        site.refusals(5)
    told = [line for line in lines if line["event"] == "webhooks.refused"]
    # On a busy machine the five take longer than a moment that is told of together.
    assert sum(line.pop("n") for line in told) == 5 > len(told)
    about = {"event": "webhooks.refused", "log_level": "warning", "provider": "meta", "reason": "wrong_signature"}
    assert told == [about] * len(told)


def test_what_is_refused_last_is_counted_when_the_process_ends(serve, monkeypatch):
    monkeypatch.setattr("campaigns.web.refusals._EVERY", 60)
    with serve(**ENVIRONMENT) as site:
        site.post("/webhooks/meta", BODY)
    with serve(**ENVIRONMENT) as site:
        assert {each.n for each in site.inbox.refusals(0)} == {1}


@pytest.mark.databases("sqlite")
def test_a_locked_inbox_is_a_503_and_holds_nobody_else_up(serve, runtime, monkeypatch):
    monkeypatch.setattr("campaigns.inbox.place._PATIENCE_MS", 500)
    with serve(**ENVIRONMENT) as site:
        with locked(runtime.settings.home / "inbox.sqlite3"), ThreadPoolExecutor(1) as platform:
            waits = platform.submit(site.post, "/webhooks/meta", BODY, signed(BODY))
            assert site.get("/healthz").status_code == 200
            assert not waits.done()
            answer = waits.result()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert site.post("/webhooks/meta", BODY, signed(BODY)).status_code == 200
        assert site.bodies() == [BODY]


@pytest.mark.databases("postgresql")
def test_a_database_that_does_not_answer_is_a_503_and_the_body_may_come_twice(serve, runtime, monkeypatch):
    monkeypatch.setattr("campaigns.web.webhooks._KEEPING", 0.3)
    with serve(**ENVIRONMENT) as site:
        with runtime.writing() as conn:
            conn.exec_driver_sql("LOCK TABLE webhook_body")
            assert site.post("/webhooks/meta", BODY, signed(BODY)).status_code == 503
        assert site.post("/webhooks/meta", BODY, signed(BODY)).status_code == 200
        assert site.bodies() == [BODY, BODY]


@contextmanager
def locked(file):
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.databases("sqlite", "postgresql")
def test_all_that_come_at_once_are_kept(site):
    bodies = [b"%d" % n for n in range(200)]
    with ThreadPoolExecutor(20) as platform:
        answers = platform.map(lambda body: site.post("/webhooks/meta", body, signed(body)), bodies)
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(site.bodies()) == sorted(bodies)


def test_health(site):
    assert site.get("/healthz").json() == {"status": "ok"}
    assert site.get("/readyz").json() == {"status": "ok"}


def test_a_web_process_without_its_tables_is_not_ready(site, runtime):
    with runtime.writing() as conn:
        conn.exec_driver_sql("ALTER TABLE campaign RENAME TO elsewhere")
    assert site.get("/readyz").status_code == 503
