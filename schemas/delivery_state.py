"""What became of one message: apart from the table, so that who reads an answer needs no database."""

from enum import StrEnum


class DeliveryState(StrEnum):
    """The closed list of states, in the order of the report."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    READ = "read"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ASSUMED_SENT = "assumed_sent"
    CANCELLED = "cancelled"
