"""What came in by webhook."""

from campaigns.client.call import Call, Listing, at, get, listing
from schemas.api.events import Came, Counts
from schemas.inbound_kind import InboundKind


def listed(
    *, kind: InboundKind | None = None, person: str | None = None, campaign: str | None = None, limit: int = 100
) -> Listing[Came]:
    """List messages, receipts, echoes and opt-outs, the latest first; `campaign` is an id."""
    return listing(at("events"), list[Came], kind=kind, person=person, campaign=campaign, limit=limit)


def counts() -> Call[Counts]:
    """Say how many events of each kind came in, and how many bodies wait to be read."""
    return get(at("events", "counts"), Counts)
