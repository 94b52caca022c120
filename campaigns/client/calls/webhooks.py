"""Who is told what happens to campaigns and pages, and whether it arrives."""

from campaigns.client.call import Call, Listing, at, delete, get, listing, post
from schemas.api.webhooks import (
    Delivery,
    NewWebhook,
    Probe,
    Probed,
    Replay,
    Replayed,
    Subscribed,
    Unsubscribed,
    Webhook,
)
from schemas.notice_state import NoticeState

_WEBHOOKS = "webhooks"


def listed() -> Call[list[Webhook]]:
    """List who is told what, how much arrived, and what hinders the rest."""
    return get(at(_WEBHOOKS), list[Webhook])


def add(webhook: NewWebhook) -> Call[Subscribed]:
    """Tell somebody when a campaign finishes, is stopped, a page parks, and more."""
    return post(at(_WEBHOOKS), Subscribed, webhook)


def remove(name: str, *, dry_run: bool = False) -> Call[Unsubscribed]:
    """Tell somebody nothing any more."""
    return delete(at(_WEBHOOKS, name), Unsubscribed, dry_run=dry_run)


def probe(name: str, *, dry_run: bool = False) -> Call[Probed]:
    """Send one notice that says so at once."""
    return post(at(_WEBHOOKS, name, "test"), Probed, Probe(dry_run=dry_run))


def deliveries(name: str, *, state: NoticeState | None = None, limit: int = 100) -> Listing[Delivery]:
    """List what was told to a target, the latest first."""
    return listing(at(_WEBHOOKS, name, "deliveries"), list[Delivery], state=state, limit=limit)


def replay(name: str | None = None, *, dead: bool = False, dry_run: bool = False) -> Call[Replayed]:
    """Try again what has not arrived at one target or at any; `dead` is what was given up, too."""
    path = at(_WEBHOOKS, name, "replay") if name else at(_WEBHOOKS, "replay")
    return post(path, Replayed, Replay(dead=dead, dry_run=dry_run))


def again(name: str, key: str, *, dry_run: bool = False) -> Call[Replayed]:
    """Tell one notice again, arrived or not."""
    return post(at(_WEBHOOKS, name, "deliveries", key, "replay"), Replayed, Probe(dry_run=dry_run))
