"""What people decide about who was not sent to, or may not have been."""

from enum import StrEnum


class Scope(StrEnum):
    """Whom a retry is about."""

    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What somebody decided."""

    SENT = "sent"
    NOT_SENT = "not-sent"
    SEND_AGAIN = "send-again"
