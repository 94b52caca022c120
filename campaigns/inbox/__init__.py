"""Webhook bodies, kept before they are acknowledged and applied afterwards; and counts of what was refused.

On SQLite they have a file of their own, so that a platform never waits for a campaign's writes, nor the other way
round. On PostgreSQL they are tables of the same database.

A body is open until somebody says what it held. Whoever takes it has it for a minute; where they die it is taken again,
at once where somebody sees that they are dead.
"""

from campaigns.inbox.bodies import (
    HEAVIEST,
    LEASE_MS,
    UNREADABLE,
    Backlog,
    Inbox,
    Naming,
    Raw,
    Taken,
    insert_all,
    of_file,
)
from campaigns.inbox.place import FILE
from campaigns.inbox.refusals import HOUR_MS, Refusal, Refused

__all__ = [
    "FILE",
    "HEAVIEST",
    "HOUR_MS",
    "LEASE_MS",
    "UNREADABLE",
    "Backlog",
    "Inbox",
    "Naming",
    "Raw",
    "Refusal",
    "Refused",
    "Taken",
    "insert_all",
    "of_file",
]
