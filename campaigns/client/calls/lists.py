"""Lists of recipients. `columns` says which header holds what where it differs, `{"recipient_id": "ig_id"}`.

`zone` is that of times that name none. `Client.upload` sends a file of any size, in the way that suits it.
"""

from collections.abc import Mapping
from pathlib import Path

from campaigns.client.call import Call, at, get, post, send
from schemas.api.jobs import Begin, Fetch, Pieces
from schemas.api.lists import Checked

_LISTS = "lists"
_UPLOADS = "uploads"
_BYTES = "application/octet-stream"


def upload(
    path: Path, *, name: str | None = None, columns: Mapping[str, str] | None = None, zone: str | None = None
) -> Call[Checked]:
    """Send a list (CSV, JSONL, XLSX or Parquet) in one go; the same file is the same list.

    Raises InputError for a file that cannot be read.
    """
    return send(at(_LISTS), Checked, path, name=name or path.name, column=_pairs(columns), zone=zone)


def fetch(
    url: str, *, name: str | None = None, columns: Mapping[str, str] | None = None, zone: str | None = None
) -> Call[Checked]:
    """Let the server fetch a list from an https address."""
    return post(at(_LISTS), Checked, Fetch(url=url), name=name, column=_pairs(columns), zone=zone)


def known(sha256: str) -> Call[list[Checked]]:
    """Say what the file with this hash was read as; nothing, where it is not there."""
    return get(at(_LISTS), list[Checked], sha256=sha256)


def checked(list_id: str) -> Call[Checked]:
    """Say what a list was read as."""
    return get(at(_LISTS, list_id), Checked)


def rejects(list_id: str) -> Call[bytes]:
    """Return the lines that cannot be used and why (CSV)."""
    return get(at(_LISTS, list_id, "rejects.csv"), bytes)


def begin(file: Begin) -> Call[Pieces]:
    """Begin a list that comes in pieces, or find out how much of it is there."""
    return post(at(_LISTS, _UPLOADS), Pieces, file)


def there(upload_id: str) -> Call[Pieces]:
    """Say how much of a list is there."""
    return get(at(_LISTS, _UPLOADS, upload_id), Pieces)


def piece(
    so_far: Pieces, path: Path, *, columns: Mapping[str, str] | None = None, zone: str | None = None
) -> Call[Pieces | Checked]:
    """Send all that is not there yet; once the file is whole, the answer is what it was read as."""
    params = {"column": _pairs(columns), "zone": zone}
    return Call(
        "PATCH",
        at(_LISTS, _UPLOADS, so_far.id),
        Pieces | Checked,  # type: ignore[arg-type]  # mypy knows no type of a union
        params={name: value for name, value in params.items() if value is not None},
        headers={
            "Content-Type": _BYTES,
            "Content-Length": str(so_far.size - so_far.offset),
            "Upload-Offset": str(so_far.offset),
        },
        file=path,
        start=so_far.offset,
    )


def _pairs(columns: Mapping[str, str] | None) -> list[str] | None:
    return [f"{canonical}={header}" for canonical, header in columns.items()] if columns else None
