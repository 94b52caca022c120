"""Reading an answer: the body first, the status second, and doubt wherever a message may have gone out.

A provider looks its code up in its own table. What has no row there is judged here, in this order:

    429, or Retry-After on any status of 400 and above      Throttled
    any 5xx, 408                                            Unknown, HTML too: a gateway may have passed the request on
    2xx without an id: JSON, empty or cut off               Unknown
    3xx; any other answer without the provider's shape      Foreign (a captive portal's page with status 200 too)
    the provider's shape with a code nobody knows           Unknown

A row wins over the status and over Retry-After: a definite refusal stays one, and a code that is ambiguous by itself
stays Unknown with the asked wait beside it.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime

import httpx

from campaigns.providers.wait import stated_wait, throttle_wait
from schemas.outcome import Outcome, Scope, Verdict
from schemas.reason import Reason

_IDENTIFIER = re.compile(r"[!-~]{1,512}")
_REQUEST_ID_HEADERS = ("x-request-id", "x-fb-trace-id", "x-fb-request-id")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means: one row of a provider's error table."""

    verdict: Verdict
    sentence: str
    reason: Reason | None = None
    scope: Scope = Scope.SENDER
    suppress: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What an answer to a probe says of a token: `accepted` is None where it does not tell.

    `account_id` and `name` are those of the token where the platform gives them. `code` is as in `Outcome`.
    """

    accepted: bool | None
    sentence: str
    code: str = ""
    account_id: str | None = None
    name: str | None = None

    @classmethod
    def refused(cls, outcome: Outcome) -> "Standing":
        """Understand an answer that is no success by what it would mean for a send."""
        if outcome.verdict is Verdict.REFUSED_SENDER:
            return cls(accepted=False, sentence=outcome.sentence, code=outcome.code)
        return cls(accepted=None, sentence=outcome.sentence, code=outcome.code)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that was read once: its JSON object (empty where there is none) and its `error` object."""

    response: httpx.Response
    body: dict[str, object]
    error: dict[str, object]
    is_json: bool

    @classmethod
    def of(cls, response: httpx.Response) -> "Answer":
        """Read the body; anything may stand in it."""
        try:
            body = json.loads(response.content)
        except (ValueError, RecursionError):
            body = None
        fields = body if isinstance(body, dict) else {}
        return cls(response, fields, member(fields, "error"), body is not None)

    @property
    def may_be_ours(self) -> bool:
        """Whether the body could be the provider's: JSON, declared as JSON though cut off, or missing altogether."""
        declared = self.response.headers.get("content-type", "")
        return self.is_json or "json" in declared or not self.response.content

    def request_id(self, own: object) -> str | None:
        """Return the platform's name for this request: `own` from the body, else a header's."""
        for value in (own, *map(self.response.headers.get, _REQUEST_ID_HEADERS)):
            if found := identifier(value):
                return found
        return None

    def outcome(
        self, meaning: Meaning, code: str, request_id: str | None, received_at: datetime, account_id: str = ""
    ) -> Outcome:
        """Put the outcome together for an answer that is not Accepted; without a `code` the status stands for it."""
        headers, details = self.response.headers, self.error.get("details")
        if meaning.verdict is Verdict.THROTTLED:
            wait = throttle_wait(headers, received_at, details, account_id)
        else:
            wait = stated_wait(headers, received_at, details)
        return Outcome(
            verdict=meaning.verdict,
            code=code or f"http-{self.response.status_code}",
            reason=meaning.reason,
            request_id=request_id,
            wait=wait,
            scope=meaning.scope,
            suppress=meaning.suppress,
            sentence=meaning.sentence,
        )


def member(fields: dict[str, object], name: str) -> dict[str, object]:
    """Return the object under `name`, empty where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def identifier(value: object) -> str | None:
    """Return an id as text; None for what no platform gives: blanks in it, controls, other scripts, no text at all."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**30:
        return str(value)
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else None


def by_status(answer: Answer, platform: str, scope: Scope) -> Meaning | None:
    """Return what the status says by itself; None where it says nothing."""
    status = answer.response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or (
        status >= httpx.codes.BAD_REQUEST and "retry-after" in answer.response.headers
    ):
        return Meaning(Verdict.THROTTLED, f"{platform} asks us to slow down.", scope=scope)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
        return in_doubt(f"{platform} failed with status {status}, and the message may have gone out before that.")
    return None


def by_shape(answer: Answer, platform: str, code: str) -> Meaning:
    """Judge what neither a table nor the status explains; `code` is the provider's, empty where it gave none."""
    if code:
        return in_doubt(
            f"{platform} answered with the code {code}, of which it is not known whether a message went out."
        )
    if answer.response.is_success and answer.may_be_ours:
        return in_doubt(f"{platform} took the request, but its answer names no message.")
    return Meaning(
        Verdict.FOREIGN,
        f"The answer (status {answer.response.status_code}) is not {platform}'s. "
        "Check the page's base_url, and any proxy in between.",
    )


def in_doubt(sentence: str) -> Meaning:
    """Return the meaning of an answer after which the message may or may not have gone out."""
    return Meaning(Verdict.UNKNOWN, sentence)
