"""The people of a page as a list that a campaign can use: who may be written to, and until when."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import polars as pl
from sqlalchemy import Connection, Row

from campaigns import contacts, pages
from campaigns.cells import harmless
from campaigns.contacts import EVERYBODY
from campaigns.moments import iso
from campaigns.runtime import now_of

COLUMNS = ("recipient_id", "page", "last_inbound_at", "window_closes_at")
_SLICE = 50_000


def people(
    conn: Connection, page: str, *, is_open: bool = False, left_ms: int = 0, most: int = EVERYBODY
) -> Iterator[dict[str, Any]]:
    """Yield the people of a page, the first window to close first.

    With `is_open` only those whose window is open, with `left_ms` those who have at least so many milliseconds left.
    Raises NotFoundError where there is no such page.
    """
    found = pages.named(conn, page)
    after = closes_after(conn, is_open=is_open, left_ms=left_ms)
    listed = contacts.listed(conn, found.channel, found.account_id, closes_after=after, most=most)
    return (_person(row, found.name) for row in listed)


def closes_after(conn: Connection, *, is_open: bool, left_ms: int) -> int:
    """Return the moment (epoch ms) after which the windows of such people close, -1 where any window will do."""
    return now_of(conn) + left_ms if is_open or left_ms else -1


def write_csv(file: TextIO, listed: Iterable[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> int:
    """Write people as CSV that no spreadsheet runs; return how many."""
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    n = 0
    for n, person in enumerate(listed, 1):  # noqa: B007 - the last one is how many there are
        writer.writerow({name: harmless(person[name]) for name in columns})
    return n


def write_parquet(path: Path, listed: Iterable[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> int:
    """Write people as Parquet, every column a text; return how many."""
    schema = dict.fromkeys(columns, pl.String)
    parts = [pl.DataFrame(schema=schema)]
    rows = ([person[name] for name in columns] for person in listed)
    while part := list(islice(rows, _SLICE)):
        parts.append(pl.DataFrame(part, schema=schema, orient="row"))
    frame = pl.concat(parts)
    frame.write_parquet(path)
    return frame.height


def _person(row: Row[Any], page: str) -> dict[str, Any]:
    return {
        "recipient_id": row.recipient_id,
        "page": page,
        "last_inbound_at": iso(row.opened_at),
        "window_closes_at": iso(row.closes_at),
        "kind": row.kind,
        "evidence": row.evidence,
        "source": row.source,
    }
