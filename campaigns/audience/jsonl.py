"""JSON lines: an object a line, each key a column.

Python's reader takes numbers as they are written, so that an id of any length is exact text; Polars would round it.
Lines are those of the file, the first is 1. A line that is no object is a row that breaks a rule.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import polars as pl

from campaigns.audience.encoding import Text
from campaigns.audience.parquet import left_out
from campaigns.audience.source import Source, named
from campaigns.audience.tables import BATCH, Fault, spooled, table
from campaigns.errors import InputError

UNREADABLE = "unreadable"
"""The rule for a line that is no text or no JSON object."""

_SHOWN = 200
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
Row = dict[str, object]


def open_jsonl(path: Path, text: Text, folder: Path) -> Source:
    """Open a file of JSON lines, kept as tables in `folder`; raises InputError where no line is an object."""
    keys: dict[str, None] = {}
    nested: dict[str, None] = {}
    cells = spooled(_tables(text.path, keys, nested), folder)
    if cells is None or not keys:
        raise InputError(f"{path.name} has no line that is a JSON object. Write one object a line.")
    headers = named(list(keys))
    notes = [*text.notes, *(left_out(name) for name in nested)]
    # A lone surrogate shows only in the middle of a file, so any cell may hold what is no text.
    return Source(path, headers, cells.rename(dict(zip(keys, headers, strict=True))), marked=True, notes=notes)


def _tables(text: Path, keys: dict[str, None], nested: dict[str, None]) -> Iterator[pl.DataFrame]:
    """Yield the file's rows; adds to `keys` the columns in the order of their first row, to `nested` the textless."""
    with text.open(encoding="utf-8-sig", newline="\n") as file:
        numbered = ((number, line) for number, line in enumerate(file, 1) if line.strip())
        while batch := list(islice(numbered, BATCH)):
            rows = [_row(line) for _, line in batch]
            keys.update(dict.fromkeys(chain.from_iterable(row for row in rows if isinstance(row, dict))))
            yield _table([number for number, _ in batch], rows, keys, nested)


def _row(line: str) -> Row | Fault:
    try:
        row = _DECODER.decode(line.strip())
    except (ValueError, RecursionError):
        row = None
    return row if isinstance(row, dict) else Fault(UNREADABLE, "", line.strip()[:_SHOWN])


def _table(
    lines: Sequence[int], rows: Sequence[Row | Fault], keys: dict[str, None], nested: dict[str, None]
) -> pl.DataFrame:
    whole = [row if isinstance(row, dict) else {} for row in rows]
    texts: dict[str, list[str | None]] = {}
    for key in keys:
        values = [row.get(key) for row in whole]
        kinds = set(map(type, values))
        if not kinds.isdisjoint((dict, list)):
            nested[key] = None
        texts[key] = [_text(value) for value in values]
    return table(lines, [row if isinstance(row, Fault) else None for row in rows], texts)


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else None
