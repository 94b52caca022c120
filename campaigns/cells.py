"""Cells of a spreadsheet that run nothing: an apostrophe before what would be a formula, no control characters."""

import re

import polars as pl

_FORMULA = r"^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])"  # noqa: RUF001 - the wide ones are formulas in East Asian versions
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
"""What a terminal would obey, and what an import may drop to find a formula behind it."""
_INSTEAD = "\N{REPLACEMENT CHARACTER}"


def harmless(cell: str) -> str:
    """Return a text as a cell that no spreadsheet runs."""
    shown = re.sub(_CONTROL, _INSTEAD, cell)
    return f"'{shown}" if re.match(_FORMULA, shown) else shown


def harmless_column(name: str) -> pl.Expr:
    """Return a column of texts whose cells no spreadsheet runs."""
    cell = pl.col(name).str.replace_all(_CONTROL, _INSTEAD)
    return pl.when(cell.str.contains(_FORMULA)).then(pl.concat_str(pl.lit("'"), cell)).otherwise(cell).alias(name)
