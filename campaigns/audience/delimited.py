"""CSV files: their separator and headers, and the quick way to their cells.

The quick way is Polars. It gives up on rows that are too long, fills those that are too short and lets stray quotes
swallow lines, so what it reads is checked (`read`), and read again the slow way where that fails (`uneven`).
"""

import csv
import re
from pathlib import Path
from typing import TextIO

import polars as pl

from campaigns.audience.encoding import NOT_TEXT, Text
from campaigns.audience.source import Layout, Source, named
from campaigns.errors import InputError
from schemas.recipient_list import LINE

SEPARATORS = ",;\t|"
_BLOCK = 1 << 16
_TOLD = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""What spreadsheets write, and want to read, as a first line."""


def open_delimited(path: Path, text: Text) -> Source:
    """Open a CSV file whose text is `text`; raises InputError where its first line is no header."""
    try:
        found = [_headed(text.path, separator) for separator in SEPARATORS]
    except csv.Error as error:
        raise InputError(f"The first line of {path.name} is no header: {error}.") from error
    # The first of equals wins, so that a lone column is a CSV file with a comma.
    names, layout = max(found, key=lambda each: len(each[0]))
    if not any(name.strip() for name in names):
        raise InputError(f"{path.name} begins with an empty line or is empty; its first line must name the columns.")
    if any(NOT_TEXT in name for name in names):
        raise InputError(f"The header of {path.name} holds bytes that are no text. Save it as CSV (UTF-8).")
    return Source(path, named(names), layout, marked=text.marked, wrapped=_may_wrap(text.path), notes=list(text.notes))


def scan_even(source: Source, layout: Layout) -> pl.LazyFrame:
    """Return the table of a CSV file whose rows are even; collecting it raises PolarsError where one is too long."""
    frame = pl.scan_csv(
        layout.text,
        has_header=False,
        skip_rows=layout.records,
        separator=layout.separator,
        schema=dict.fromkeys(source.headers, pl.String),
        row_index_name=LINE,
        row_index_offset=layout.lines + 1,
        extra_columns="raise",
        missing_columns="insert",
        glob=False,
    )
    return frame.select(pl.col(LINE).cast(pl.Int64), *(_blank_is_null(name) for name in source.headers))


def past_told(file: TextIO) -> str | None:
    """Go to the header of an opened CSV file; return the separator where a line before it tells that."""
    told = _TOLD.fullmatch(file.readline(16))
    if told is None:
        file.seek(0)
    return told and told[1]


def _headed(text: Path, separator: str) -> tuple[list[str], Layout]:
    """Return the headers and the layout that `separator` would make; a separator that the file tells wins."""
    with text.open(encoding="utf-8-sig", newline="") as file:
        told = past_told(file)
        reader = csv.reader(file, delimiter=told or separator)
        names = next(reader, [])
        before = int(told is not None)
        return names, Layout(text, told or separator, before + 1, before + reader.line_num)


def _may_wrap(text: Path) -> bool:
    with text.open("rb") as file:
        while block := file.read(_BLOCK):
            # Looking for one byte first is ten times as fast; one at the end may go on in the next block.
            if b"=" in block and (b'="' in block or block.endswith(b"=")):
                return True
    return False


def _blank_is_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name)).alias(name)
