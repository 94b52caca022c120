"""Who stands in a list twice."""

from collections.abc import Sequence

import polars as pl

from schemas.recipient_list import LINE, RECIPIENT, RULE

FIRST_LINE = "_first_line"
"""Int64: the first line with the same person and key; a row's own line where it is the first, or unusable."""

_NUMBER, _TEXT = "\x1fnumber", "\x1ftext"


def duplicate_of(frame: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    """Add FIRST_LINE to a stored list: who repeats an earlier line with the same `key` columns and recipient.

    `key` says what counts as one account (a sender column, or the page as the list names it; may be empty). Rows
    without a recipient, or with a rule they break, repeat nobody and are repeated by nobody. The order of rows is kept.
    """
    names = frame.collect_schema().names()
    usable = pl.col(RECIPIENT).is_not_null() & (pl.col(RULE).is_null() if RULE in names else True)
    keyed = frame.with_columns(identity())
    keys = [*key, _NUMBER, _TEXT]
    firsts = _suspects(frame.filter(usable)).group_by(keys).agg(pl.col(LINE).min().alias(FIRST_LINE))
    return (
        keyed.join(firsts, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(pl.when(usable).then(pl.col(FIRST_LINE)).fill_null(pl.col(LINE)))
        .drop(_NUMBER, _TEXT)
    )


def repetitions(frame: pl.LazyFrame, key: Sequence[str]) -> int:
    """Count the rows that repeat another one of `frame` with the same `key` columns and recipient."""
    suspects = _suspects(frame.select(*key, RECIPIENT))
    people = suspects.group_by([*key, _NUMBER, _TEXT]).agg()
    rows, different = pl.collect_all([suspects.select(pl.len()), people.select(pl.len())])
    return int(rows.item()) - int(different.item())


def identity() -> list[pl.Expr]:
    """Return the recipient as two columns that together are as distinct as the text.

    Grouping strings takes five times the memory of grouping numbers, and an id has no leading zeros, so its number is
    the id; what does not fit 64 bits stays text, and that column is null nearly everywhere and costs nothing.
    """
    number = _number()
    return [number.alias(_NUMBER), pl.when(number.is_null()).then(pl.col(RECIPIENT)).alias(_TEXT)]


def _suspects(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows with their identity that may stand twice: few, where grouping all of them takes a gigabyte.

    Sorting the numbers alone shows which of them stand twice, whatever their account.
    """
    numbers = frame.select(_number()).collect().to_series().sort()
    twice = numbers.filter(numbers == numbers.shift()).unique()
    may = pl.col(_NUMBER).is_null() | pl.col(_NUMBER).is_in(twice.implode())
    return frame.with_columns(identity()).filter(may)


def _number() -> pl.Expr:
    return pl.col(RECIPIENT).cast(pl.UInt64, strict=False)
