"""What goes back over the line, and what came in: values shared by both platforms."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from enum import Enum
from functools import lru_cache
from math import ceil, floor
from typing import Any

Headers = list[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json; charset=UTF-8")
HTML = (b"content-type", b"text/html; charset=UTF-8")


class Line(Enum):
    """How the connection behaves while the answer goes out."""

    WHOLE = "the answer arrives"
    CLOSE = "closed without a word"
    RESET = "reset without a word"
    CUT = "closed in mid-answer"
    SILENT = "left open without a word"


@dataclass(slots=True)
class Answer:
    """An HTTP answer, and after how many seconds and how it leaves."""

    status: int
    headers: Headers
    body: bytes
    line: Line = Line.WHOLE
    delay: float = 0.0


@dataclass(slots=True)
class Call:
    """One send request as a platform reads it.

    `denied` is the platform's code for a token or account that may not call; `invalid` says what is wrong with the
    body. `content` stands for the message when looking for doubles, `message` is what holds its text, quick replies and
    metadata. `key` is the Idempotency-Key, `bucket` what the key's limit counts by.
    """

    channel: str
    account: str = ""
    recipient: str = ""
    content: str = ""
    message: dict[str, Any] = field(default_factory=dict)
    prefix: str = "m_"
    denied: str = ""
    invalid: str = ""
    key: str = ""
    bucket: str = ""
    human_agent: bool = False
    token_in_query: bool = False


@dataclass(frozen=True, slots=True)
class Gauge:
    """Where a sender stands.

    A key's calls per window, those left, the epoch of the reset; percent of the quota used, minutes to regain it.
    """

    limit: int = 0
    remaining: int = 0
    reset: float = 0.0
    usage: int = 1
    regain: int = 0

    def shifted(self, seconds: float) -> "Gauge":
        """Return the same with its reset on a clock that is ahead by some seconds."""
        return replace(self, reset=self.reset + seconds)


@dataclass(frozen=True, slots=True)
class Moment:
    """When, on the platform's clock (epoch seconds), and under which number a request is answered."""

    now: float
    number: int
    gauge: Gauge


@dataclass(frozen=True, slots=True)
class Wait:
    """A request to come back later: in how many seconds, and in which header form (none, seconds, date)."""

    seconds: float
    form: str = "seconds"

    def header(self, now: float) -> Headers:
        """Return the Retry-After header; a date is rounded up to its whole second, as HTTP has no fractions."""
        if self.form == "seconds":
            return [(b"retry-after", b"%d" % max(1, ceil(self.seconds)))]
        if self.form == "date":
            return [(b"retry-after", formatdate(ceil(now + self.seconds), usegmt=True).encode())]
        return []


def date(now: float) -> tuple[bytes, bytes]:
    """Return the Date header."""
    return b"date", _http_date(floor(now))


@lru_cache(maxsize=4)
def _http_date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def encode(document: Any) -> bytes:
    """Return compact JSON."""
    return json.dumps(document, separators=(",", ":")).encode()


def decode(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, or an empty one when it is none."""
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def is_throttle(code: str) -> bool:
    """Tell whether a code means too many calls, on either platform."""
    number, _, subcode = code.partition("-")
    if "RATE_LIMIT" in code:
        return True
    return (number in {"4", "17", "32", "341", "613"} or number.startswith("8000")) and subcode not in {
        "2018354",
        "2018338",
    }


_PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"


def _page(status: int, title: bytes, *more: tuple[bytes, bytes]) -> Callable[[], Answer]:
    return lambda: Answer(status, [HTML, *more], _PAGE % (title, title))


GATEWAY: dict[str, Callable[[], Answer]] = {
    "408": _page(408, b"Request Timeout"),
    "502": _page(502, b"Bad Gateway"),
    "503": _page(503, b"Service Unavailable"),
    "504": _page(504, b"Gateway Timeout"),
    "html": _page(200, b"Log in to continue"),
    "redirect": _page(302, b"Moved", (b"location", b"/login")),
}

LINES = {
    "drop-request": Line.RESET,
    "drop-reply": Line.CLOSE,
    "reset-reply": Line.RESET,
    "cut-reply": Line.CUT,
    "hang": Line.SILENT,
}
