"""Who stands in a list twice."""

from collections.abc import Sequence

import polars as pl

from schemas.recipient_list import LINE, RECIPIENT, RULE

FIRST_LINE = "_first_line"
"""Int64: the first line with the same person and key; a row's own line where it is the first, or unusable."""

_NUMBER, _TEXT = "\x1fnumber", "\x1ftext"
_COUNT = "\x1fcount"


def duplicate_of(frame: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    """Add FIRST_LINE to a stored list: who repeats an earlier line with the same `key` columns and recipient.

    `key` says what counts as one account (a sender column, or the page as the list names it; may be empty). Rows
    without a recipient, or with a rule they break, repeat nobody and are repeated by nobody. The order of rows is kept.
    """
    names = frame.collect_schema().names()
    usable = pl.col(RECIPIENT).is_not_null() & (pl.col(RULE).is_null() if RULE in names else True)
    keyed = frame.with_columns(identity())
    keys = [*key, _NUMBER, _TEXT]
    repeated = (
        keyed.filter(usable)
        .group_by(keys)
        .agg(pl.col(LINE).min().alias(FIRST_LINE), pl.len().alias(_COUNT))
        .filter(pl.col(_COUNT) > 1)
        .drop(_COUNT)
    )
    return (
        keyed.join(repeated, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(pl.when(usable).then(pl.col(FIRST_LINE)).fill_null(pl.col(LINE)))
        .drop(_NUMBER, _TEXT)
    )


def people(frame: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    """Return one row, `len`: how many different (key, recipient) there are among `frame`'s rows."""
    return frame.with_columns(identity()).group_by([*key, _NUMBER, _TEXT]).agg().select(pl.len())


def identity() -> list[pl.Expr]:
    """Return the recipient as two columns that together are as distinct as the text.

    Grouping strings takes five times the memory of grouping numbers, and an id has no leading zeros, so its number is
    the id; what does not fit 64 bits stays text, and that column is null nearly everywhere and costs nothing.
    """
    number = pl.col(RECIPIENT).cast(pl.UInt64, strict=False)
    return [number.alias(_NUMBER), pl.when(number.is_null()).then(pl.col(RECIPIENT)).alias(_TEXT)]
