"""What makes a row usable: one set of expressions from the file's cells to Pagecast's own columns."""

from functools import lru_cache
from zoneinfo import available_timezones

import polars as pl

from campaigns.audience.columns import Columns
from campaigns.audience.encoding import NOT_TEXT
from campaigns.audience.instants import EITHER_ORDER, instant
from campaigns.audience.jsonl import UNREADABLE
from campaigns.audience.tables import FAULT, FAULT_COLUMN, FAULT_VALUE
from campaigns.audience.uneven import RAGGED
from campaigns.audience.wrapping import bare_id
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

BAD_TIME = "bad_time"

YES = ("true", "1", "yes", "y", "x", "t")
NO = ("", "false", "0", "no", "n", "f")

_USABLE_ID = r"^[1-9][0-9]{0,31}$"
# 1.78E+16, 17841400000000000.0, 17,841,400,000,000,000
_DAMAGED_ID = r"^[+-]?[0-9]+(?:[.,][0-9]*)*(?:[eE][+-]?[0-9]+)?$"
_DIGITS = r"^[0-9]+$"
_SOUND, _BARE = "\x1fsound", "\x1fbare"

_SENTENCES = {
    Reason.BAD_ID: about(Reason.BAD_ID).sentence,
    Reason.DAMAGED_ID: f"{about(Reason.DAMAGED_ID).sentence} {about(Reason.DAMAGED_ID).next_step}",
    BAD_TIME: "The time cannot be read. Write it as 2026-03-04T17:05:00+01:00 or in epoch seconds.",
    RAGGED: "The line has more or fewer cells than the header. Check its separators and quotes.",
    UNREADABLE: "The line is no JSON object, or holds bytes that are no text. Write it again.",
}
_ROUNDED = "The id is a number in scientific notation: a spreadsheet kept 15 digits of it and lost the others."
_FINER = (
    (BAD_TIME, EITHER_ORDER, "Day and month cannot be told apart. Write the year first: 2026-03-04."),
    (
        Reason.DAMAGED_ID,
        r"[eE]",
        f"{_ROUNDED} {about(Reason.DAMAGED_ID).next_step}",
    ),
)
"""What a rule and a pattern of the value say together, where that is more than the rule alone."""


def stored(cells: pl.LazyFrame, columns: Columns, headers: list[str], zone: str, *, marked: bool) -> pl.LazyFrame:
    """Return a stored list, OWN and then `headers`, from the table of a file's cells.

    `marked`: a cell may hold NOT_TEXT, which rejects its row.
    """
    cells = _faulted(cells, headers if marked else [])
    times = {CLOSES_AT: columns.window_closes_at, INBOUND_AT: columns.last_inbound_at}
    recipient = trimmed(columns.recipient_id)
    sound = recipient.str.contains(_USABLE_ID).fill_null(False)
    read = cells.with_columns(
        sound.alias(_SOUND),
        recipient.alias(RECIPIENT),
        trimmed(columns.page).alias(PAGE),
        *(instant(trimmed(header), zone).alias(own) for own, header in times.items()),
        opted_out(columns.opted_out).alias(OPTED_OUT),
        timezone(columns.timezone).alias(TIMEZONE),
    )
    # Only what is not sound is looked at again: more patterns for every id would double the time of a list.
    judged = read.with_columns(bare_id(_other()).alias(_BARE)).with_columns(_rule(times).alias(RULE))
    known = pl.when(pl.col(RULE).is_null() | (pl.col(RULE) == BAD_TIME)).then(pl.coalesce(_BARE, RECIPIENT))
    column, value = _offence(columns.recipient_id, times)
    return judged.select(
        LINE, known.alias(RECIPIENT), PAGE, CLOSES_AT, INBOUND_AT, OPTED_OUT, TIMEZONE, RULE,
        column.alias(COLUMN), value.alias(VALUE), *headers,
    )  # fmt: skip


def _faulted(cells: pl.LazyFrame, suspects: list[str]) -> pl.LazyFrame:
    """Return a file's cells with the FAULT columns; a cell of `suspects` with NOT_TEXT in it is one."""
    missing = pl.lit(None, pl.String)
    if FAULT not in cells.collect_schema().names():
        cells = cells.with_columns(missing.alias(FAULT), missing.alias(FAULT_COLUMN), missing.alias(FAULT_VALUE))
    if not suspects:
        return cells
    broken = {name: pl.col(name).str.contains(NOT_TEXT, literal=True) for name in suspects}
    legible = {
        name: pl.col(name).str.replace_all(NOT_TEXT, "\N{REPLACEMENT CHARACTER}", literal=True) for name in suspects
    }
    fault = pl.when(pl.any_horizontal(broken.values())).then(pl.lit(UNREADABLE))
    column = pl.coalesce(pl.when(holds).then(pl.lit(name)) for name, holds in broken.items())
    value = pl.coalesce(pl.when(holds).then(legible[name]) for name, holds in broken.items())
    return cells.with_columns(
        pl.coalesce(FAULT, fault).alias(FAULT),
        pl.when(pl.col(FAULT).is_null()).then(column).otherwise(FAULT_COLUMN).alias(FAULT_COLUMN),
        pl.when(pl.col(FAULT).is_null()).then(value).otherwise(FAULT_VALUE).alias(FAULT_VALUE),
    ).with_columns(each.alias(name) for name, each in legible.items())


def sentence() -> pl.Expr:
    """Return what RULE means for people."""
    known = {str(rule): text for rule, text in _SENTENCES.items()}
    finer = (
        pl.when((pl.col(RULE) == str(rule)) & pl.col(VALUE).str.contains(pattern)).then(pl.lit(text))
        for rule, pattern, text in _FINER
    )
    return pl.coalesce(*finer, pl.col(RULE).replace_strict(known, default=None))


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


def _other() -> pl.Expr:
    return pl.when(~pl.col(_SOUND)).then(pl.col(RECIPIENT))


def _rule(times: dict[str, str | None]) -> pl.Expr:
    damaged = _other().str.contains(_DAMAGED_ID) & ~_other().str.contains(_DIGITS)
    return (
        pl.when(pl.col(FAULT).is_not_null())
        .then(pl.col(FAULT))
        .when(~pl.col(_SOUND) & pl.col(_BARE).is_null())
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
    whole = pl.col(FAULT).is_not_null()
    column = pl.when(whole).then(pl.col(FAULT_COLUMN)).otherwise(column)
    value = pl.when(whole).then(pl.col(FAULT_VALUE)).otherwise(value)
    rejected = pl.col(RULE).is_not_null()
    return pl.when(rejected).then(column), pl.when(rejected).then(value)
