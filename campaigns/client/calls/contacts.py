"""People who wrote to our accounts, and the windows that they opened."""

from campaigns.client.call import Listing, at, listing
from schemas.api.contacts import Known


def listed(page: str, *, is_open: bool = False, limit: int = 100) -> Listing[Known]:
    """List the people of a page, the first window to close first; `is_open` leaves out closed ones."""
    return listing(at("contacts"), list[Known], page=page, open=is_open, limit=limit)
