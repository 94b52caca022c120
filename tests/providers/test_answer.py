"""Every code of the documented tables, one labelled case each, written out here and not read from the tables."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.providers import PROVIDERS
from campaigns.providers.meta import errors as meta_errors
from campaigns.providers.orbit import errors as orbit_errors
from schemas.outcome import Scope, Verdict
from schemas.page import ProviderName
from schemas.reason import Reason

ACCEPTED, PERSON, LATER, MESSAGE, SENDER, THROTTLED, UNKNOWN, FOREIGN = (
    Verdict.ACCEPTED,
    Verdict.REFUSED_RECIPIENT,
    Verdict.DEFERRED,
    Verdict.REFUSED_MESSAGE,
    Verdict.REFUSED_SENDER,
    Verdict.THROTTLED,
    Verdict.UNKNOWN,
    Verdict.FOREIGN,
)
NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
KEY, APP, ONE = Scope.KEY, Scope.APP, Scope.SENDER
RESTRICTED, TOKEN_INVALID = Reason.SENDER_RESTRICTED, Reason.TOKEN_INVALID
AWAY, REJECTED, MEDIA = Reason.PERSON_UNAVAILABLE, Reason.MESSAGE_REJECTED, Reason.MEDIA_REJECTED

META_CODES: dict[str, tuple[Verdict, Reason | None, Scope]] = {
    "0": (SENDER, TOKEN_INVALID, ONE),
    "1": (UNKNOWN, None, ONE),
    "1-1357046": (UNKNOWN, None, ONE),
    "2": (UNKNOWN, None, ONE),
    "2-1545133": (UNKNOWN, None, ONE),
    "2-2018344": (SENDER, RESTRICTED, ONE),
    "3": (SENDER, RESTRICTED, ONE),
    "4": (THROTTLED, None, APP),
    "4-2018022": (THROTTLED, None, APP),
    "4-2018354": (LATER, None, ONE),
    "4-1349210": (THROTTLED, None, APP),
    "4-1349211": (THROTTLED, None, APP),
    "4-1349212": (THROTTLED, None, APP),
    "9-2018352": (THROTTLED, None, ONE),
    "10": (SENDER, RESTRICTED, ONE),
    "10-2018278": (PERSON, Reason.WINDOW_CLOSED, ONE),
    "10-2534022": (PERSON, Reason.WINDOW_CLOSED, ONE),
    "10-2018065": (PERSON, Reason.WINDOW_CLOSED, ONE),
    "10-2018108": (PERSON, AWAY, ONE),
    "10-1893015": (PERSON, Reason.OPTED_OUT, ONE),
    "10-2534077": (SENDER, RESTRICTED, ONE),
    "10-1404170": (SENDER, RESTRICTED, ONE),
    "10-1893063": (SENDER, RESTRICTED, ONE),
    "17": (THROTTLED, None, ONE),
    "32": (THROTTLED, None, ONE),
    "100": (MESSAGE, REJECTED, ONE),
    "100-33": (SENDER, RESTRICTED, ONE),
    "100-2018001": (PERSON, Reason.NO_SUCH_PERSON, ONE),
    "100-2534014": (PERSON, Reason.NO_SUCH_PERSON, ONE),
    "100-2018008": (MESSAGE, MEDIA, ONE),
    "100-2018047": (MESSAGE, MEDIA, ONE),
    "100-2018074": (MESSAGE, MEDIA, ONE),
    "100-2018109": (MESSAGE, MEDIA, ONE),
    "100-2018294": (MESSAGE, MEDIA, ONE),
    "100-2018300": (PERSON, Reason.THREAD_OWNED_ELSEWHERE, ONE),
    "100-2534013": (SENDER, RESTRICTED, ONE),
    "100-2534015": (MESSAGE, REJECTED, ONE),
    "100-2534029": (SENDER, RESTRICTED, ONE),
    "100-2534037": (PERSON, Reason.THREAD_OWNED_ELSEWHERE, ONE),
    "102": (SENDER, TOKEN_INVALID, ONE),
    "190": (SENDER, TOKEN_INVALID, ONE),
    "190-458": (SENDER, TOKEN_INVALID, ONE),
    "190-459": (SENDER, TOKEN_INVALID, ONE),
    "190-460": (SENDER, TOKEN_INVALID, ONE),
    "190-463": (SENDER, TOKEN_INVALID, ONE),
    "190-464": (SENDER, TOKEN_INVALID, ONE),
    "190-467": (SENDER, TOKEN_INVALID, ONE),
    "190-492": (SENDER, TOKEN_INVALID, ONE),
    "200": (SENDER, RESTRICTED, ONE),
    "200-1545041": (PERSON, AWAY, ONE),
    "200-2018021": (SENDER, RESTRICTED, ONE),
    "200-2018027": (SENDER, RESTRICTED, ONE),
    "200-2018028": (SENDER, RESTRICTED, ONE),
    "200-2534041": (SENDER, RESTRICTED, ONE),
    "230": (SENDER, RESTRICTED, ONE),
    "341": (THROTTLED, None, APP),
    "368": (SENDER, RESTRICTED, ONE),
    "506": (MESSAGE, REJECTED, ONE),
    "551": (PERSON, AWAY, ONE),
    "551-1545041": (PERSON, AWAY, ONE),
    "613": (THROTTLED, None, ONE),
    "613-1996": (THROTTLED, None, APP),
    "613-1893016": (PERSON, Reason.FREQUENCY_CAP, ONE),
    "613-2018338": (PERSON, Reason.POLICY_REFUSED, ONE),
    "613-2534040": (THROTTLED, None, ONE),
    "1200": (UNKNOWN, None, ONE),
    "2022": (SENDER, RESTRICTED, ONE),
    "2500": (SENDER, RESTRICTED, ONE),
    "10900": (MESSAGE, REJECTED, ONE),
    "36103": (SENDER, RESTRICTED, ONE),
    **{str(code): (THROTTLED, None, ONE) for code in range(80000, 80015)},
    "1609005": (MESSAGE, REJECTED, ONE),
    "2018321": (LATER, None, ONE),
    "2534001": (PERSON, AWAY, ONE),
    "9000001": (MESSAGE, REJECTED, ONE),
    # no row of their own: the subcode under any code, the bare code, a range
    "10-2018321": (LATER, None, ONE),
    "100-2534001": (PERSON, AWAY, ONE),
    "10-77": (SENDER, RESTRICTED, ONE),
    "100-77": (MESSAGE, REJECTED, ONE),
    "613-77": (THROTTLED, None, ONE),
    "2-77": (UNKNOWN, None, ONE),
    "5": (SENDER, RESTRICTED, ONE),
    "99": (SENDER, RESTRICTED, ONE),
    "201-77": (SENDER, RESTRICTED, ONE),
    "299": (SENDER, RESTRICTED, ONE),
    "300": (UNKNOWN, None, ONE),
    "101": (UNKNOWN, None, ONE),
    "80015": (UNKNOWN, None, ONE),
    "4242-99": (UNKNOWN, None, ONE),
}

ORBIT_CODES: dict[str, tuple[int, Verdict, Reason | None, Scope]] = {
    "IG_NOT_AUTHORIZED": (401, SENDER, TOKEN_INVALID, ONE),
    "IG_OUTSIDE_MESSAGING_WINDOW": (422, PERSON, Reason.WINDOW_CLOSED, ONE),
    "IG_NOT_BUSINESS_ACCOUNT": (422, SENDER, RESTRICTED, ONE),
    "IG_RECIPIENT_OPTED_OUT": (422, PERSON, Reason.OPTED_OUT, ONE),
    "IG_RATE_LIMITED": (429, THROTTLED, None, ONE),
    "RATE_LIMITED": (429, THROTTLED, None, KEY),
    "RATE_LIMIT_EXCEEDED": (429, THROTTLED, None, KEY),
    "UNAUTHORIZED": (401, SENDER, TOKEN_INVALID, ONE),
    "INVALID_API_KEY": (401, SENDER, TOKEN_INVALID, ONE),
    "EXPIRED_TOKEN": (401, SENDER, TOKEN_INVALID, ONE),
    "INSUFFICIENT_PERMISSIONS": (403, SENDER, RESTRICTED, ONE),
    "FORBIDDEN": (403, SENDER, RESTRICTED, ONE),
    "WRONG_KEY_MODE": (403, SENDER, RESTRICTED, ONE),
    "IP_NOT_ALLOWED": (403, SENDER, RESTRICTED, ONE),
    "VALIDATION_ERROR": (400, MESSAGE, REJECTED, ONE),
    "INVALID_TEMPLATE": (422, MESSAGE, REJECTED, ONE),
    "MISSING_REQUIRED_FIELD": (422, MESSAGE, REJECTED, ONE),
    "INVALID_WEBHOOK_URL": (422, MESSAGE, REJECTED, ONE),
    "INVALID_CURSOR": (400, MESSAGE, REJECTED, ONE),
    "NOT_FOUND": (404, SENDER, RESTRICTED, ONE),
    "BALANCE_TOO_LOW": (402, SENDER, RESTRICTED, ONE),
    "MESSAGE_SEND_FAILED": (500, UNKNOWN, None, ONE),
    "INTERNAL_ERROR": (500, UNKNOWN, None, ONE),
    # no row of their own: a twin on Messenger, the status
    "MESSENGER_OUTSIDE_MESSAGING_WINDOW": (422, PERSON, Reason.WINDOW_CLOSED, ONE),
    "MSGR_RECIPIENT_OPTED_OUT": (422, PERSON, Reason.OPTED_OUT, ONE),
    "CODE_OF_400": (400, MESSAGE, REJECTED, ONE),
    "CODE_OF_401": (401, SENDER, TOKEN_INVALID, ONE),
    "CODE_OF_402": (402, SENDER, RESTRICTED, ONE),
    "CODE_OF_403": (403, SENDER, RESTRICTED, ONE),
    "CODE_OF_404": (404, SENDER, RESTRICTED, ONE),
    "CODE_OF_408": (408, UNKNOWN, None, ONE),
    "CODE_OF_409": (409, UNKNOWN, None, ONE),
    "CODE_OF_413": (413, MESSAGE, REJECTED, ONE),
    "CODE_OF_415": (415, MESSAGE, REJECTED, ONE),
    "CODE_OF_418": (418, UNKNOWN, None, ONE),
    "CODE_OF_422": (422, MESSAGE, REJECTED, ONE),
    "CODE_OF_429": (429, THROTTLED, None, KEY),
    "CODE_OF_503": (503, UNKNOWN, None, ONE),
}
OPT_OUTS = {"10-1893015", "IG_RECIPIENT_OPTED_OUT", "MSGR_RECIPIENT_OPTED_OUT"}


def graph_error(written: str, message: str = "(#10) Fora da janela") -> dict[str, object]:
    code, _, subcode = written.partition("-")
    error = {"message": message, "type": "OAuthException", "code": int(code), "fbtrace_id": "AbC-1_x="}
    return {"error": error | ({"error_subcode": int(subcode)} if subcode else {})}


def orbit_error(code: str, status: int, **details: object) -> dict[str, object]:
    error = {"code": code, "message": "no", "status": status, "details": details}
    return {"error": error, "meta": {"request_id": "req_1", "timestamp": "2026-10-01T12:00:00Z"}}


@pytest.mark.parametrize("written", META_CODES)
@pytest.mark.parametrize("status", [400, 403])
def test_meta_code(written, status, understood, token):
    verdict, reason, scope = META_CODES[written]
    outcome = understood("meta", status, graph_error(written, f"Malformed access token {token}"))
    assert (outcome.verdict, outcome.reason, outcome.scope, outcome.code) == (verdict, reason, scope, written)
    assert outcome.suppress == (written in OPT_OUTS)
    assert outcome.request_id == "AbC-1_x="
    assert outcome.sentence.endswith(".")


@pytest.mark.parametrize("code", ORBIT_CODES)
def test_orbit_code(code, understood, token):
    status, verdict, reason, scope = ORBIT_CODES[code]
    outcome = understood("orbit", status, orbit_error(code, status, value=token))
    assert (outcome.verdict, outcome.reason, outcome.scope, outcome.code) == (verdict, reason, scope, code)
    assert outcome.suppress == (code in OPT_OUTS)
    assert outcome.request_id == "req_1"
    assert outcome.sentence.endswith(".")


def test_every_row_has_its_case():
    assert {code for code in meta_errors.ERRORS if not code.startswith("*")} <= set(META_CODES)
    assert set(orbit_errors.ERRORS) <= set(ORBIT_CODES)
    assert {f"CODE_OF_{status}" for status in orbit_errors.STATUSES} <= set(ORBIT_CODES)


def test_try_later_codes_are_unknown_and_never_the_sent_one():
    assert {code for code, row in META_CODES.items() if row[0] is UNKNOWN} >= meta_errors.TRY_LATER
    assert {code for code, row in ORBIT_CODES.items() if row[1] is UNKNOWN} >= orbit_errors.TRY_LATER
    assert PROVIDERS[ProviderName.META].try_later == {"1", "2", "2-1545133", "1200"}
    assert PROVIDERS[ProviderName.ORBIT].try_later == {"INTERNAL_ERROR"}


class Case(NamedTuple):
    label: str
    provider: str
    status: int
    body: object
    verdict: Verdict
    code: str
    headers: dict[str, str] | None = None
    wait: float | None = None
    scope: Scope = ONE


HTML, HTML_TYPE = b"<html>hello</html>", {"content-type": "text/html"}
WINDOW = "IG_OUTSIDE_MESSAGING_WINDOW"
AFTER = {"retry-after": "9"}
CASES = [
    Case("known refusal in a 500", "meta", 500, graph_error("10-2018278"), PERSON, "10-2018278"),
    Case("code of a range in a 500", "meta", 500, graph_error("5"), UNKNOWN, "5"),
    Case("error in a 200", "meta", 200, graph_error("10-2534022"), PERSON, "10-2534022"),
    Case("codes as text", "meta", 400, {"error": {"code": "10", "error_subcode": "2534022"}}, PERSON, "10-2534022"),
    Case("subcode null", "meta", 400, {"error": {"code": 190, "error_subcode": None}}, SENDER, "190"),
    Case("code true", "meta", 400, {"error": {"code": True}}, FOREIGN, "http-400"),
    Case("429 of unknown code", "meta", 429, graph_error("4242"), THROTTLED, "4242"),
    Case("429 with HTML", "meta", 429, HTML, THROTTLED, "http-429", HTML_TYPE),
    Case("429 without a code", "orbit", 429, {}, THROTTLED, "http-429", scope=KEY),
    Case("Retry-After and no error", "meta", 503, b"", THROTTLED, "http-503", AFTER, 9.0),
    Case("Retry-After and a gateway's page", "orbit", 503, HTML, THROTTLED, "http-503", HTML_TYPE | AFTER, 9.0, KEY),
    Case("Retry-After and an unknown code", "meta", 400, graph_error("4242"), THROTTLED, "4242", AFTER, 9.0),
    Case("Retry-After and a refusal", "meta", 400, graph_error("10-2534022"), PERSON, "10-2534022", AFTER, 9.0),
    Case("Retry-After and an ambiguous code", "meta", 500, graph_error("2"), UNKNOWN, "2", AFTER, 9.0),
    Case("Retry-After on a redirect", "meta", 302, b"", FOREIGN, "http-302", AFTER, 9.0),
    Case(
        "usage minutes",
        "meta",
        400,
        graph_error("80006"),
        THROTTLED,
        "80006",
        {"x-business-use-case-usage": '{"1": [{"type": "messenger", "estimated_time_to_regain_access": 2}]}'},
        120.0,
    ),
    Case(
        "Orbit's details",
        "orbit",
        429,
        orbit_error("RATE_LIMITED", 429, retry_after=12, limit=100, window="60s"),
        THROTTLED,
        "RATE_LIMITED",
        wait=12.0,
        scope=KEY,
    ),
    Case("reset and a refusal", "orbit", 422, orbit_error("X", 422), MESSAGE, "X", {"x-ratelimit-reset": "1790856030"}),
    Case(
        "reset and a limit",
        "orbit",
        429,
        orbit_error("IG_RATE_LIMITED", 429),
        THROTTLED,
        "IG_RATE_LIMITED",
        {"x-ratelimit-reset": "1790856030"},
        30.0,
    ),
    Case("the error's status wins", "orbit", 400, orbit_error("NEW", 403), SENDER, "NEW"),
    Case("the error's 500 wins", "orbit", 400, orbit_error("NEW", 500), UNKNOWN, "NEW"),
    Case("HTTP's 409 wins", "orbit", 409, orbit_error("NEW", 422), UNKNOWN, "NEW"),
    Case("409 with nothing", "orbit", 409, b"", UNKNOWN, "http-409"),
    Case("409 with a refusal", "orbit", 409, orbit_error("IG_OUTSIDE_MESSAGING_WINDOW", 409), PERSON, WINDOW),
    Case("HTTP's 500 wins", "orbit", 500, orbit_error("NEW", 422), UNKNOWN, "NEW"),
    Case("code in small letters", "orbit", 400, orbit_error("dv_live_sk_1", 400), FOREIGN, "http-400"),
    *(
        case
        for provider in ("meta", "orbit")
        for case in (
            Case("500 with nothing", provider, 500, b"", UNKNOWN, "http-500"),
            Case("gateway's page", provider, 502, HTML, UNKNOWN, "http-502", HTML_TYPE),
            Case("504", provider, 504, {"message": "upstream"}, UNKNOWN, "http-504"),
            Case("408", provider, 408, b"", UNKNOWN, "http-408"),
            Case("200 without an id", provider, 200, {"recipient_id": "1", "data": {}}, UNKNOWN, "http-200"),
            Case("200 cut off", provider, 200, b'{"message_id":"m_', UNKNOWN, "http-200"),
            Case("204", provider, 204, b"", UNKNOWN, "http-204", {"content-type": ""}),
            Case("200 with a list", provider, 200, [], UNKNOWN, "http-200"),
            Case("200 with deep nesting", provider, 200, b"[" * 100_000, UNKNOWN, "http-200"),
            Case("200 with undeclared JSON", provider, 200, {"status": "ok"}, UNKNOWN, "http-200", HTML_TYPE),
            Case("id of blanks", provider, 200, {"message_id": "a b", "data": {"id": "a\n"}}, UNKNOWN, "http-200"),
            Case("id empty", provider, 200, {"message_id": "", "data": {"id": ""}}, UNKNOWN, "http-200"),
            Case("half a surrogate", provider, 200, {"message_id": "\ud83d", "data": "\ud83d"}, UNKNOWN, "http-200"),
            Case("captive portal", provider, 200, HTML, FOREIGN, "http-200", HTML_TYPE),
            Case("redirect", provider, 301, HTML, FOREIGN, "http-301", HTML_TYPE | {"location": "https://x"}),
            Case("404 page", provider, 404, HTML, FOREIGN, "http-404", HTML_TYPE),
            Case("another API's error", provider, 400, {"detail": "no"}, FOREIGN, "http-400"),
            Case("error that is text", provider, 400, {"error": "no"}, FOREIGN, "http-400"),
            Case("an id in a 400", provider, 400, {"message_id": "m", "data": {"id": "m"}}, FOREIGN, "http-400"),
        )
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.provider} {case.label}")
def test_answer(case, understood):
    outcome = understood(case.provider, case.status, case.body, case.headers)
    assert (outcome.verdict, outcome.code) == (case.verdict, case.code)
    assert (outcome.wait, outcome.scope) == (case.wait, case.scope)
    assert outcome.message_id is None
    assert outcome.sentence.endswith(".")


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    ("provider", "answer", "ids"),
    [
        ("meta", ({"recipient_id": "1", "message_id": "m_1"},), ("m_1", None)),
        ("meta", ({"message_id": "aWdf:1=="}, {"x-fb-trace-id": "T1"}), ("aWdf:1==", "T1")),
        ("orbit", ({"data": {"message_id": "msg_ig_1"}, "meta": {"request_id": "req_1"}},), ("msg_ig_1", "req_1")),
        ("orbit", ({"data": {"id": "msg_ig_2"}, "meta": None}, {"X-Request-Id": "req_2"}), ("msg_ig_2", "req_2")),
        ("orbit", ({"data": {"message_id": None, "id": 17}}, AFTER), ("17", None)),
    ],
)
def test_accepted(status, provider, answer, ids, understood):
    outcome = understood(provider, status, *answer)
    assert (outcome.verdict, outcome.message_id, outcome.request_id) == (ACCEPTED, *ids)
    assert (outcome.code, outcome.reason, outcome.wait, outcome.sentence) == ("", None, None, "")


def test_usage_of_our_own_account_alone(understood):
    used = '{"1": [{"estimated_time_to_regain_access": 2}], "2": [{"estimated_time_to_regain_access": 50}]}'
    headers = {"x-business-use-case-usage": used}
    assert understood("meta", 400, graph_error("80006"), headers, account_id="1").wait == 120.0


NAMES = st.sampled_from(
    ["error", "data", "meta", "message_id", "id", "code", "error_subcode", "status", "details", "request_id"]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["10", 190, "RATE_LIMITED"])
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5))
BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
@given(body=BODIES, status=st.integers(200, 599), kind=st.sampled_from(["application/json", "text/html", ""]))
def test_no_answer_raises_or_counts_as_accepted_without_an_id(provider, body, status, kind):
    outcome = provider.outcome(httpx.Response(status, headers={"content-type": kind}, content=body), NOW)
    assert (outcome.verdict is ACCEPTED) == bool(outcome.message_id)
    assert outcome.verdict is ACCEPTED or (outcome.code and outcome.sentence)
    assert outcome.verdict is not ACCEPTED or 200 <= status < 300
    json.dumps([outcome.message_id, outcome.request_id, outcome.code]).encode("ascii")
