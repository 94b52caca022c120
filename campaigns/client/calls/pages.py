"""The sending accounts."""

from campaigns.client.call import Call, at, delete, get, post
from schemas.account import Account
from schemas.api.pages import NewPage, Pull, Pulled, Removed, Resumed, Stored, TokenCheck


def listed() -> Call[list[Account]]:
    """List every page, how fast it sends, and why a parked one does not."""
    return get(at("pages"), list[Account])


def add(page: NewPage, *, dry_run: bool = False) -> Call[Stored]:
    """Store a page, or give a stored one another token, rate or address."""
    return post(at("pages"), Stored, page, dry_run=dry_run)


def remove(name: str, *, dry_run: bool = False) -> Call[Removed]:
    """Take a page out of use; what it sent stays in the reports."""
    return delete(at("pages", name), Removed, dry_run=dry_run)


def pause(name: str, *, dry_run: bool = False) -> Call[Account]:
    """Stop a page in every campaign."""
    return post(at("pages", name, "pause"), Account, dry_run=dry_run)


def resume(name: str, *, dry_run: bool = False) -> Call[Resumed]:
    """Let a page send again that was paused, or parked for a reason that is gone."""
    return post(at("pages", name, "resume"), Resumed, dry_run=dry_run)


def check(name: str) -> Call[TokenCheck]:
    """Ask the platform whether it accepts a page's token."""
    return post(at("pages", name, "check"), TokenCheck)


def pull(name: str, since: str | None = None, *, dry_run: bool = False) -> Call[Pulled]:
    """Read a page's conversations, from the last pull on or from so long ago as `24h`."""
    return post(at("pages", name, "pull"), Pulled, Pull(since=since, dry_run=dry_run)).with_patience()
