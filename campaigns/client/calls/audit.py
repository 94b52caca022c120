"""What happened, and who did it."""

from campaigns.client.call import Listing, at, listing
from schemas.api.audit import Happening


def listed(*, actor: str | None = None, limit: int = 100) -> Listing[Happening]:
    """List everything that happened, the latest first; or what one `actor` did, such as `key:crm-export`."""
    return listing(at("audit"), list[Happening], actor=actor, limit=limit)
