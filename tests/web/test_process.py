"""The web process itself: killed, without disk, asked to end; and what it says to strangers and to the log."""

import resource
import signal

import pytest

from tests.web.conftest import SECRET, WORD, signed

BODY = b'{"object":"page","entry":[]}'


@pytest.mark.databases("sqlite", "postgresql")
def test_what_was_acknowledged_survives_a_kill(spawn):
    process = spawn()
    bodies = [b"%d" % n for n in range(20)]
    for body in bodies:
        assert process.post("/webhooks/meta", body, signed(body)).status_code == 200
    process.process.kill()
    process.process.wait()
    assert process.bodies() == bodies


@pytest.mark.databases("sqlite")
def test_a_full_disk_is_never_an_acknowledgement(spawn):
    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    process = spawn(full)
    large, small = b"l" * 1_000_000, b"small"
    assert process.post("/webhooks/meta", large, signed(large)).status_code == 503
    assert process.post("/webhooks/meta", small, signed(small)).status_code == 200
    assert process.bodies() == [small]


def test_nothing_secret_is_said_or_logged(spawn):
    process = spawn(PAGECAST_ORBIT_WEBHOOK_SECRET="@{secret:ORBIT_HOOK}", ORBIT_HOOK="whsec_hidden")
    body = b'{"text":"private words"}' * 50_000
    answers = [
        process.get("/webhooks/meta", **{"hub.mode": "subscribe", "hub.verify_token": "guessed", "hub.challenge": "1"}),
        process.post("/webhooks/meta", body, signed(body, "guessed")),
        process.post("/webhooks/orbit", body, {"X-Devotel-Signature": "t=1,v1=00"}),
        process.post("/webhooks/meta", body * 10, signed(body * 10)),
        process.post("/webhooks/meta", body, signed(body)),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 413, 200]
    process.refusals(4)
    said = process.end() + "".join(f"{answer.text} {answer.headers}" for answer in answers)
    assert process.process.returncode in {0, -signal.SIGTERM}
    assert "wrong_signature" in said
    for secret in (SECRET, WORD, "whsec_hidden", "guessed", "private words", signed(body)["X-Hub-Signature-256"]):
        assert secret not in said
    assert "server" not in answers[0].headers


def test_a_secret_that_is_nowhere_is_named(spawn):
    process = spawn(PAGECAST_META_APP_SECRET="@{secret:NOWHERE}")
    assert process.post("/webhooks/meta", BODY, signed(BODY)).status_code == 403
    assert "NOWHERE is not set" in process.end()
