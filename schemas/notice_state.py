"""How a notice goes, and how far it is: apart from the table, so that who reads an answer needs no database."""

from enum import StrEnum


class Way(StrEnum):
    """How a notice goes: signed JSON to a URL, or words to chat or e-mail by a URL of Apprise."""

    WEBHOOK = "webhook"
    APPRISE = "apprise"


class NoticeState(StrEnum):
    """A dead one was tried as often as it is ever tried; a person may bring it back."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"
