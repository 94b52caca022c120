"""CSV files that Polars refuses or misreads: rows of the wrong length, stray quotes, empty lines.

Polars gives up a whole file for one row that is too long, and fills a row that is too short with nulls as if its cells
were blank. These files go through the standard library's reader instead, some three times slower and still in bounded
memory, into tables of a hundred thousand rows beside the target; a row of the wrong length keeps its place and is
marked. Empty lines are no rows, but count as lines, as in a spreadsheet.
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import polars as pl

from campaigns.audience.source import Source, utf8
from campaigns.errors import InputError
from schemas.recipient_list import LINE

RAGGED_COLUMN, RAGGED_VALUE = "\x1fragged_column", "\x1fragged_value"
"""For a row that is too short the first header without a cell; for one that is too long "" and its first extra cell."""

# Small, because Python's memory sweeper goes over every cell of a batch again and again.
_BATCH = 5_000
_BATCHES_A_TABLE = 20
Row = Sequence[str | None]


def scan_uneven(source: Source, folder: Path) -> pl.LazyFrame:
    """Write `source` into tables in `folder` and return them as one: LINE, the two marks, the file's own columns.

    Raises InputError for bytes that are not UTF-8, and for a quote that is opened and never closed.
    """
    parts: list[Path] = []
    batches = _batches(source)
    while tables := list(islice(batches, _BATCHES_A_TABLE)):
        parts.append(folder / f"{len(parts):06}.arrow")
        pl.concat(tables).write_ipc(parts[-1])
    if not parts:
        raise InputError(no_rows(source.path))
    return pl.scan_ipc(parts, glob=False)


def _batches(source: Source) -> Iterator[pl.DataFrame]:
    line, last = 2, [""]
    try:
        with utf8(source.path), source.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=source.separator or ",")
            next(reader)
            while batch := list(islice(reader, _BATCH)):
                yield _table(batch, line, source.headers)
                line += len(batch)
                last = batch[-1]
    except csv.Error as error:
        raise InputError(_unclosed(source.path, line)) from error
    if last and "\n" in last[-1] and not _ends_quoted(source.path):
        raise InputError(_unclosed(source.path, line - 1))


def no_rows(path: Path) -> str:
    """Return the sentence for a list with a header alone."""
    return f"{path.name} has a header but no rows. Check that the export finished."


def _table(batch: Sequence[Row], first: int, headers: Sequence[str]) -> pl.DataFrame:
    width = len(headers)
    lines: Sequence[int] = range(first, first + len(batch))
    marks: Sequence[tuple[str, str | None] | None] = [None] * len(batch)
    if set(map(len, batch)) != {width}:
        lines = [line for line, row in zip(lines, batch, strict=True) if row]
        batch = [row for row in batch if row]
        marks = [None if len(row) == width else _mark(row, headers) for row in batch]
        batch = [[*row[:width], *[None] * (width - len(row))] for row in batch]
    cells = list(zip(*batch, strict=True)) or [()] * width
    columns = [pl.Series(name, values, pl.String) for name, values in zip(headers, cells, strict=True)]
    return pl.DataFrame(
        [
            pl.Series(LINE, lines, pl.Int64),
            pl.Series(RAGGED_COLUMN, [mark and mark[0] for mark in marks], pl.String),
            pl.Series(RAGGED_VALUE, [mark and mark[1] for mark in marks], pl.String),
            *columns,
        ]
    ).with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in headers)


def _mark(row: Row, headers: Sequence[str]) -> tuple[str, str | None] | None:
    """Return what is wrong with a row of the wrong length; nothing where its extra cells are blank."""
    if len(row) < len(headers):
        return headers[len(row)], None
    extra = next((cell for cell in row[len(headers) :] if cell and cell.strip()), None)
    return None if extra is None else ("", extra)


def _ends_quoted(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 64))
        return file.read().rstrip().endswith(b'"')


def _unclosed(path: Path, line: int) -> str:
    return (
        f"{path.name} opens a quote in line {line} or after it that is never closed, so the rest of the file reads as "
        "one cell. Close or remove the quote."
    )
