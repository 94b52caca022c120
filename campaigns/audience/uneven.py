"""CSV files that Polars refuses or misreads: rows of the wrong length, stray quotes, line breaks in cells, empty lines.

Polars gives up a whole file for one row that is too long, and fills a row that is too short with nulls as if its cells
were blank. These files go through the standard library's reader instead, some three times slower and still in bounded
memory; a row of the wrong length keeps its place and is marked. Empty lines are no rows, but count as lines; a row
whose cells hold line breaks goes by the line that it begins on.
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import polars as pl

from campaigns.audience.delimited import past_told
from campaigns.audience.source import Layout, Source, no_rows
from campaigns.audience.tables import BATCH, Fault, spooled, table
from campaigns.errors import InputError

RAGGED = "ragged"
"""The rule for a row of the wrong length; its column is the first header without a cell, or "" for a cell too many."""

Numbered = tuple[int, list[str]]


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
            rows = _rows(file, layout)
            while batch := list(islice(rows, BATCH)):
                line, row = batch[-1]
                yield _table(batch, source.headers)
    except csv.Error as error:
        raise InputError(_unclosed(source.path, line)) from error
    if row and "\n" in row[-1] and not _ends_quoted(layout.text):
        raise InputError(_unclosed(source.path, line))


def _rows(file: TextIO, layout: Layout) -> Iterator[Numbered]:
    """Yield every row that is not empty with the line that it begins on."""
    past_told(file)
    reader = csv.reader(file, delimiter=layout.separator)
    next(reader)
    before = layout.lines - reader.line_num
    line = layout.lines + 1
    for row in reader:
        if row:
            yield line, row
        line = before + reader.line_num + 1


def _table(batch: Sequence[Numbered], headers: Sequence[str]) -> pl.DataFrame:
    width = len(headers)
    lines, rows = zip(*batch, strict=True)
    faults: Sequence[Fault | None] = [None] * len(rows)
    if set(map(len, rows)) != {width}:
        faults = [None if len(row) == width else _fault(row, headers) for row in rows]
        rows = tuple([*row[:width], *[None] * (width - len(row))] for row in rows)
    return table(lines, faults, dict(zip(headers, zip(*rows, strict=True), strict=True)))


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
