"""Graph's codes: HTTP status and words of each, as on the error pages of 2026-06-25 and in captured answers.

Statuses are uneven on purpose: they are so in captures, and nobody may rely on them.
"""

from dataclasses import dataclass
from zlib import crc32

RETIRED_TAGS = {"ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE"}  # error 100 since 2026-04-27

FATES = {
    "no_such_person": {"messenger": "100-2018001", "instagram": "100-2534014"},
    "blocked": {"messenger": "551-1545041", "instagram": "551"},
    "owned_elsewhere": {"messenger": "100-2018300", "instagram": "100-2534037"},
    "unavailable": {"messenger": "200-1545041", "instagram": "10-2018108"},
    "window_closed": {"messenger": "10-2018278", "instagram": "10-2534022"},
    "try_later": {"messenger": "2", "instagram": "2"},
    "unknown_error": {"messenger": "1", "instagram": "1"},
}


@dataclass(frozen=True, slots=True)
class Problem:
    """HTTP status and words of a code."""

    status: int
    message: str
    transient: bool = False


_OUTSIDE = "(#10) This message is sent outside of allowed window."
_OUTSIDE_ABROAD = (
    "(#10) Esta mensagem foi enviada fora do período permitido.",
    "(#10) このメッセージは許可された期間外に送信されました。",
    "(#10) Diese Nachricht wurde außerhalb des zulässigen Zeitraums gesendet.",
)
_WINDOW_CODES = {"10-2018278", "10-2534022"}
_LIMIT = "Calls to this api have exceeded the rate limit."

PROBLEMS = {
    "1": Problem(500, "An unknown error has occurred."),
    "1-1357046": Problem(500, "An unknown error has occurred."),
    "2": Problem(500, "Service temporarily unavailable", transient=True),
    "2-1545133": Problem(503, "Service temporarily unavailable", transient=True),
    "1200": Problem(500, "(#1200) Temporary send message failure. Please try again later.", transient=True),
    "4": Problem(403, "(#4) Application request limit reached", transient=True),
    "4-2018354": Problem(400, "(#4) The person received a marketing message a short while ago"),
    "10": Problem(403, "(#10) Application does not have permission for this action"),
    "10-1893015": Problem(400, "(#10) The person stopped notifications"),
    "10-1893063": Problem(400, "(#10) The Page is temporarily restricted from messaging"),
    "10-2018108": Problem(400, "(#10) This person cannot receive your messages right now"),
    "17": Problem(400, "(#17) User request limit reached", transient=True),
    "32": Problem(403, "(#32) Page request limit reached", transient=True),
    "33": Problem(400, "Unsupported post request"),
    "100": Problem(400, "(#100) Invalid parameter"),
    "100-33": Problem(400, "Unsupported post request. The object does not exist or permissions are missing"),
    "100-2018001": Problem(400, "(#100) No matching user found"),
    "100-2018300": Problem(400, "(#100) Another app controls this thread now"),
    "100-2534014": Problem(404, "(#100) The requested user cannot be found."),
    "100-2534037": Problem(400, "(#100) Another app controls this thread now"),
    "190": Problem(401, "Invalid OAuth access token - Cannot parse access token"),
    "190-460": Problem(400, "Error validating access token: the session ended with a changed password"),
    "200-1545041": Problem(400, "(#200) This person isn't available right now"),
    "341": Problem(400, "(#341) Application limit reached", transient=True),
    "368": Problem(403, "(#368) The action attempted has been deemed abusive or is otherwise disallowed"),
    "551": Problem(403, "(#551) This person isn't available at the moment"),
    "551-1545041": Problem(400, "(#551) This person isn't available at the moment"),
    "613": Problem(400, f"(#613) {_LIMIT}", transient=True),
    "613-2534040": Problem(429, f"(#613) {_LIMIT}", transient=True),
    "80002": Problem(400, "(#80002) Too many calls to this Instagram account. Wait a bit and try again."),
    "80006": Problem(400, "(#80006) Too many calls from this Page. Wait a bit and try again."),
}


def problem(code: str, recipient: str) -> Problem:
    """Return how a code is answered; window errors are translated, with 403, for about half of the people."""
    if code in _WINDOW_CODES:
        return _outside(recipient)
    return PROBLEMS.get(code) or Problem(400, f"(#{code.partition('-')[0]}) The request was refused")


def _outside(recipient: str) -> Problem:
    coin, language = divmod(crc32(recipient.encode(errors="surrogatepass")), len(_OUTSIDE_ABROAD))
    return Problem(403, _OUTSIDE_ABROAD[language]) if coin % 2 else Problem(400, _OUTSIDE)
