"""The platforms' limits as tables, each with where it is written and when that was read (autumn 2026)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.page import Channel

_MESSENGER_DOCS = "https://developers.facebook.com/docs/messenger-platform"
_SEND_API = f"{_MESSENGER_DOCS}/reference/send-api"
_INSTAGRAM_DOCS = (
    "https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api"
)

WINDOW_MS = 24 * 60 * 60 * 1000
"""From a person's message until the account may no longer answer: 24 h on both channels.
Source: Messenger Platform, send-messages, May 2026."""


class Unit(StrEnum):
    """What a platform counts: bytes of UTF-8, or characters (code points)."""

    BYTES = "bytes"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class TextLimit:
    """The longest text of one message."""

    most: int
    unit: Unit
    source: str


TEXT = {
    Channel.INSTAGRAM: TextLimit(1000, Unit.BYTES, _INSTAGRAM_DOCS),
    Channel.MESSENGER: TextLimit(2000, Unit.CHARACTERS, _SEND_API),
}

QUICK_REPLIES = 13
"""Quick replies under one text, both channels. Source: the platforms' quick-replies pages, autumn 2026."""
TITLE = 20
"""Characters of a quick reply's title: Instagram cuts longer ones, Messenger states a limit. Same source."""
PAYLOAD = 1000
"""Characters of a quick reply's payload. Same source."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A message tag: the channels that ever took it, since when it is refused (None: it is not), and what to do.

    None of them is for a bulk run, so `instead` is always said.
    """

    channels: frozenset[Channel]
    refused_since: date | None
    instead: str
    source: str = _SEND_API


_RETIRED = Tag(
    frozenset({Channel.MESSENGER}),
    date(2026, 4, 27),
    "Remove the tag and send inside the 24-hour window; on Messenger, utility templates take its place.",
)

TAGS = {
    "HUMAN_AGENT": Tag(
        frozenset(Channel),
        None,
        "It is for a person's own answers, automated messages are a disallowed use; remove the tag.",
    ),
    "CUSTOMER_FEEDBACK": Tag(
        frozenset({Channel.MESSENGER}), None, "It goes only with the customer feedback template; remove the tag."
    ),
    "ACCOUNT_UPDATE": _RETIRED,
    "CONFIRMED_EVENT_UPDATE": _RETIRED,
    "POST_PURCHASE_UPDATE": _RETIRED,
}
