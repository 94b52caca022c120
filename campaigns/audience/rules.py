"""What makes a row usable: one set of expressions from the file's cells to Pagecast's own columns."""

from functools import lru_cache
from zoneinfo import available_timezones

import polars as pl

from campaigns.audience.columns import Columns
from campaigns.audience.instants import EITHER_ORDER, instant
from campaigns.audience.uneven import RAGGED_COLUMN, RAGGED_VALUE
from schemas.reason import Reason, about
from schemas.recipient_list import (
    CLOSES_AT,
    COLUMN,
    INBOUND_AT,
    LINE,
    OPTED_OUT,
    PAGE,
    RECIPIENT,
    RULE,
    TIMEZONE,
    VALUE,
)

BAD_TIME, RAGGED = "bad_time", "ragged"

YES = ("true", "1", "yes", "y", "x", "t")
NO = ("", "false", "0", "no", "n", "f")

_USABLE_ID = r"^[1-9][0-9]{0,31}$"
# 1.78E+16, 17841400000000000.0, 17,841,400,000,000,000
_DAMAGED_ID = r"^[+-]?[0-9]+(?:[.,][0-9]*)*(?:[eE][+-]?[0-9]+)?$"
_DIGITS = r"^[0-9]+$"

_SENTENCES = {
    Reason.BAD_ID: about(Reason.BAD_ID).sentence,
    Reason.DAMAGED_ID: f"{about(Reason.DAMAGED_ID).sentence} {about(Reason.DAMAGED_ID).next_step}",
    BAD_TIME: "The time cannot be read. Write it as 2026-03-04T17:05:00+01:00 or in epoch seconds.",
    RAGGED: "The line has more or fewer cells than the header. Check its separators and quotes.",
}
_EITHER_ORDER = "Day and month cannot be told apart. Write the year first: 2026-03-04."


def stored(cells: pl.LazyFrame, columns: Columns, headers: list[str], zone: str) -> pl.LazyFrame:
    """Return a stored list, OWN and then `headers`, from the table of a file's cells."""
    if RAGGED_COLUMN not in cells.collect_schema().names():
        missing = pl.lit(None, pl.String)
        cells = cells.with_columns(missing.alias(RAGGED_COLUMN), missing.alias(RAGGED_VALUE))
    times = {CLOSES_AT: columns.window_closes_at, INBOUND_AT: columns.last_inbound_at}
    read = cells.with_columns(
        trimmed(columns.recipient_id).alias(RECIPIENT),
        trimmed(columns.page).alias(PAGE),
        *(instant(trimmed(header), zone).alias(own) for own, header in times.items()),
        opted_out(columns.opted_out).alias(OPTED_OUT),
        timezone(columns.timezone).alias(TIMEZONE),
    )
    judged = read.with_columns(_rule(times).alias(RULE))
    kept = pl.when(pl.col(RULE).is_null() | (pl.col(RULE) == BAD_TIME)).then(pl.col(RECIPIENT))
    column, value = _offence(columns.recipient_id, times)
    return judged.select(
        LINE, kept, PAGE, CLOSES_AT, INBOUND_AT, OPTED_OUT, TIMEZONE, RULE,
        column.alias(COLUMN), value.alias(VALUE), *headers,
    )  # fmt: skip


def sentence() -> pl.Expr:
    """Return what RULE means for people."""
    known = {str(rule): text for rule, text in _SENTENCES.items()}
    either = (pl.col(RULE) == BAD_TIME) & pl.col(VALUE).str.contains(EITHER_ORDER)
    return pl.when(either).then(pl.lit(_EITHER_ORDER)).otherwise(pl.col(RULE).replace_strict(known, default=None))


def trimmed(header: str | None) -> pl.Expr:
    """Return a column's text without the space around it, null where nothing is left or there is no such column."""
    if header is None:
        return pl.lit(None, pl.String)
    text = pl.col(header).str.strip_chars()
    return pl.when(text != "").then(text)


def opted_out(header: str | None) -> pl.Expr:
    """Return whether a person opted out; a word that nobody foresaw counts as yes, the mistake that harms nobody."""
    return ~trimmed(header).str.to_lowercase().is_in(NO).fill_null(True)


def timezone(header: str | None) -> pl.Expr:
    """Return a person's time zone, null where there is no such zone."""
    if header is None:
        return pl.lit(None, pl.String)
    return pl.when(trimmed(header).is_in(zones())).then(trimmed(header))


@lru_cache
def zones() -> list[str]:
    """Return the names of all time zones."""
    return sorted(available_timezones())


def _rule(times: dict[str, str | None]) -> pl.Expr:
    usable = pl.col(RECIPIENT).str.contains(_USABLE_ID).fill_null(False)
    # Only what is not usable is looked at again: three patterns for every id would double the time of a list.
    other = pl.when(~usable).then(pl.col(RECIPIENT))
    damaged = other.str.contains(_DAMAGED_ID) & ~other.str.contains(_DIGITS)
    return (
        pl.when(pl.col(RAGGED_COLUMN).is_not_null())
        .then(pl.lit(RAGGED))
        .when(~usable)
        .then(pl.when(damaged).then(pl.lit(str(Reason.DAMAGED_ID))).otherwise(pl.lit(str(Reason.BAD_ID))))
        .when(pl.any_horizontal(_unread(own, header) for own, header in times.items()))
        .then(pl.lit(BAD_TIME))
    )


def _unread(own: str, header: str | None) -> pl.Expr:
    return pl.col(own).is_null() & trimmed(header).is_not_null()


def _offence(recipient: str, times: dict[str, str | None]) -> tuple[pl.Expr, pl.Expr]:
    """Return the header and the text of the cell that breaks RULE."""
    column, value = pl.lit(recipient), pl.col(recipient)
    for own, header in times.items():
        if header is not None:
            bad = (pl.col(RULE) == BAD_TIME) & _unread(own, header)
            column = pl.when(bad).then(pl.lit(header)).otherwise(column)
            value = pl.when(bad).then(pl.col(header)).otherwise(value)
    ragged = pl.col(RULE) == RAGGED
    column = pl.when(ragged).then(pl.col(RAGGED_COLUMN)).otherwise(column)
    value = pl.when(ragged).then(pl.col(RAGGED_VALUE)).otherwise(value)
    rejected = pl.col(RULE).is_not_null()
    return pl.when(rejected).then(column), pl.when(rejected).then(value)
