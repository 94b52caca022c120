"""Which events open a person's messaging window, and for how long.

Where the platforms' pages and the experience of others disagree, what is believed is the shorter or the missing window:
to write where none is open is refused by the platform and held against the account, to wait costs one message.
"""

from dataclasses import dataclass
from datetime import date

from campaigns.policy.limits import WINDOW_MS
from schemas.inbound import Inbound, InboundKind
from schemas.page import Channel

AD_WINDOW_MS = 7 * WINDOW_MS
"""After an event that an ad brought, on Instagram and Messenger. No page for developers states it (send-messages names
the ad among what opens 24 h), so `closes_at` may be later than the platform's; such a refusal is a window's, and the
person waits for their next message."""

_SEND_MESSAGES = "https://developers.facebook.com/docs/messenger-platform/send-messages"
_WEBHOOKS = "https://developers.facebook.com/docs/instagram-platform/webhooks/examples"
_READ = date(2026, 5, 31)


@dataclass(frozen=True, slots=True)
class Opening:
    """How long a kind of event opens the window (ms), where that is written, and when it was read."""

    length_ms: int
    source: str
    read: date


OPENINGS = {
    InboundKind.MESSAGE: Opening(WINDOW_MS, _SEND_MESSAGES, _READ),
    InboundKind.QUICK_REPLY: Opening(WINDOW_MS, _SEND_MESSAGES, _READ),
    InboundKind.POSTBACK: Opening(WINDOW_MS, _SEND_MESSAGES, _READ),
    # Both arrive as messages of the person.
    InboundKind.STORY_REPLY: Opening(WINDOW_MS, _WEBHOOKS, _READ),
    InboundKind.STORY_MENTION: Opening(WINDOW_MS, _WEBHOOKS, _READ),
}

WITHOUT = {
    InboundKind.COMMENT: "send-messages says that a comment opens it; implementers got one private reply and no window",
    InboundKind.REACTION: "send-messages names reactions; no implementer confirms it, and Instagram's pages do not",
    InboundKind.REFERRAL: "a link or ad that was opened; the message after it opens the window",
    InboundKind.OPTIN: "grants messages by a token of its own, not the window",
    InboundKind.OPTED_IN: "consent is not a message",
    InboundKind.OPTED_OUT: "consent is not a message",
    InboundKind.EDIT: "changes a message whose window is open since it was sent",
    InboundKind.UNSENT: "takes a message back; the platform does not say that this closes its window",
    InboundKind.ECHO: "the account's own message",
    InboundKind.DELIVERED: "a device did it",
    InboundKind.READ: "not among what opens it",
    InboundKind.STATUS: "speaks of the account's own message",
    InboundKind.POLICY: "speaks of the account",
    InboundKind.HANDOVER: "speaks of applications",
    InboundKind.OTHER: "known by nobody",
}
"""The kinds that open none, each with why."""

_ADS = frozenset(Channel)


def opened_by(event: Inbound) -> int | None:
    """Return the length in milliseconds of the window that an event opens at its `at`, None where it opens none."""
    opening = OPENINGS.get(event.kind)
    if opening is None:
        return None
    return AD_WINDOW_MS if event.ad and event.channel in _ADS else opening.length_ms
