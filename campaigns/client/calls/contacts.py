"""People who wrote to our accounts, and the windows that they opened."""

from campaigns.client.call import Call, Listing, at, get, listing
from schemas.api.contacts import Known
from schemas.api.exports import ExportKind


def listed(page: str, *, is_open: bool = False, min_left: str | None = None, limit: int = 100) -> Listing[Known]:
    """List the people of a page, the first window to close first.

    `is_open` leaves out closed ones, `min_left` those whose windows are open for less, as `2h`.
    """
    return listing(at("contacts"), list[Known], page=page, open=is_open, min_left=min_left, limit=limit)


def export(
    page: str, kind: ExportKind = ExportKind.CSV, *, is_open: bool = False, min_left: str | None = None
) -> Call[bytes]:
    """Return the people of a page as a list for campaigns; `min_left` is how long their windows are open, as `2h`."""
    call = get(at("contacts", f"export.{kind}"), bytes, page=page, open=is_open, min_left=min_left)
    return call.with_patience()
