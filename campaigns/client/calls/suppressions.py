"""People who must not be messaged."""

from campaigns.client.call import Call, Listing, at, delete, get, listing, post
from schemas.api.suppressions import Added, Lifted, Suppress, Suppressed, Wish

_SUPPRESSIONS = "suppressions"


def listed(*, limit: int = 100) -> Listing[Suppressed]:
    """List who is suppressed, oldest first."""
    return listing(at(_SUPPRESSIONS), list[Suppressed], limit=limit)


def add(recipient_id: str, *, page: str | None = None, note: str = "") -> Call[Added]:
    """Never message a person from a page's account, or from any."""
    return post(at(_SUPPRESSIONS), Added, Suppress(recipient_id=recipient_id, page=page, note=note))


def history(recipient: str) -> Call[list[Wish]]:
    """List every time that a person opted out or in, oldest first."""
    return get(at(_SUPPRESSIONS, recipient, "history"), list[Wish])


def lift(recipient: str) -> Call[Lifted]:
    """Lift every suppression of a person."""
    return delete(at(_SUPPRESSIONS, recipient), Lifted)
