"""Orbit's error codes.

Sources: https://orbit-docs.devotel.io/channels/instagram (2026-05-09) for the IG_ codes,
https://docs.orbit.devotel.io/reference/error-codes (autumn 2026) for the others. That page lists 476 codes and says
that one code can carry several statuses, so what has no row is judged by the status the error names.
"""

from campaigns.providers.answer import Meaning, in_doubt
from schemas.outcome import Scope, Verdict
from schemas.reason import Reason

TRY_LATER = frozenset({"INTERNAL_ERROR"})
"""Codes by which Orbit asks to try again. MESSAGE_SEND_FAILED is none: there the platform behind Orbit refused."""


def _message(sentence: str) -> Meaning:
    return Meaning(Verdict.REFUSED_MESSAGE, sentence, Reason.MESSAGE_REJECTED)


def _page(sentence: str, reason: Reason = Reason.SENDER_RESTRICTED) -> Meaning:
    return Meaning(Verdict.REFUSED_SENDER, sentence, reason)


def _slow(sentence: str, scope: Scope) -> Meaning:
    return Meaning(Verdict.THROTTLED, sentence, scope=scope)


_KEY = _page("Orbit does not accept the API key. Set a valid one.", Reason.TOKEN_INVALID)
_RIGHTS = _page("The Orbit API key may not send this. Check its scopes (messages:write), then resume the page.")
_INVALID = _message("Orbit finds the message invalid.")
_KEY_LIMIT = _slow("Orbit limits the API key.", Scope.KEY)
_BALANCE = _page("The Orbit balance is too low. Top it up, then resume the page.")
_NOT_FOUND = _page("Orbit does not find what was called. Check the page's base_url and account_id, then resume it.")

CONFLICT = in_doubt("Orbit reports a conflict: an earlier request with the same key may have sent the message.")
"""HTTP's 409, unless a known code says more."""

ERRORS: dict[str, Meaning] = {
    "IG_NOT_AUTHORIZED": _page(
        "The account's access has expired or been revoked. Reconnect it in Orbit (Channels), then resume the page.",
        Reason.TOKEN_INVALID,
    ),
    "IG_OUTSIDE_MESSAGING_WINDOW": Meaning(
        Verdict.REFUSED_RECIPIENT, "Orbit says that the messaging window has closed.", Reason.WINDOW_CLOSED
    ),
    "IG_NOT_BUSINESS_ACCOUNT": _page(
        "The Instagram account is a personal profile. Make it a Business or Creator account and reconnect it in Orbit."
    ),
    "IG_RECIPIENT_OPTED_OUT": Meaning(
        Verdict.REFUSED_RECIPIENT, "The person blocked or unfollowed the account.", Reason.OPTED_OUT, suppress=True
    ),
    "IG_RATE_LIMITED": _slow("Orbit limits this account.", Scope.SENDER),
    "RATE_LIMITED": _KEY_LIMIT,
    "RATE_LIMIT_EXCEEDED": _KEY_LIMIT,
    "UNAUTHORIZED": _KEY,
    "INVALID_API_KEY": _KEY,
    "EXPIRED_TOKEN": _KEY,
    "INSUFFICIENT_PERMISSIONS": _RIGHTS,
    "FORBIDDEN": _RIGHTS,
    "WRONG_KEY_MODE": _page("A test key meets a live Orbit organisation, or the other way round. Set the other key."),
    "IP_NOT_ALLOWED": _page(
        "The Orbit API key does not allow this machine's address. Add it to the key's allowed_ips."
    ),
    "VALIDATION_ERROR": _INVALID,
    "INVALID_TEMPLATE": _message("Orbit finds the template invalid."),
    "MISSING_REQUIRED_FIELD": _message("Orbit misses a field in the message."),
    "INVALID_WEBHOOK_URL": _message("Orbit refuses the callback address in the message."),
    "INVALID_CURSOR": _INVALID,
    "NOT_FOUND": _NOT_FOUND,
    "BALANCE_TOO_LOW": _BALANCE,
    # A 500 whose cause is a refusal further down, but whether before or after the send it does not say.
    "MESSAGE_SEND_FAILED": in_doubt("Orbit could not hand the message on, and does not say how far it came."),
    "INTERNAL_ERROR": in_doubt("Orbit failed, and the message may have gone out before that."),
}

STATUSES: dict[int, Meaning] = {
    400: _INVALID,
    401: _KEY,
    402: _BALANCE,
    403: _RIGHTS,
    404: _NOT_FOUND,
    409: CONFLICT,
    413: _INVALID,
    415: _INVALID,
    422: _INVALID,
    429: _KEY_LIMIT,
}
"""For codes without a row; a status that is not here leaves the outcome unknown."""
