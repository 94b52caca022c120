"""CSV files that Polars refuses or misreads: rows of the wrong length, stray quotes, line breaks in cells, empty lines.

Polars gives up a whole file for one row that is too long, and fills a row that is too short with nulls as if its cells
were blank. These files go through the standard library's reader instead, some three times slower and still in bounded
memory; a row of the wrong length keeps its place and is marked. Empty lines are no rows, but count as lines; a row
whose cells hold line breaks goes by the line that it begins on.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path

import polars as pl

from campaigns.audience.delimited import past_told
from campaigns.audience.source import Layout, Source, no_rows
from campaigns.audience.tables import BATCH, Fault, spooled, table
from campaigns.errors import InputError

RAGGED = "ragged"
"""The rule for a row of the wrong length; its column is the first header without a cell, or "" for a cell too many."""

# What the standard library's reader counts as the end of a line.
_BREAK = re.compile("\r\n|\r|\n")


def scan_uneven(source: Source, layout: Layout, folder: Path) -> pl.LazyFrame:
    """Write `source` into tables in `folder` and return them as one.

    Raises InputError for a quote that is opened and never closed.
    """
    cells = spooled(_tables(source, layout), folder)
    if cells is None:
        raise InputError(no_rows(source.path))
    return cells


def _tables(source: Source, layout: Layout) -> Iterator[pl.DataFrame]:
    line, row = layout.lines + 1, list[str]()
    try:
        with layout.text.open(encoding="utf-8-sig", newline="") as file:
            told = past_told(file)
            reader = csv.reader(file, delimiter=layout.separator)
            if layout.records > (told is not None):
                next(reader)
            while batch := list(islice(reader, BATCH)):
                lines = _begins(batch, line, reader.line_num + 1 + (told is not None))
                yield _table(lines, batch, source.headers)
                line, row = lines[-1] + 1 + _breaks(batch[-1]), batch[-1]
    except csv.Error as error:
        raise InputError(_unclosed(source.path, line)) from error
    if row and "\n" in row[-1] and not _ends_quoted(layout.text):
        raise InputError(_unclosed(source.path, line - 1 - _breaks(row)))


def _begins(rows: Sequence[Sequence[str]], first: int, after: int) -> Sequence[int]:
    """Return the line that each row begins on, of rows that fill the lines from `first` to before `after`."""
    if after - first == len(rows):
        return range(first, after)
    return list(accumulate((1 + _breaks(row) for row in rows[:-1]), initial=first))


def _breaks(row: Sequence[str]) -> int:
    return sum(len(_BREAK.findall(cell)) for cell in row)


def _table(lines: Sequence[int], rows: Sequence[Sequence[str]], headers: Sequence[str]) -> pl.DataFrame:
    width = len(headers)
    if set(map(len, rows)) == {width}:
        return table(lines, None, dict(zip(headers, zip(*rows, strict=True), strict=True)))
    lines = [line for line, row in zip(lines, rows, strict=True) if row]
    rows = [row for row in rows if row]
    faults = [None if len(row) == width else _fault(row, headers) for row in rows]
    padded = ([*row[:width], *[None] * (width - len(row))] for row in rows)
    columns = list(zip(*padded, strict=True)) or [()] * width
    return table(lines, faults, dict(zip(headers, columns, strict=True)))


def _fault(row: Sequence[str], headers: Sequence[str]) -> Fault | None:
    """Return what is wrong with a row of the wrong length; nothing where its extra cells are blank."""
    if len(row) < len(headers):
        return Fault(RAGGED, headers[len(row)], None)
    extra = next((cell for cell in row[len(headers) :] if cell.strip()), None)
    return None if extra is None else Fault(RAGGED, "", extra)


def _ends_quoted(text: Path) -> bool:
    with text.open("rb") as file:
        file.seek(max(0, text.stat().st_size - 64))
        return file.read().rstrip().endswith(b'"')


def _unclosed(path: Path, line: int) -> str:
    return (
        f"{path.name} opens a quote in line {line} or after it that is never closed, so the rest of the file reads as "
        "one cell. Close or remove the quote."
    )
