"""What an answer to one send can mean: a closed list, decided by a provider, acted on in one place."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.reason import Reason


class Verdict(StrEnum):
    """The nine kinds of answer, and what the sender does with each."""

    ACCEPTED = "accepted"
    """The platform took it and gave a message id: settle."""
    REFUSED_RECIPIENT = "refused_recipient"
    """This person cannot get it: failed(reason)."""
    DEFERRED = "deferred"
    """Not this person now: pending again, due after `wait` seconds."""
    REFUSED_MESSAGE = "refused_message"
    """The message itself is wrong: failed(reason); equal ones stop the campaign."""
    REFUSED_SENDER = "refused_sender"
    """The page cannot send: it parks, the row returns to pending."""
    THROTTLED = "throttled"
    """Too fast: the bucket pauses, the row returns to pending, no attempt is counted."""
    UNREACHABLE = "unreachable"
    """No byte of the request left: the host pauses, the row returns to pending, no attempt is counted."""
    UNKNOWN = "unknown"
    """It may or may not have gone out: never repeated blindly."""
    FOREIGN = "foreign"
    """Not the provider's answer (HTML, a redirect): the row returns; the page parks after three."""


class Scope(StrEnum):
    """Which bucket a throttle pauses: one sender, everything of one app, or everything of one API key."""

    SENDER = "sender"
    APP = "app"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a quota is used, in percent, whose it is, and in how many seconds it eases where that is said."""

    percent: float
    wait: float | None
    scope: Scope


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer, understood.

    `code` is the platform's own, most specific form (`10-2018278`, `IG_RATE_LIMITED`, `http-502`), kept raw for the
    report. `wait` is in seconds, as the platform asked, without jitter; None where it did not say. `suppress` means the
    person must not be messaged again by this account. `sentence` is for people and never holds a secret. `usage` is
    what the answer said about quotas, kept only where that may change the pace.
    """

    verdict: Verdict
    code: str = ""
    reason: Reason | None = None
    message_id: str | None = None
    request_id: str | None = None
    wait: float | None = None
    scope: Scope = Scope.SENDER
    suppress: bool = False
    sentence: str = ""
    usage: Usage | None = None
