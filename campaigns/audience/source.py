"""A list's file, opened: what kind it is, its headers, and its cells as text.

Every kind ends as one lazy table: LINE, then the file's own columns as String, blank cells null. A new kind is a
branch in `kind` and two functions, one for the headers and one for that table.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from campaigns.errors import InputError
from schemas.recipient_list import LINE, OWN

SEPARATORS = ",;\t"
_EXACT_FLOAT = 2**53

_FOREIGN = {
    b"PK\x03\x04": "is a spreadsheet, not a CSV file. Save it as CSV (UTF-8), with the id column as text.",
    b"\xff\xfe": "is in UTF-16, not UTF-8. Save it as CSV (UTF-8).",
    b"\xfe\xff": "is in UTF-16, not UTF-8. Save it as CSV (UTF-8).",
}


@dataclass(frozen=True, slots=True)
class Source:
    """`separator` is None for Parquet, which has none."""

    path: Path
    headers: list[str]
    separator: str | None


def headers(source: Path) -> list[str]:
    """Return the file's column names, trimmed; one without a name becomes `column_N`.

    Raises InputError for a file that is missing, empty, not a list or not UTF-8, and for two columns of one name.
    """
    return open_source(source).headers


def open_source(path: Path) -> Source:
    """Tell what `path` is by its first bytes, and read its headers."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise InputError(f"The list {path} cannot be opened: {error.strerror}.") from error
    for magic, wrong in _FOREIGN.items():
        if start.startswith(magic):
            raise InputError(f"{path.name} {wrong}")
    if start == b"PAR1":
        with readable_parquet(path):
            names, separator = list(pl.read_parquet_schema(path)), None
    else:
        names, separator = _csv_headers(path)
    return Source(path, _distinct(names), separator)


def scan_csv(source: Source) -> pl.LazyFrame:
    """Return the table of a CSV file whose rows are even; collecting it raises PolarsError where one is too long."""
    frame = pl.scan_csv(
        source.path,
        has_header=False,
        skip_rows=1,
        separator=source.separator or ",",
        schema=dict.fromkeys(source.headers, pl.String),
        row_index_name=LINE,
        row_index_offset=2,
        extra_columns="raise",
        missing_columns="insert",
        glob=False,
    )
    return frame.select(pl.col(LINE).cast(pl.Int64), *(_blank_is_null(name) for name in source.headers))


def scan_parquet(source: Source) -> pl.LazyFrame:
    """Return the table of a Parquet file: whole numbers exactly, times as ISO 8601, nested columns as null."""
    frame = pl.scan_parquet(source.path, glob=False)
    types = frame.collect_schema()
    named = frame.rename(dict(zip(types.names(), source.headers, strict=True)))
    texts = [_as_text(name, kind) for name, kind in zip(source.headers, types.dtypes(), strict=True)]
    return named.select(texts).with_row_index(LINE, offset=2).with_columns(pl.col(LINE).cast(pl.Int64))


def float_columns(source: Source) -> set[str]:
    """Return the headers of a Parquet file's columns that hold fractions, which cannot hold an id."""
    kinds = pl.read_parquet_schema(source.path).values()
    return {name for name, kind in zip(source.headers, kinds, strict=True) if kind.is_float()}


def nested_columns(source: Source) -> list[str]:
    """Return the headers of a Parquet file's columns that cannot be text."""
    kinds = pl.read_parquet_schema(source.path).values()
    return [name for name, kind in zip(source.headers, kinds, strict=True) if _textless(kind)]


@contextmanager
def readable_parquet(path: Path) -> Iterator[None]:
    """Turn what Polars says about a broken Parquet file into an InputError."""
    try:
        yield
    except (PolarsError, OSError) as error:
        raise InputError(f"{path.name} is a damaged Parquet file and cannot be read. Write it again.") from error


@contextmanager
def utf8(path: Path) -> Iterator[None]:
    """Turn bytes that are not UTF-8 into an InputError that names their line."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not UTF-8: line {_first_foreign_line(path)} holds other bytes. Save it as CSV (UTF-8)."
        ) from error


def first_record(path: Path, separator: str) -> list[str]:
    """Return the cells of a CSV file's first record; none where the file is empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file, delimiter=separator), [])


def _csv_headers(path: Path) -> tuple[list[str], str]:
    try:
        with utf8(path):
            records = {separator: first_record(path, separator) for separator in SEPARATORS}
    except csv.Error as error:
        raise InputError(f"The first line of {path.name} is no header: {error}.") from error
    # The first of equals wins, so that a lone column is a CSV file with a comma.
    separator = max(records, key=lambda s: len(records[s]))
    if not any(name.strip() for name in records[separator]):
        raise InputError(f"{path.name} begins with an empty line or is empty; its first line must name the columns.")
    return records[separator], separator


def _distinct(names: Sequence[str]) -> list[str]:
    trimmed = [name.strip() or f"column_{position}" for position, name in enumerate(names, 1)]
    for name, count in Counter(trimmed).items():
        if count > 1:
            raise InputError(f'The list has {count} columns named "{name}". Give each its own name.')
        if name in OWN:
            raise InputError(f'The list has a column "{name}", a name that Pagecast keeps for itself. Rename it.')
    return trimmed


def _blank_is_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name)).alias(name)


def _textless(kind: pl.DataType) -> bool:
    return kind.is_nested() or kind in (pl.Binary, pl.Object)


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if _textless(kind):
        return pl.lit(None, pl.String).alias(name)
    if isinstance(kind, pl.Datetime):
        zoned = column.dt.convert_time_zone("UTC") if kind.time_zone else column
        column = zoned.dt.to_string("%Y-%m-%dT%H:%M:%S%.f" + ("Z" if kind.time_zone else ""))
    text = column.cast(pl.String)
    if kind.is_float():
        # Whole numbers with gaps arrive as fractions: 120, not 120.0, is what belongs in a message or is a time.
        whole = (column == column.round()) & (column.abs() < _EXACT_FLOAT)
        text = pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    return pl.when(text != "").then(text).alias(name)


def _first_foreign_line(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise AssertionError("called only for a file with bytes that are not UTF-8")
