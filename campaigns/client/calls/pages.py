"""The sending accounts."""

from campaigns.client.call import Call, at, delete, get, post
from schemas.account import Account
from schemas.api.pages import NewPage, Removed, Stored


def listed() -> Call[list[Account]]:
    """List every page, how fast it sends, and why a parked one does not."""
    return get(at("pages"), list[Account])


def add(page: NewPage) -> Call[Stored]:
    """Store a page, or give a stored one another token, rate or address."""
    return post(at("pages"), Stored, page)


def remove(name: str) -> Call[Removed]:
    """Take a page out of use; what it sent stays in the reports."""
    return delete(at("pages", name), Removed)


def pause(name: str) -> Call[Account]:
    """Stop a page in every campaign."""
    return post(at("pages", name, "pause"), Account)


def resume(name: str) -> Call[Account]:
    """Let a page send again that was paused, or parked for a reason that is gone."""
    return post(at("pages", name, "resume"), Account)
