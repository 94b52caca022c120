"""What happened, and who did it."""

from campaigns.client.call import Listing, at, listing
from schemas.api.audit import Happening


def listed(*, actor: str | None = None, kind: str | None = None, limit: int = 100) -> Listing[Happening]:
    """List everything that happened, the latest first.

    Or what one `actor` did, such as `key:crm-export`; or one `kind`, such as `page.parked`, or all of `page`.
    """
    return listing(at("audit"), list[Happening], actor=actor, kind=kind, limit=limit)
