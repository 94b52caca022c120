"""What a stored list shows only as a whole: its counts, and what people should know before they send to it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from campaigns.audience.columns import Columns
from campaigns.audience.duplicates import repetitions
from campaigns.audience.instants import DAY_MONTH, EITHER_ORDER, HAS_ZONE, UTC, both_readings
from campaigns.audience.rules import YES, trimmed
from campaigns.errors import InputError
from schemas.recipient_list import CLOSES_AT, INBOUND_AT, LINE, OPTED_OUT, PAGE, RECIPIENT, RULE, TIMEZONE

# A spreadsheet keeps 15 digits of a number and writes zeros for the rest.
_KEPT_DIGITS = 15
_FEWEST_IDS = 20
_STANDARD_ERRORS = 5
_TIMES_CHANCE = 3


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a stored list; `duplicates` repeat an earlier (page, recipient) among the rows that break no rule."""

    rows: int
    rejected: int
    duplicates: int

    @property
    def people(self) -> int:
        """How many different (page, recipient) there are."""
        return self.rows - self.rejected - self.duplicates


def counts(stored: Path, columns: Columns) -> Counts:
    """Count the rows of a stored list."""
    scan = pl.scan_parquet(stored, glob=False)
    rows, rejected = scan.select(pl.len(), pl.col(RULE).count()).collect().row(0)
    return Counts(rows, rejected, repetitions(scan.filter(pl.col(RULE).is_null()), [PAGE] if columns.page else []))


def blanks(stored: Path, headers: Sequence[str]) -> dict[str, int]:
    """Return header → rows whose cell is blank, for the columns that have any."""
    counted = pl.scan_parquet(stored, glob=False).select(trimmed(name).null_count().alias(name) for name in headers)
    return {name: count for name, count in counted.collect().row(0, named=True).items() if count}


@dataclass(frozen=True, slots=True)
class _Finding:
    """Something odd about some rows of a list: which ones, one cell to show, and the sentence for (rows, cell)."""

    rows: pl.Expr
    example: str
    sentence: Callable[[str, object], str]
    noun: str = "value"


def warnings(stored: Path, columns: Columns, zone: str | None, now_ms: int) -> list[str]:
    """Return what is odd about a stored list, a sentence each."""
    scan = pl.scan_parquet(stored, glob=False)
    findings = _findings(columns, zone, now_ms)
    sums = [finding.rows.sum().alias(str(place)) for place, finding in enumerate(findings)]
    totals = scan.select(pl.len().alias("all"), *sums).collect().row(0)[1:]
    return ending_in_zeros(scan, columns.recipient_id) + [
        finding.sentence(_some(total, finding.noun), _first(scan, finding))
        for finding, total in zip(findings, totals, strict=True)
        if total
    ]


def _first(scan: pl.LazyFrame, finding: _Finding) -> object:
    return scan.filter(finding.rows).select(finding.example).head(1).collect().item()


def refuse_either_order(stored: Path, columns: Columns) -> None:
    """Raise InputError where a whole column of times has day and month in an order that cannot be told."""
    scan = pl.scan_parquet(stored, glob=False)
    for own, header in _times(columns):
        text = trimmed(header)
        foreign, either = (text.filter(text.str.contains(pattern)) for pattern in (DAY_MONTH, EITHER_ORDER))
        sample = pl.coalesce(either.first(), foreign.first())
        read, example = scan.select(pl.col(own).count(), sample.alias("example")).collect().row(0)
        if example and not read:
            raise InputError(
                f'The times in "{header}" do not begin with the year: {both_readings(example)}. '
                "Write them as 2026-03-04T17:05:00+01:00."
            )


def _times(columns: Columns) -> list[tuple[str, str]]:
    both = ((INBOUND_AT, columns.last_inbound_at), (CLOSES_AT, columns.window_closes_at))
    return [(own, header) for own, header in both if header is not None]


def _findings(columns: Columns, zone: str | None, now_ms: int) -> list[_Finding]:
    found = [_wrapped_ids(columns.recipient_id)]
    found += [_clocks(own, header, zone) for own, header in _times(columns) if zone != UTC]
    if columns.last_inbound_at is not None:
        found.append(_future(columns.last_inbound_at, now_ms))
    if columns.opted_out is not None:
        found.append(_words(columns.opted_out))
    if columns.timezone is not None:
        found.append(_zones(columns.timezone))
    return found


def _wrapped_ids(header: str) -> _Finding:
    # Lengths are compared first, because they are known without looking at the text.
    longer = pl.col(header).str.len_bytes() > pl.col(RECIPIENT).str.len_bytes()
    return _Finding(
        pl.when(longer).then(pl.col(header)).str.strip_chars() != pl.col(RECIPIENT),
        header,
        lambda ids, one: (
            f'{ids} in "{header}" with an apostrophe or unseen characters around the digits, such as "{one}"; '
            "the digits alone were read."
        ),
        "id",
    )


def _clocks(own: str, header: str, zone: str | None) -> _Finding:
    """Find times without a zone: read as UTC unless told otherwise, and doubtful where the clocks change."""
    text = trimmed(header)
    # The commonest zone is looked for by itself, because a pattern costs more.
    zoneless = pl.col(own).is_not_null() & ~pl.when(~text.str.ends_with("Z")).then(text).str.contains(HAS_ZONE)
    if zone is None:
        return _Finding(
            zoneless,
            header,
            lambda times, one: (
                f'{times} in "{header}" without a time zone, such as "{one}", read as UTC. '
                'Say [columns] zone = "Europe/Paris" in the campaign file, or --zone Europe/Paris, or whichever it is.'
            ),
            "time",
        )
    at = pl.from_epoch(own, time_unit="ms").dt.replace_time_zone(UTC).dt.convert_time_zone(zone)
    wall = at.dt.replace_time_zone(None)
    twice = wall.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null") != at
    skipped = (text.str.len_bytes() > len("2026-03-04")) & (text.str.slice(11, 5) != wall.dt.to_string("%H:%M"))
    return _Finding(
        zoneless & (twice | skipped),
        header,
        lambda times, one: (
            f'{times} in "{header}" where the clocks of {zone} change, such as "{one}": an hour that comes twice is '
            "read as the first, one that is skipped as later. Write an offset to be exact."
        ),
        "time",
    )


def _future(header: str, now_ms: int) -> _Finding:
    return _Finding(
        pl.col(INBOUND_AT) > now_ms,
        LINE,
        lambda times, line: (
            f'{times} in "{header}" in the future, first in line {line}. '
            "Check the time zone of the export: windows would seem open for too long."
        ),
        "time",
    )


def _words(header: str) -> _Finding:
    word = pl.when(OPTED_OUT).then(trimmed(header)).str.to_lowercase()
    return _Finding(
        word.is_not_null() & ~word.is_in(YES),
        header,
        lambda values, one: (
            f'{values} in "{header}" that mean neither yes nor no, such as "{one}": these people count as opted out.'
        ),
    )


def _zones(header: str) -> _Finding:
    return _Finding(
        trimmed(header).is_not_null() & pl.col(TIMEZONE).is_null(),
        header,
        lambda values, one: (
            f'{values} in "{header}" that are no time zone, such as "{one}", left out. '
            "Write names such as Europe/Paris."
        ),
    )


def ending_in_zeros(scan: pl.LazyFrame, header: str) -> list[str]:
    """Return the sentence for a column whose ids (RECIPIENT) a spreadsheet has probably changed, if it has.

    Ids that end in zeros are a finding about a column, never about one id: a tenth of 16-digit ids do.
    """
    digits = pl.col(RECIPIENT).str.len_bytes()
    zeros = pl.col(RECIPIENT).str.slice(_KEPT_DIGITS).str.strip_chars("0") == ""
    lengths = (
        scan.filter(digits > _KEPT_DIGITS).group_by(digits.alias("digits")).agg(pl.len(), zeros.sum().alias("zeros"))
    ).collect()
    ids = seen = 0
    expected = variance = 0.0
    for length, total, zero in lengths.rows():
        chance = 10.0 ** (_KEPT_DIGITS - length)
        ids, seen = ids + total, seen + zero
        expected, variance = expected + total * chance, variance + total * chance * (1 - chance)
    surprising = expected + _STANDARD_ERRORS * math.sqrt(variance)
    if ids < _FEWEST_IDS or seen <= max(surprising, _TIMES_CHANCE * expected, 2):
        return []
    return [
        (
            f'{_some(seen, "id")} of {ids} in "{header}" end in zeros after the 15th digit, where chance would make '
            f"about {math.ceil(expected)}: a spreadsheet has probably changed them. "
            "Export the list again with the ids as text."
        )
    ]


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
