"""Devotel Orbit as the receiving side of `POST /api/v1/messages/{instagram|messenger}`.

Envelope, codes and headers as documented at autumn 2026 (channel page of 2026-05-09, error-codes and rate-limits
pages). Any key `sim-…` is good; the sender is the body's `from`. Words of errors are ours.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from campaigns.simulator.answer import JSON, Answer, Call, Headers, Moment, Wait, date, decode, encode, is_throttle
from campaigns.simulator.scenario import Scenario

TYPES = {"text", "image", "video", "audio", "file", "template", "quick_replies"}
TEXT_LIMITS = {"instagram": ("bytes", 1000), "messenger": ("characters", 2000)}
MOST_QUICK_REPLIES = 13
PREFIXES = {"instagram": "msg_ig_", "messenger": "msg_msgr_"}

FATES = {
    "no_such_person": "NOT_FOUND",
    "blocked": "IG_RECIPIENT_OPTED_OUT",
    "owned_elsewhere": "MESSAGE_SEND_FAILED",
    "unavailable": "MESSAGE_SEND_FAILED",
    "window_closed": "IG_OUTSIDE_MESSAGING_WINDOW",
    "try_later": "INTERNAL_ERROR",
    "unknown_error": "INTERNAL_ERROR",
}

STATUSES = {
    "BALANCE_TOO_LOW": 402,
    "EXPIRED_TOKEN": 401,
    "FORBIDDEN": 403,
    "IG_NOT_AUTHORIZED": 401,
    "IG_RATE_LIMITED": 429,
    "INSUFFICIENT_PERMISSIONS": 403,
    "INTERNAL_ERROR": 500,
    "INVALID_API_KEY": 401,
    "MESSAGE_SEND_FAILED": 500,
    "NOT_FOUND": 404,
    "RATE_LIMITED": 429,
    "RATE_LIMIT_EXCEEDED": 429,
    "UNAUTHORIZED": 401,
    "WRONG_KEY_MODE": 403,
}


class Orbit:
    """Reads calls and writes answers the way Orbit does."""

    name = "orbit"
    limit_code = "IG_RATE_LIMITED"
    key_code = "RATE_LIMITED"
    internal_code = "INTERNAL_ERROR"
    invalid_code = "VALIDATION_ERROR"

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def read(self, channel: str, headers: Mapping[bytes, bytes], body: bytes) -> Call:
        """Read a request; what is wrong with it stands in the call."""
        bearer = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ")
        key = headers.get(b"x-api-key", b"").decode("latin-1") or bearer
        call = Call(channel, prefix=PREFIXES[channel], bucket=f"{key} {channel}")
        call.key = headers.get(b"idempotency-key", b"").decode("latin-1")
        if not key.startswith("sim-"):
            call.denied = "INVALID_API_KEY" if key else "UNAUTHORIZED"
            return call
        _read_body(call, decode(body))
        if call.account in self._scenario.revoked:
            call.denied = "IG_NOT_AUTHORIZED"
        else:
            call.denied = self._scenario.account_codes.get(call.account, "")
        return call

    def listing(self, call: Call, moment: Moment) -> Answer:
        """Return the answer to a key that asks for messages; it is shown none."""
        if call.denied in {"INVALID_API_KEY", "UNAUTHORIZED"}:
            return self.error(call, call.denied, moment)
        return Answer(200, _headers(moment), encode({"data": [], "meta": _meta(moment)}))

    def code_of(self, fate: str, call: Call) -> str:
        """Return Orbit's code for a named fate; a Graph code becomes what Orbit says for a refusal downstream."""
        del call
        code = FATES.get(fate, fate)
        if is_throttle(code):
            return self.limit_code
        return "MESSAGE_SEND_FAILED" if code[0].isdigit() else code

    def quota_code(self, call: Call) -> str:
        """Return the code for a used-up quota."""
        del call
        return self.limit_code

    def accepted(self, call: Call, message_id: str, moment: Moment) -> Answer:
        """Return the answer to a message taken: it is queued, nothing more is promised."""
        data = {"message_id": message_id, "status": "queued", "channel": call.channel}
        if not message_id:
            del data["message_id"]
        return Answer(200, _headers(moment), encode({"data": data, "meta": _meta(moment)}))

    def invalid(self, call: Call, moment: Moment) -> Answer:
        """Return the answer to a body that breaks a rule."""
        field, _, expected = call.invalid.partition(": ")
        return _error(self.invalid_code, 422, expected, {"field": field, "expected": expected}, moment)

    def error(self, call: Call, code: str, moment: Moment, wait: Wait | None = None) -> Answer:
        """Return the error answer of a code; a wait stands in the details always, in a header as it asks."""
        details: dict[str, Any] = {"field": "to", "value": call.recipient} if not wait else {}
        if wait:
            window = f"{self._scenario.key_seconds:g}s"
            details = {"retry_after": max(1, -int(-wait.seconds // 1)), "limit": moment.gauge.limit, "window": window}
        status = STATUSES.get(code, 422)
        answer = _error(code, status, code.replace("_", " ").capitalize(), details, moment)
        if wait:
            answer.headers += wait.header(moment.now)
        return answer


def _headers(moment: Moment) -> Headers:
    gauge = moment.gauge
    return [
        JSON,
        date(moment.now),
        (b"x-request-id", _request_id(moment).encode()),
        (b"x-ratelimit-limit", b"%d" % gauge.limit),
        (b"x-ratelimit-remaining", b"%d" % gauge.remaining),
        (b"x-ratelimit-reset", b"%d" % -int(-gauge.reset // 1)),
    ]


def _meta(moment: Moment) -> dict[str, str]:
    stamp = datetime.fromtimestamp(int(moment.now), UTC)
    return {"request_id": _request_id(moment), "timestamp": stamp.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _request_id(moment: Moment) -> str:
    return f"req_{moment.number}"


def _error(code: str, status: int, message: str, details: dict[str, Any], moment: Moment) -> Answer:
    error = {"code": code, "message": message, "status": status, "details": details}
    meta = {**_meta(moment), "docs_url": f"/errors/{code}"}
    return Answer(status, _headers(moment), encode({"error": error, "meta": meta}))


def _read_body(call: Call, body: dict[str, Any]) -> None:
    for field in ("to", "from"):
        if not isinstance(body.get(field), str) or not body[field]:
            call.invalid = f"{field}: must be a non-empty string"
            break
    call.account = str(body.get("from") or "")
    call.recipient = str(body.get("to") or "")
    call.invalid = call.invalid or _wrong_message(body, call.channel)
    call.message = body
    call.content = _content(body)
    call.human_agent = "HUMAN_AGENT" in (body.get("tag"), body.get("message_tag"))


def _wrong_message(body: dict[str, Any], channel: str) -> str:
    kind, text = body.get("type"), body.get("text")
    if kind not in TYPES:
        return f"type: must be one of {', '.join(sorted(TYPES))}"
    if kind == "text" and (not isinstance(text, str) or not text):
        return "text: must be a non-empty string"
    if isinstance(text, str) and _too_long(text, channel):
        unit, most = TEXT_LIMITS[channel]
        return f"text: must be at most {most} {unit}"
    replies = body.get("quick_replies", [])
    if not isinstance(replies, list) or len(replies) > MOST_QUICK_REPLIES:
        return f"quick_replies: must be a list of at most {MOST_QUICK_REPLIES}"
    return ""


def _too_long(text: str, channel: str) -> bool:
    unit, most = TEXT_LIMITS[channel]
    return (len(text.encode(errors="surrogatepass")) if unit == "bytes" else len(text)) > most


def _content(body: dict[str, Any]) -> str:
    if body.get("type") == "text" and isinstance(body.get("text"), str) and "quick_replies" not in body:
        return str(body["text"])
    return encode(
        {name: value for name, value in body.items() if name not in {"to", "from", "metadata", "webhook_url"}}
    ).decode()
