"""Excel workbooks: the first sheet that is not hidden, its first row that is not empty as header.

Excel keeps every number as a double of which it shows 15 digits. A whole number below 2^53 is exact and becomes its
digits; one beyond becomes the scientific notation that Excel itself shows, which the rules find as a damaged id. Lines
are the rows of the sheet.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from campaigns.audience.source import Source, named, no_rows
from campaigns.audience.tables import BATCH, spooled, table
from campaigns.errors import InputError

_EXACT_FLOAT = 2**53

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
Rows = Iterator[tuple[int, list[Cell]]]


def open_workbook(path: Path, folder: Path) -> Source:
    """Open a workbook, its sheet kept as tables in `folder`; raises InputError where it holds no list."""
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            sheet, notes = _sheet(path, book)
            # Empty rows are no rows, but count as lines.
            rows = ((number, row) for number, row in enumerate(sheet.iter_rows(), 1) if any(cell != "" for cell in row))
            header = next(rows, None)
            if header is None:
                raise InputError(f'The sheet "{sheet.name}" of {path.name} is empty.')
            headers = named([text(cell) or "" for cell in header[1]])
            cells = spooled(_tables(rows, headers), folder)
    except CalamineError as error:
        raise InputError(
            f"{path.name} is no Excel workbook that can be read. Save it again as .xlsx or CSV."
        ) from error
    if cells is None:
        raise InputError(no_rows(path))
    return Source(path, headers, cells, notes=notes)


def text(cell: Cell) -> str | None:
    """Return a cell as text, None where it is blank."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        whole = cell == int(cell) and abs(cell) < _EXACT_FLOAT
        return str(int(cell)) if whole else f"{cell:.15g}"
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell) or None


def _sheet(path: Path, book: CalamineWorkbook) -> tuple[CalamineSheet, list[str]]:
    shown = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    if not shown:
        raise InputError(f"{path.name} has no sheet that is not hidden.")
    several = f'{path.name} has {len(shown)} sheets; only the first, "{shown[0]}", is read.'
    return book.get_sheet_by_name(shown[0]), [several] if len(shown) > 1 else []


def _tables(rows: Rows, headers: Sequence[str]) -> Iterator[pl.DataFrame]:
    while batch := list(islice(rows, BATCH)):
        lines = [number for number, _ in batch]
        columns = zip(*(row for _, row in batch), strict=True)
        cells = {name: [text(cell) for cell in column] for name, column in zip(headers, columns, strict=True)}
        yield table(lines, None, cells)
