"""People of ours whom tests may go to, and the tests."""

from campaigns.client.call import Call, Listing, at, delete, listing, post
from schemas.api.testers import Allowed, Disallowed, NewTester, Test, Tested, Tester


def listed(*, limit: int = 100) -> Listing[Tester]:
    """List whom tests may go to, in the order in which they were added."""
    return listing(at("testers"), list[Tester], limit=limit)


def add(recipient_id: str, page: str, *, note: str = "", dry_run: bool = False) -> Call[Allowed]:
    """Let a page send tests to a person."""
    return post(at("testers"), Allowed, NewTester(recipient_id=recipient_id, page=page, note=note, dry_run=dry_run))


def remove(recipient: str, *, page: str | None = None, dry_run: bool = False) -> Call[Disallowed]:
    """Send no more tests to a person, from a page's account or from any."""
    return delete(at("testers", recipient), Disallowed, page=page, dry_run=dry_run)


def send(ref: str, test: Test) -> Call[Tested]:
    """Send a campaign's message once to one tester, outside its ledger and counts."""
    return post(at("campaigns", ref, "test-send"), Tested, test)
