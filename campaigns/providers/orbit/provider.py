"""Orbit as a provider."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

import httpx

from campaigns.providers.answer import Answer, Meaning, by_shape, by_status, identifier, member
from campaigns.providers.orbit.body import Fields, body
from campaigns.providers.orbit.errors import CONFLICT, ERRORS, STATUSES, TRY_LATER
from campaigns.providers.pace import Documented, sender_pace, sender_warnings
from campaigns.providers.protocol import Call, Sender
from campaigns.providers.wait import until_reset
from schemas.bucket import Pace
from schemas.outcome import Outcome, Scope, Usage, Verdict
from schemas.page import Channel, ProviderName, Route
from schemas.reason import Reason

KEY_LIMIT = Documented(80.0, "messages/min", "https://docs.orbit.devotel.io/guides/rate-limits", "autumn 2026")
"""Of one API key on one endpoint; the table names messenger and leaves instagram out."""

KEY_RATE = 72.0
"""Messages per minute of one key unless typed: at exactly the documented figure some are refused."""

_LONG_AGO = datetime.fromtimestamp(0, UTC)
"""Stands for our clock where the answer has no Date: a reset that far ahead tells nothing."""
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_TWIN = re.compile(r"^(?:MESSENGER|MSGR|FB)_")


@dataclass(frozen=True, slots=True)
class Orbit:
    """Orbit's `{base_url}/messages/{channel}`, with the key in X-API-Key (or as bearer) and an Idempotency-Key."""

    fields: Fields = field(default_factory=Fields)
    name: ProviderName = ProviderName.ORBIT
    try_later: frozenset[str] = TRY_LATER

    def default_base_url(self, channel: Channel, login: str) -> str:  # noqa: ARG002 - one address for all
        """Return the address of the Instagram page; the newer site's is https://api.orbit.devotel.io/api/v1."""
        return "https://orbit-api.devotel.io/api/v1"

    def request(self, sender: Sender, call: Call) -> httpx.Request:
        """Build the POST of one text."""
        url, headers = _prepared(sender)
        key = (b"Idempotency-Key", call.idempotency_key.encode())
        return httpx.Request("POST", url, headers=(*headers, key), content=body(sender, call, self.fields))

    def outcome(self, response: httpx.Response, received_at: datetime, account_id: str = "") -> Outcome:
        """Understand Orbit's answer by its code, then by the status its error names, then by that of HTTP."""
        answer = Answer.of(response)
        request_id = answer.request_id(member(answer.body, "meta").get("request_id"))
        if response.is_success:
            data = member(answer.body, "data")
            if message_id := identifier(data.get("message_id")) or identifier(data.get("id")):
                return Outcome(Verdict.ACCEPTED, message_id=message_id, request_id=request_id)
        code = answer.error.get("code")
        code = code if isinstance(code, str) and _CODE.fullmatch(code) else ""
        return answer.outcome(_meaning(answer, code), code, request_id, received_at, account_id)

    def reason(self, code: str) -> Reason | None:
        """Return what the code is put down to."""
        known = ERRORS.get(code)
        return known.reason if known else None

    def usage(self, response: httpx.Response, account_id: str) -> Usage | None:  # noqa: ARG002 - the key's, no account's
        """Return a key that is used up until its reset; None while it has calls left.

        A share of the window says nothing here: at 72 of 80 a minute nine tenths of it are used all the time.
        """
        if response.headers.get("x-ratelimit-remaining") != "0":
            return None
        wait = until_reset(response.headers, _LONG_AGO)
        return None if wait is None else Usage(100.0, wait, Scope.KEY)

    def paces(self, sender: Sender, route: Route) -> tuple[Pace, ...]:
        """Return the sender's bucket, and the key's, which is by far the smaller one unless a rate is typed."""
        digest = sha256(sender.token.get_secret_value().encode()).hexdigest()[:16]
        key = Pace(
            f"key:orbit:{digest}:{sender.channel}", f"Orbit API key on {sender.channel}", _per_minute(route) / 60
        )
        return sender_pace(sender, route), key

    def rate_warnings(self, sender: Sender, route: Route) -> list[str]:
        """Warn above Orbit's figure for a key, and above Meta's for the page behind it."""
        per_minute = _per_minute(route)
        if per_minute <= KEY_LIMIT.figure:
            return sender_warnings(route)
        typed = "rate" if route.key_rate_per_minute is None else "key_rate_per_minute"
        warning = (
            f"{typed} asks for {per_minute:g}/min of one Orbit key on {sender.channel}; Orbit documents "
            f"{KEY_LIMIT.figure:g} {KEY_LIMIT.unit} ({KEY_LIMIT.source}, {KEY_LIMIT.read}) and refuses what is above, "
            f"unless your account has a higher limit. The default is {KEY_RATE:g}/min."
        )
        return [*sender_warnings(route), warning]


@lru_cache(maxsize=1024)
def _prepared(sender: Sender) -> tuple[httpx.URL, tuple[tuple[bytes, bytes], ...]]:
    url = httpx.URL(f"{sender.base_url.rstrip('/')}/messages/{sender.channel}")
    token = sender.token.get_secret_value().encode()
    key = (b"Authorization", b"Bearer " + token) if sender.auth == "bearer" else (b"X-API-Key", token)
    json = b"application/json"
    return url, (
        (b"Host", url.netloc),
        key,
        (b"Content-Type", json),
        (b"Accept", json),
        (b"User-Agent", b"pagecast"),
    )


def _per_minute(route: Route) -> float:
    """Return the key's rate; a `rate` typed alone lifts it, or that rate would never be reached."""
    if route.key_rate_per_minute is not None:
        return route.key_rate_per_minute
    return max((route.rate or 0.0) * 60, KEY_RATE)


def _meaning(answer: Answer, code: str) -> Meaning:
    """Find the code's row; the Messenger page lists no codes, so a twin of an IG_ code means the same."""
    row = ERRORS.get(code) or ERRORS.get(_TWIN.sub("IG_", code))
    if row := row or by_status(answer, "Orbit", Scope.KEY):
        return row
    if answer.response.status_code == httpx.codes.CONFLICT:
        return CONFLICT
    stated = answer.error.get("status")
    if code and (row := STATUSES.get(stated if isinstance(stated, int) else answer.response.status_code)):
        return row
    return by_shape(answer, "Orbit", code)
