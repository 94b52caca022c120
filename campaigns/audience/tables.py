"""Rows that Python has to read, kept in bounded memory: tables on disk, each row with what is wrong with it as a whole.

They serve files that Polars cannot read itself: uneven CSV, JSON lines, workbooks.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from campaigns.audience.encoding import NOT_TEXT
from schemas.recipient_list import LINE

FAULT, FAULT_COLUMN, FAULT_VALUE = "\x1ffault", "\x1ffault_column", "\x1ffault_value"
"""The rule that a row breaks before its cells are looked at, the header and the text to show; null for a sound row."""

BATCH = 5_000
"""Rows to a table; small, because Python's memory sweeper goes over every cell of a batch again and again."""
_TABLES_A_FILE = 20
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row as a whole; `column` is "" where it is about no cell that has a header."""

    rule: str
    column: str
    value: str | None


def table(
    lines: Sequence[int], faults: Sequence[Fault | None] | None, cells: Mapping[str, Sequence[str | None]]
) -> pl.DataFrame:
    """Return a table of LINE, the three FAULT columns and `cells`, blank ones null; no `faults`: every row is sound."""
    rows = pl.DataFrame([pl.Series(LINE, lines, pl.Int64), *(_column(name, values) for name, values in cells.items())])
    marks = {
        FAULT: [fault and fault.rule for fault in faults or ()],
        FAULT_COLUMN: [fault and fault.column for fault in faults or ()],
        FAULT_VALUE: [fault and fault.value for fault in faults or ()],
    }
    blank = pl.lit(None, pl.String)
    return rows.with_columns(
        *(pl.Series(name, mark, pl.String) if faults else blank.alias(name) for name, mark in marks.items()),
        *(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in cells),
    )


def _column(name: str, values: Sequence[str | None]) -> pl.Series:
    try:
        return pl.Series(name, values, pl.String)
    except UnicodeEncodeError:
        # JSON can write what is no text.
        return pl.Series(name, [value and _HALF_A_PAIR.sub(NOT_TEXT, value) for value in values], pl.String)


def spooled(tables: Iterable[pl.DataFrame], folder: Path) -> pl.LazyFrame | None:
    """Write tables into `folder` and return them as one, None where there are none; a column may come late."""
    parts: list[Path] = []
    coming = iter(tables)
    while several := list(islice(coming, _TABLES_A_FILE)):
        parts.append(folder / f"{len(parts):06}.arrow")
        pl.concat(several, how="diagonal").write_ipc(parts[-1])
    scans = [pl.scan_ipc(part, glob=False) for part in parts]
    return pl.concat(scans, how="diagonal") if scans else None
