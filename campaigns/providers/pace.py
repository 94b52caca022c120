"""The bucket of the sending account, the same behind every provider, and the figures that platforms publish."""

from dataclasses import dataclass

from campaigns.providers.protocol import Sender
from schemas.bucket import Pace
from schemas.page import Route

SENDER_RATE = 36.0
"""Messages per second of one account unless typed: nine tenths of Meta's inbox ceiling."""


@dataclass(frozen=True, slots=True)
class Documented:
    """A figure as its platform publishes it, with the page it stands on and when that was read."""

    figure: float
    unit: str
    source: str
    read: str


INBOX_CEILING = Documented(
    40.0, "messages/s", "https://developers.facebook.com/docs/graph-api/overview/rate-limiting", "autumn 2026"
)
"""Above it new messages miss the Page's inbox, and the Page cannot send until the volume drops."""


def sender_pace(sender: Sender, route: Route) -> Pace:
    """Return the account's own bucket: all kinds of messages together, whoever carries them."""
    return Pace(
        key=f"sender:{sender.channel}:{sender.account_id}",
        label=f"{sender.channel} account {sender.account_id}",
        rate=SENDER_RATE if route.rate is None else route.rate,
    )


def sender_warnings(route: Route) -> list[str]:
    """Warn of a typed rate at which Meta stops the page, through whichever provider it sends."""
    ceiling = INBOX_CEILING
    if route.rate is None or route.rate <= ceiling.figure:
        return []
    warning = (
        f"rate = {route.rate:g}/s is above {ceiling.figure:g} {ceiling.unit}, where new messages no longer show in the "
        f"page's inbox and the page cannot send until the volume drops ({ceiling.source}, {ceiling.read}). "
        f"The default is {SENDER_RATE:g}/s."
    )
    return [warning]
