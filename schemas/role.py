"""What somebody may be: apart from the table, so that who reads an answer needs no database."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; `campaigns.access` has the list."""

    VIEWER = "viewer"
    AUTHOR = "author"
    APPROVER = "approver"
    SENDER = "sender"
    ADMIN = "admin"
