"""A list's file into a stored list: streamed, judged row by row, and either written whole or not at all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from campaigns.audience.columns import Columns, guess
from campaigns.audience.draft import Draft, write
from campaigns.audience.findings import Counts, counts, refuse_either_order, warnings
from campaigns.audience.instants import UTC
from campaigns.audience.kinds import open_source
from campaigns.audience.leftovers import READING, sweep
from campaigns.audience.rejects import rejects
from campaigns.audience.rules import zones
from campaigns.audience.source import Source, no_rows
from campaigns.errors import InputError

_RULES_VERSION = 2
"""Part of every digest: raise it when the same file would be stored differently, so that it is read again."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a file: `rows` = `usable` + `rejected` + `duplicates`.

    `duplicates` repeat an earlier line with the same page text and recipient. `columns` are the file's own headers,
    `mapping` is canonical name → header. `digest` stands for the file's bytes and how its columns were read; `zone` is
    the one that was given for times without one.
    """

    rows: int
    usable: int
    rejected: int
    duplicates: int
    columns: list[str]
    mapping: dict[str, str]
    warnings: list[str]
    digest: str
    zone: str | None = None


def read(
    source: Path, target: Path, given: Mapping[str, str], *, zone: str | None, now_ms: int, strict: bool = False
) -> Reading:
    """Read `source` (CSV, JSONL, XLSX or Parquet) into the stored list `target`, which appears only when complete.

    `given` is the campaign's `[columns]` without its `zone`; `zone` is the IANA name in which times without one are
    read, None for UTC with a warning; `now_ms` is the time in epoch milliseconds, for times in the future. Rows keep
    their order. Raises InputError where the file or a whole column cannot be used, or no row can; under `strict` also
    for a single row that is rejected or a duplicate. What a crash has left beside `target` is removed after a day.
    """
    _check_zone(zone)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent, now_ms)
    with TemporaryDirectory(prefix=READING, dir=target.parent) as folder:
        opened = open_source(source, Path(folder))
        columns = guess(opened.headers, given)
        _check_ids(opened, columns)
        draft = Path(folder) / "list.parquet"
        digest, noticed = write(Draft(draft, opened, columns, zone or UTC))
        total = counts(draft, columns)
        _check_rows(source, draft, columns, total)
        if strict:
            refuse_unclean(draft, total.rejected + total.duplicates)
        found = [*opened.notes, *noticed, *warnings(draft, columns, zone, now_ms)]
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
        zone=zone,
    )


def refuse_unclean(stored: Path, unclean: int) -> None:
    """Raise InputError that names the first of a stored list's `unclean` rows; none are fine."""
    if unclean:
        first = [_said(*row) for row in rejects(stored, limit=_SHOWN).rows()]
        rows = "1 row is" if unclean == 1 else f"{unclean:,} rows are"
        more = f" And {unclean - len(first):,} more." if unclean > len(first) else ""
        raise InputError(f"{rows} rejected or a duplicate, and strict allows none. {' '.join(first)}{more}")


def _check_rows(source: Path, draft: Path, columns: Columns, total: Counts) -> None:
    if not total.rows:
        raise InputError(no_rows(source))
    if total.rejected:
        refuse_either_order(draft, columns)
    if not total.people:
        raise InputError(f"No row of the list can be used. {_said(*rejects(draft, limit=1).row(0))}")


def _said(line: int, column: str | None, value: str | None, _rule: str, sentence: str) -> str:
    where = f'Line {line}, column "{column}", "{value or ""}"' if column else f"Line {line}"
    return f"{where}: {sentence}"


def _check_zone(zone: str | None) -> None:
    if zone is not None and zone not in zones():
        raise InputError(f'The zone of the list, "{zone}", is no time zone. Write a name such as Europe/Paris.')


def _check_ids(source: Source, columns: Columns) -> None:
    if columns.recipient_id in source.fractions:
        raise InputError(
            f'The ids in "{columns.recipient_id}" are stored as decimal numbers, which do not hold every digit of an '
            "id. Write the Parquet file again with that column as text or whole numbers."
        )


def _identity(digest: str, columns: Columns, zone: str | None) -> str:
    how = json.dumps([_RULES_VERSION, digest, columns.mapping, zone or UTC], sort_keys=True)
    return hashlib.sha256(how.encode()).hexdigest()
