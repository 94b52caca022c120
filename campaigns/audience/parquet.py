"""Parquet files: whole numbers exactly, times as ISO 8601, nested columns left out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from campaigns.audience.source import Source, named
from campaigns.errors import InputError
from schemas.recipient_list import LINE

_EXACT_FLOAT = 2**53


def open_parquet(path: Path) -> Source:
    """Open a Parquet file; raises InputError where it is damaged."""
    with readable(path):
        frame = pl.scan_parquet(path, glob=False)
        types = frame.collect_schema()
    headers = named(types.names())
    kinds = dict(zip(headers, types.dtypes(), strict=True))
    texts = frame.rename(dict(zip(types.names(), headers, strict=True))).select(
        _as_text(*each) for each in kinds.items()
    )
    return Source(
        path,
        headers,
        texts.with_row_index(LINE, offset=2).with_columns(pl.col(LINE).cast(pl.Int64)),
        fractions=frozenset(name for name, kind in kinds.items() if kind.is_float()),
        notes=[left_out(name) for name, kind in kinds.items() if _textless(kind)],
    )


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what Polars says about a broken Parquet file into an InputError."""
    try:
        yield
    except (PolarsError, OSError) as error:
        raise InputError(f"{path.name} is a damaged Parquet file and cannot be read. Write it again.") from error


def left_out(name: str) -> str:
    """Return the note for a column of lists or objects."""
    return f'Column "{name}" holds no plain values and is left blank.'


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
