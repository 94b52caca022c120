"""The results as a workbook: ids stay text, no cell is a formula, and memory does not grow with the rows."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

SHEET = 1_048_575
"""Rows of one sheet below its header; Excel takes 1,048,576 in all."""
_CELL = 32_767
"""Characters that a cell holds: https://support.microsoft.com, "Excel specifications and limits", 2026."""
_SLICE = 50_000


def write_workbook(parquet: Path, out: Path) -> None:
    """Write the Parquet file's rows as .xlsx, in as many sheets as they need; times are UTC."""
    # Its writer takes a second to import; only --xlsx needs it.
    from xlsxwriter import Workbook  # type: ignore[import-untyped] # it has none  # noqa: PLC0415

    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss", "tmpdir": str(out.parent)}
    with Workbook(out, options) as book:
        headers = list(pl.read_parquet_schema(parquet))
        for number, sheet_rows in enumerate(_sheets(parquet), 1):
            sheet = book.add_worksheet("results" if number == 1 else f"results {number}")
            sheet.freeze_panes(1, 0)
            for column, header in enumerate(headers):
                sheet.write_string(0, column, header[:_CELL])
            for line, cells in enumerate(sheet_rows, 1):
                for column, cell in enumerate(cells):
                    _write(sheet, line, column, cell)


def _sheets(parquet: Path) -> Iterator[Iterator[tuple[Any, ...]]]:
    rows = pl.scan_parquet(parquet)
    n = rows.select(pl.len()).collect().item()
    for first in range(0, max(n, 1), SHEET):
        yield _rows(rows, first, min(SHEET, n - first))


def _rows(rows: pl.LazyFrame, first: int, n: int) -> Iterator[tuple[Any, ...]]:
    for offset in range(0, n, _SLICE):
        yield from rows.slice(first + offset, min(_SLICE, n - offset)).collect().iter_rows()


def _write(sheet: Any, line: int, column: int, cell: Any) -> None:
    if isinstance(cell, str):
        # A string cell is never run, whatever it begins with; `write` would make a formula of it.
        sheet.write_string(line, column, cell[:_CELL])
    elif isinstance(cell, datetime):
        sheet.write_datetime(line, column, cell.replace(tzinfo=None))
    elif cell is not None:
        sheet.write_number(line, column, cell)
