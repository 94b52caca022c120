"""Whatever is logged, by us or by a library, is one line in one form, and no secret is in it."""

import io
import json
import logging
import sys

import httpx
import pytest
import structlog
from pydantic import SecretStr

from campaigns import log

META = "EAAGm0PX4ZCpsBAKZCx9s8fZA"
INSTAGRAM = "IGAAJx5vlZBWpBBZAFN0aGl4"
APP = "123456789012345|Ab3dEf6hIj9kLm2nOp5qRs8tUv"
ORBIT = "dv_live_sk_9f8e7d6c5b4a"
OURS = "pc_0123456789_" + "ab" * 32
HOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLAIN = "correcthorsebattery"
"""A secret without a shape of its own: only its name gives it away."""
SHAPED = (META, INSTAGRAM, APP, ORBIT, OURS, HOOK, "sim-17841400000000001")


@pytest.fixture(autouse=True)
def as_before():
    """Leave neither structlog nor the root logger changed."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers.clear()
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def configured(monkeypatch):
    """Return what configures logging as an entry point does; it returns what stands on stderr afterwards."""

    def configure(*, terminal=False):
        stderr = io.StringIO()
        stderr.isatty = lambda: terminal
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stderr)
            log.configure("test")
        return stderr.getvalue

    return configure


@pytest.fixture
def lines(configured):
    """Return the lines on stderr, as JSON."""
    written = configured()
    return lambda: [json.loads(line) for line in written().splitlines()]


def said(lines, **facts):
    structlog.get_logger().info("something", **facts)
    return lines()[0]


@pytest.mark.parametrize("secret", SHAPED)
@pytest.mark.parametrize(
    "form",
    [
        "{0}",
        "it is {0}.",
        "https://graph.facebook.com/v26.0/me?access_token={0}&fields=id",
        "Bearer {0}",
        '{{"error": "{0}"}}',
    ],
)
def test_secrets_are_known_by_their_shape(lines, secret, form):
    line = said(lines, error=form.format(secret))
    assert secret not in line["error"]
    assert "[hidden]" in line["error"]


@pytest.mark.parametrize(
    "text",
    [
        f"https://graph.facebook.com/me?access_token={PLAIN}&fields=id",
        f"https://x.test/cb?hub.verify_token={PLAIN}",
        f"https://x.test/?next=%2Fme%3Faccess_token%3D{PLAIN}",
        f"appsecret_proof={PLAIN}; client_secret={PLAIN}",
        f"X-API-Key: {PLAIN}",
        f"Authorization: Bearer {PLAIN}",
        f"authorization: Basic {PLAIN}",
        f"{{'x-api-key': '{PLAIN}'}}",
        f"{{'Authorization': 'Bearer {PLAIN}'}}",
        f'{{"access_token": "{PLAIN}"}}',
        f"[(b'x-api-key', b'{PLAIN}')]"[1:-1].replace(", ", ": "),
        f"X-Hub-Signature-256: sha256={PLAIN}",
        f"redis://:{PLAIN}@cache:6379/0",
        f"postgresql://pagecast:{PLAIN}@db/pagecast",
        f"ACME_TOKEN={PLAIN}",
    ],
)
def test_secrets_are_known_by_their_name_in_a_text(lines, text):
    line = said(lines, what=text)
    assert PLAIN not in line["what"]
    assert "[hidden]" in line["what"]


@pytest.mark.parametrize(
    "fact",
    [
        {"access_token": PLAIN},
        {"headers": {"X-API-Key": PLAIN, "Accept": "*/*"}},
        {"headers": [("authorization", PLAIN), ("accept", "*/*")]},
        {"raw": [(b"x-api-key", PLAIN.encode())]},
        {"page": {"name": "acme", "routes": [{"token": PLAIN}]}},
        {"cookie": PLAIN},
        {"database_password": SecretStr(PLAIN)},
        {"request": httpx.Request("GET", f"https://x.test/?access_token={PLAIN}")},
        {"error": ValueError(f"access_token={PLAIN}")},
        {"body": f"access_token={PLAIN}".encode()},
    ],
    ids=lambda fact: next(iter(fact)),
)
def test_secrets_are_found_however_deep_they_stand(lines, fact):
    text = json.dumps(said(lines, **fact))
    assert PLAIN not in text
    assert "*/*" in text or "accept" not in text.lower()


def test_what_stands_beside_a_secret_keeps_its_form(lines):
    line = said(lines, page={"name": "acme", "routes": [{"token": PLAIN, "rate": 36}]})
    assert line["page"] == {"name": "acme", "routes": [{"token": "[hidden]", "rate": 36}]}


def fail():
    raise ConnectionError(f"cannot reach https://graph.facebook.com/me?access_token={META}")


def test_secrets_in_exceptions_are_hidden_and_the_trace_stays(lines):
    try:
        fail()
    except ConnectionError:
        structlog.get_logger().exception("call.crashed")
    line = lines()[0]
    assert META not in json.dumps(line)
    assert "in fail" in line["exception"]
    assert line["level"] == "error"


def test_what_libraries_log_has_the_same_form(lines):
    try:
        fail()
    except ConnectionError:
        logging.getLogger("httpcore").warning("refused by %s", f"https://x.test/?access_token={PLAIN}", exc_info=True)
    logging.getLogger("httpx").info("HTTP Request: POST")
    line, *rest = lines()
    assert rest == []
    assert (line["logger"], line["level"], line["process"]) == ("httpcore", "warning", "test")
    assert line["event"] == "refused by https://x.test/?access_token=[hidden]"
    assert META not in line["exception"]


@pytest.mark.parametrize(
    "text",
    [
        "Meta does not accept the page's token: it is invalid, expired or revoked.",
        "The secret ACME_TOKEN is not set where the workers run.",
        "token = @{secret:ACME_TOKEN}",
        "page acme: 36/s of 36/s",
        "http://127.0.0.1:8000/metrics",
        "17841400000000001 at 12:00:00",
    ],
)
def test_what_is_no_secret_stays(lines, text):
    assert said(lines, what=text)["what"] == text


def test_figures_stay_whatever_their_name(lines):
    line = said(lines, failed={"token_invalid": 3}, tokens=7, secret=None)
    assert (line["failed"], line["tokens"], line["secret"]) == ({"token_invalid": 3}, 7, None)


def test_what_is_bound_is_on_every_line(lines):
    with structlog.contextvars.bound_contextvars(campaign="abcd", token=PLAIN):
        line = said(lines)
    assert (line["campaign"], line["token"], line["process"]) == ("abcd", "[hidden]", "test")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(("level", "seen"), [("info", 0), ("debug", 1), ("nonsense", 0)])
def test_debug_is_said_where_it_is_asked_for(monkeypatch, configured, level, seen):
    monkeypatch.setenv("PAGECAST_LOG", level)
    written = configured()
    structlog.get_logger().debug("answer")
    assert len(written().splitlines()) == seen


def test_on_a_terminal_it_is_for_people(configured):
    written = configured(terminal=True)
    structlog.get_logger().info("chunk.run", page="acme", token=PLAIN)
    assert "chunk.run" in written()
    assert "acme" in written()
    assert PLAIN not in written()
    assert not written().startswith("{")
