"""Lists of recipients."""

from collections.abc import Mapping
from pathlib import Path

from campaigns.client.call import Call, at, get
from campaigns.errors import InputError
from schemas.api.lists import Checked


def upload(
    path: Path, *, name: str | None = None, columns: Mapping[str, str] | None = None, zone: str | None = None
) -> Call[Checked]:
    """Send a list (CSV, JSONL, XLSX or Parquet) from a file; the same file is the same list.

    `columns` says which header holds what where it differs, `{"recipient_id": "ig_id"}`; `zone` is that of times that
    name none. Raises InputError for a file that cannot be read.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"Cannot read the list {path}: {error.strerror}. Check the path.") from error
    params: dict[str, object] = {"name": name or path.name}
    if columns:
        params["column"] = [f"{canonical}={header}" for canonical, header in columns.items()]
    if zone:
        params["zone"] = zone
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    return Call("POST", at("lists"), Checked, params=params, headers=headers, file=path)


def checked(list_id: str) -> Call[Checked]:
    """Say what a list was read as."""
    return get(at("lists", list_id), Checked)


def rejects(list_id: str) -> Call[bytes]:
    """Return the lines that cannot be used and why (CSV)."""
    return get(at("lists", list_id, "rejects.csv"), bytes)
