"""People who must not be messaged."""

from pathlib import Path

from campaigns.client.call import Call, Listing, at, delete, get, listing, post, send
from schemas.api.exports import ExportKind, Imported
from schemas.api.suppressions import Added, Lifted, Suppress, Suppressed, Wish

_SUPPRESSIONS = "suppressions"


def listed(*, limit: int = 100) -> Listing[Suppressed]:
    """List who is suppressed, oldest first."""
    return listing(at(_SUPPRESSIONS), list[Suppressed], limit=limit)


def add(recipient_id: str, *, page: str | None = None, note: str = "", dry_run: bool = False) -> Call[Added]:
    """Never message a person from a page's account, or from any."""
    wanted = Suppress(recipient_id=recipient_id, page=page, note=note, dry_run=dry_run)
    return post(at(_SUPPRESSIONS), Added, wanted)


def bring(
    path: Path,
    *,
    column: str | None = None,
    status: str | None = None,
    every_row: bool = False,
    page: str | None = None,
    note: str | None = None,
    dry_run: bool = False,
) -> Call[Imported]:
    """Never message those who opted out by a file: ids one a line, or another tool's export.

    `column` is the header of the ids and `status` that of who opted out, where they are not clear; `every_row` means
    everybody. Raises InputError for a file that cannot be read.
    """
    how = {"column": column, "status": status, "every_row": every_row, "page": page, "note": note, "dry_run": dry_run}
    return send(at(_SUPPRESSIONS, "import"), Imported, path, **how).with_patience()


def export(kind: ExportKind = ExportKind.CSV) -> Call[bytes]:
    """Return everybody who is suppressed as a file that `bring` understands."""
    return get(at(_SUPPRESSIONS, f"export.{kind}"), bytes).with_patience()


def history(recipient: str) -> Call[list[Wish]]:
    """List every time that a person opted out or in, oldest first."""
    return get(at(_SUPPRESSIONS, recipient, "history"), list[Wish])


def lift(recipient: str, *, dry_run: bool = False) -> Call[Lifted]:
    """Lift every suppression of a person."""
    return delete(at(_SUPPRESSIONS, recipient), Lifted, dry_run=dry_run)
