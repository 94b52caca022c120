"""What people and spreadsheets put around a cell to keep it as text, taken off again and told.

="17841400000000123"    a text formula, in any column
'17841400000000123      the apostrophe of a text cell, around ids alone: a name may begin with one
U+200B 17841400000000123  characters that cannot be seen, which copying from a chat leaves around ids
"""

from collections.abc import Sequence

import polars as pl

_BEGIN, _END = '="', '"'
# The zero-width ones, the marks of writing direction, and the byte order mark.
UNSEEN = "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_BARE_ID = rf"^['\u2019\s{UNSEEN}]*([1-9][0-9]{{0,31}})['\s{UNSEEN}]*$"


def formula_text(name: str) -> pl.Expr:
    """Return a column with its text formulas replaced by their texts, blank ones null."""
    cell = pl.col(name)
    inside = cell.str.strip_chars().str.strip_prefix(_BEGIN).str.strip_suffix(_END).str.replace_all('""', '"')
    text = pl.when(_is_formula(name)).then(inside).otherwise(cell)
    return pl.when(text != "").then(text).alias(name)


def formulas(cells: pl.LazyFrame, names: Sequence[str]) -> tuple[int, str | None]:
    """Count the text formulas in a file's cells, and return one; collecting may raise PolarsError."""
    found = [pl.when(_is_formula(name)).then(pl.col(name)) for name in names]
    count = pl.sum_horizontal(each.count() for each in found)
    example = pl.coalesce(each.drop_nulls().first() for each in found)
    total, one = cells.select(count.alias("count"), example.alias("example")).collect().row(0)
    return int(total), one


def formulas_noted(count: int, example: str | None) -> str:
    """Return the note for text formulas that were taken off."""
    cells = "1 cell is a text formula" if count == 1 else f"{count} cells are text formulas"
    return f"{cells} of a spreadsheet, such as {example}; the text inside was read."


def bare_id(text: pl.Expr) -> pl.Expr:
    """Return the id inside what stands around it, null where there is none."""
    return text.str.extract(_BARE_ID)


def _is_formula(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return text.str.starts_with(_BEGIN) & text.str.ends_with(_END) & (text.str.len_bytes() > len(_BEGIN))
