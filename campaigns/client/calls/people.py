"""One person, over all campaigns."""

from campaigns.client.call import Call, at, get, post
from schemas.api.people import Erase, Gone
from schemas.person import Person


def person(recipient: str) -> Call[Person]:
    """Show what every campaign sent to one person, their windows and suppressions."""
    return get(at("people", recipient), Person)


def erase(recipient: str, *, dry_run: bool = False) -> Call[Gone]:
    """Take a person out of everything that is kept, for good."""
    return post(at("people", recipient, "erase"), Gone, Erase(dry_run=dry_run)).with_patience()
