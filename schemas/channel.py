"""Where people read, and who takes the request: apart from the table, so that who reads an answer needs no database."""

from enum import StrEnum


class Channel(StrEnum):
    """Where the person reads the message."""

    INSTAGRAM = "instagram"
    MESSENGER = "messenger"


class ProviderName(StrEnum):
    """Who takes the request."""

    META = "meta"
    ORBIT = "orbit"
