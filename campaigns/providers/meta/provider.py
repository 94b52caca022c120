"""Meta as a provider."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import httpx

from campaigns.providers.answer import Answer, Meaning, by_shape, by_status, identifier
from campaigns.providers.meta.body import body
from campaigns.providers.meta.errors import ERRORS, RANGES, TRY_LATER
from campaigns.providers.meta.usage import usage
from campaigns.providers.pace import sender_pace, sender_warnings
from campaigns.providers.protocol import Call, Sender
from schemas.bucket import Pace
from schemas.outcome import Outcome, Scope, Usage, Verdict
from schemas.page import Channel, ProviderName, Route
from schemas.reason import Reason

VERSION = "v26.0"
"""Of 2026-07-29: https://developers.facebook.com/docs/graph-api/changelog."""


@dataclass(frozen=True, slots=True)
class Meta:
    """Graph's `{base_url}/me/messages`, with the token as bearer. It has no idempotency key."""

    name: ProviderName = ProviderName.META
    try_later: frozenset[str] = TRY_LATER

    def default_base_url(self, channel: Channel, login: str) -> str:
        """Return Graph's address: Instagram Login has a host of its own."""
        own_host = channel is Channel.INSTAGRAM and login == "instagram"
        host = "graph.instagram.com" if own_host else "graph.facebook.com"
        return f"https://{host}/{VERSION}"

    def request(self, sender: Sender, call: Call) -> httpx.Request:
        """Build the POST of one text."""
        url, headers = _prepared(sender)
        return httpx.Request("POST", url, headers=headers, content=body(sender, call))

    def outcome(self, response: httpx.Response, received_at: datetime, account_id: str = "") -> Outcome:
        """Understand Graph's answer by its code and subcode; its messages are localised and never read."""
        answer = Answer.of(response)
        if response.is_success and (message_id := identifier(answer.body.get("message_id"))):
            return Outcome(Verdict.ACCEPTED, message_id=message_id, request_id=answer.request_id(None))
        code, subcode = _number(answer.error.get("code")), _number(answer.error.get("error_subcode"))
        written = "" if code is None else f"{code}-{subcode}" if subcode else str(code)
        return answer.outcome(
            _meaning(answer, code, subcode, written),
            written,
            answer.request_id(answer.error.get("fbtrace_id")),
            received_at,
            account_id,
        )

    def reason(self, code: str) -> Reason | None:
        """Return what the code, or else its part without the subcode, is put down to."""
        known = ERRORS.get(code) or ERRORS.get(code.partition("-")[0])
        return known.reason if known else None

    def usage(self, response: httpx.Response, account_id: str) -> Usage | None:
        """Return the highest percentage in the usage headers that is the app's or this account's."""
        app = response.headers.get("x-app-usage")
        business = response.headers.get("x-business-use-case-usage")
        return None if app is None and business is None else usage(app, business, account_id)

    def paces(self, sender: Sender, route: Route) -> tuple[Pace, ...]:
        """Return the sender's bucket, and the app's, which has no rate of its own but pauses all of its senders."""
        host = httpx.URL(sender.base_url).host
        return sender_pace(sender, route), Pace(f"app:meta:{host}", f"Meta app at {host}", None)

    def rate_warnings(self, sender: Sender, route: Route) -> list[str]:  # noqa: ARG002 - one ceiling for all flavours
        """Warn above Meta's inbox ceiling."""
        return sender_warnings(route)


@lru_cache(maxsize=1024)
def _prepared(sender: Sender) -> tuple[httpx.URL, httpx.Headers]:
    url = httpx.URL(f"{sender.base_url.rstrip('/')}/me/messages")
    headers = {
        "Host": url.netloc.decode(),
        "Authorization": f"Bearer {sender.token.get_secret_value()}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "pagecast",
    }
    return url, httpx.Headers(headers)


def _number(value: object) -> int | None:
    """Read a code, which some Graph endpoints write as text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 10:  # noqa: PLR2004 - int32
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32 else None


def _meaning(answer: Answer, code: int | None, subcode: int | None, written: str) -> Meaning:
    """Find the most specific row: code and subcode, a subcode that means the same under every code, the code."""
    row = ERRORS.get(written) or ERRORS.get(f"*-{subcode}") or ERRORS.get(str(code))
    if row := row or by_status(answer, "Meta", Scope.SENDER):
        return row
    for numbers, meaning in RANGES:
        if code in numbers:
            return meaning
    return by_shape(answer, "Meta", written)
