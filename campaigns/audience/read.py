"""A list's file into a stored list: streamed, judged row by row, and either written whole or not at all."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from polars.exceptions import PolarsError

from campaigns.audience.census import Census, census, separators_outside_quotes
from campaigns.audience.columns import Columns, guess
from campaigns.audience.findings import counts, refuse_either_order, warnings
from campaigns.audience.instants import UTC
from campaigns.audience.rejects import RECIPIENT_KEY, rejects
from campaigns.audience.rules import stored, zones
from campaigns.audience.source import (
    Source,
    float_columns,
    nested_columns,
    open_source,
    readable_parquet,
    scan_csv,
    scan_parquet,
)
from campaigns.audience.uneven import no_rows, scan_uneven
from campaigns.errors import InputError

_RULES_VERSION = 1
"""Part of every digest: raise it when the same file would be stored differently, so that it is read again."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a file: `rows` = `usable` + `rejected` + `duplicates`.

    `duplicates` repeat an earlier line with the same page text and recipient. `columns` are the file's own headers,
    `mapping` is canonical name → header. `digest` stands for the file's bytes and how its columns were read.
    """

    rows: int
    usable: int
    rejected: int
    duplicates: int
    columns: list[str]
    mapping: dict[str, str]
    warnings: list[str]
    digest: str


def read(source: Path, target: Path, given: Mapping[str, str], *, zone: str | None, now_ms: int) -> Reading:
    """Read `source` (CSV or Parquet) into the stored list `target`, a Parquet file that appears only when complete.

    `given` is the campaign's `[columns]` without its `zone`; `zone` is the IANA name in which times without one are
    read, None for UTC with a warning; `now_ms` is the time in epoch milliseconds, for times in the future. Rows keep
    their order. Raises InputError where the file or a whole column cannot be used, or no row can.
    """
    opened = open_source(source)
    columns = guess(opened.headers, given)
    _check_zone(zone)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".reading-", dir=target.parent) as folder:
        draft = Path(folder) / "list.parquet"
        digest = _write(opened, columns, zone or UTC, draft)
        total = counts(draft, columns)
        if not total.rows:
            raise InputError(no_rows(source))
        if total.rejected:
            refuse_either_order(draft, columns)
        if not total.people:
            raise InputError(_none_usable(draft))
        found = _nested(opened) + warnings(draft, columns, zone, now_ms)
        draft.replace(target)
    return Reading(
        rows=total.rows,
        usable=total.people,
        rejected=total.rejected,
        duplicates=total.duplicates,
        columns=opened.headers,
        mapping=columns.mapping,
        warnings=found,
        digest=_identity(digest, columns, zone),
    )


def _write(source: Source, columns: Columns, zone: str, draft: Path) -> str:
    """Write the stored list to `draft`; return the digest of the file's bytes."""
    with ThreadPoolExecutor(1) as beside:
        counting = beside.submit(census, source.path)
        if source.separator is None:
            _check_ids(source, columns)
            with readable_parquet(source.path):
                _sink(scan_parquet(source), source, columns, zone, draft)
            return counting.result().digest
        try:
            _sink(scan_csv(source), source, columns, zone, draft)
            even = _read_whole(source, counting.result(), draft)
        except PolarsError:
            even = False
        if not even:
            with TemporaryDirectory(prefix="uneven-", dir=draft.parent) as folder:
                _sink(scan_uneven(source, Path(folder)), source, columns, zone, draft)
        return counting.result().digest


def _sink(cells: pl.LazyFrame, source: Source, columns: Columns, zone: str, draft: Path) -> None:
    stored(cells, columns, source.headers, zone).sink_parquet(
        draft, compression_level=1, metadata={RECIPIENT_KEY: columns.recipient_id}, sync_on_close="data"
    )


def _read_whole(source: Source, total: Census, draft: Path) -> bool:
    """Tell whether Polars read every row of a CSV file as it is written.

    It refuses rows that are too long. One that is too short lacks its last cell, so a last column without blanks, or
    as many separators as the rows need, shows that there is none; as many lines as rows shows that no stray quote has
    swallowed a line, which Polars does without a word when it only counts rows. A file that is merely unusual (line
    breaks in cells) fails this too, and is read the slow way.
    """
    rows, blank = (
        pl.scan_parquet(draft, glob=False).select(pl.len(), pl.col(source.headers[-1]).null_count()).collect().row(0)
    )
    if total.lines != rows + 1:
        return False
    if not blank:
        return True
    per_line = len(source.headers) - 1
    if not per_line:
        return False
    return separators_outside_quotes(source.path, source.separator or ",") == per_line * total.lines


def _check_zone(zone: str | None) -> None:
    if zone is not None and zone not in zones():
        raise InputError(f'[columns] zone = "{zone}" is no time zone. Write a name such as Europe/Paris.')


def _check_ids(source: Source, columns: Columns) -> None:
    if columns.recipient_id in float_columns(source):
        raise InputError(
            f'The ids in "{columns.recipient_id}" are stored as decimal numbers, which do not hold every digit of an '
            "id. Write the Parquet file again with that column as text or whole numbers."
        )


def _nested(source: Source) -> list[str]:
    left_out = nested_columns(source) if source.separator is None else []
    return [f'Column "{name}" holds no plain values and is left blank.' for name in left_out]


def _none_usable(draft: Path) -> str:
    line, column, value, _, sentence = rejects(draft, limit=1).row(0)
    where = f'line {line}, column "{column}", "{value or ""}"' if column else f"line {line}"
    return f"No row of the list can be used. The first, {where}: {sentence}"


def _identity(digest: str, columns: Columns, zone: str | None) -> str:
    how = json.dumps([_RULES_VERSION, digest, columns.mapping, zone or UTC], sort_keys=True)
    return hashlib.sha256(how.encode()).hexdigest()
