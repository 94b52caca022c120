"""The results of several campaigns in one file: one row a row of each list, with the campaign in front."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from sqlalchemy import Connection

from campaigns.errors import InputError, PagecastError
from campaigns.report import progress as over_time
from campaigns.report.lanes import lanes
from campaigns.report.results import source, write_csv, write_parquet
from schemas.campaign import Campaign
from schemas.several import Several

OWN = ("campaign", "campaign_name")


def write(
    conn: Connection, storage: Path, campaigns: Sequence[Campaign], summary: Several, folder: Path, *, now_ms: int
) -> None:
    """Write results.csv, results.parquet and summary.json; raises InputError for a folder that cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stack(conn, storage, campaigns, summary, folder, now_ms=now_ms)
        (folder / "summary.json").write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"Cannot write to {folder}: {error.strerror or error}. Choose another folder.") from error


def stack(
    conn: Connection, storage: Path, campaigns: Sequence[Campaign], summary: Several, folder: Path, *, now_ms: int
) -> tuple[Path, Path]:
    """Write results.csv and results.parquet into `folder`; a column that only one list has is blank in the others.

    `summary` is what `several` said in the same transaction: raises PagecastError where the rows are others.
    """
    csv, parquet = folder / "results.csv", folder / "results.parquet"
    with TemporaryDirectory(dir=folder, prefix=".writing-") as scratch:
        parts = [_part(conn, storage, each, Path(scratch) / each.ref, now_ms) for each in campaigns]
        pl.concat(parts, how="diagonal_relaxed").sink_parquet(parquet) if parts else _nothing().write_parquet(parquet)
    _agree(summary, over_time.counted(parquet) if parts else {})
    write_csv(parquet, csv)
    return csv, parquet


def _part(conn: Connection, storage: Path, found: Campaign, scratch: Path, now_ms: int) -> pl.LazyFrame:
    scratch.mkdir()
    out = scratch / "results.parquet"
    write_parquet(conn, source(conn, storage, found, lanes(conn, found.id or 0, now_ms)), out, scratch)
    rows = pl.scan_parquet(out)
    names = rows.collect_schema().names()
    mine = {name: _free(name, names) for name in OWN if name in names}
    return rows.rename(mine).select(pl.lit(found.ref).alias(OWN[0]), pl.lit(found.name).alias(OWN[1]), pl.all())


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken or name in OWN:
        name = f"list_{name}"
    return name


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(OWN, pl.String))


def _agree(summary: Several, rows: dict[str, int]) -> None:
    counted = {state: n for state, n in summary.counts.items() if n}
    if counted != rows:
        raise PagecastError(f"The tallies of these campaigns and their rows differ: {counted} counted, {rows} rows.")
