"""The result of every row of the list: one Parquet file, one CSV file, in the order of the list.

List and ledger are read side by side in slices, both in the order of the lines: a million rows cost seconds and
bounded memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, text

from campaigns.cells import harmless, harmless_column
from campaigns.report.lanes import LaneNow
from campaigns.report.tallies import IMPLIED
from schemas import recipient_list as stored
from schemas.campaign import Campaign
from schemas.delivery import DUPLICATE, REJECTED
from schemas.page import Channel
from schemas.reason import Reason

OWN = (
    "line",
    "page",
    "recipient_id",
    "state",
    "reason",
    "provider_code",
    "message_id",
    "request_id",
    "attempts",
    "accepted_at",
    "delivered_at",
    "read_at",
    "replied_at",
    "reply",
    "variant",
    "revision",
)
"""The report's columns, in order; the list's own follow."""

_SLICE = 50_000
"""Rows of the list, and of the ledger, that are in memory at a time."""
_MOMENTS = ("accepted_at", "delivered_at", "read_at", "replied_at")
_LIST_PATH = text("SELECT path FROM recipient_list WHERE id = :id")
_ROWS = text("""
    SELECT line, page_id, recipient_id, state, reason, provider_code, message_ids AS message_id,
           request_id, attempts, accepted_at, delivered_at, read_at, replied_at, reply, variant, revision
    FROM delivery WHERE id BETWEEN :first_id AND :last_id AND campaign_id = :campaign_id
    ORDER BY line
""")
_ROW_TYPES: dict[str, type[pl.DataType]] = {
    "line": pl.Int64,
    "page_id": pl.Int64,
    "recipient_id": pl.String,
    "state": pl.String,
    "reason": pl.String,
    "provider_code": pl.String,
    "message_id": pl.String,
    "request_id": pl.String,
    "attempts": pl.Int64,
    **dict.fromkeys(_MOMENTS, pl.Int64),
    "reply": pl.String,
    "variant": pl.String,
    "revision": pl.Int64,
}
_UNPLANNED_TYPES = {"line": pl.Int64, "unplanned_state": pl.String, "unplanned_reason": pl.String}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a campaign's rows come from: the stored list, what the plan left out of the ledger, and its pages."""

    campaign: Campaign
    lanes: Sequence[LaneNow]
    listed: Path
    unplanned: Path


def source(conn: Connection, storage: Path, campaign: Campaign, lanes: Sequence[LaneNow]) -> Source:
    """Return where a campaign's rows are; `storage` is the folder of stored lists."""
    return Source(campaign, lanes, listed_path(conn, storage, campaign), unplanned_path(storage, campaign))


def listed_path(conn: Connection, storage: Path, campaign: Campaign) -> Path:
    """Return the Parquet file of the campaign's list."""
    return storage / str(conn.execute(_LIST_PATH, {"id": campaign.list_id}).scalar_one())


def unplanned_path(storage: Path, campaign: Campaign) -> Path:
    """Return the file in which the plan says why rows of the list are no deliveries; it may be missing."""
    return storage / "campaigns" / campaign.ref / "unplanned.parquet"


def write_parquet(conn: Connection, source: Source, out: Path, scratch: Path) -> None:
    """Write one row a row of the list to `out`, values as they are, times as UTC; `scratch` takes the parts."""
    parts = scratch / "parts"
    parts.mkdir()
    for number, rows in enumerate(_results(conn, source)):
        rows.write_parquet(parts / f"{number:06d}.parquet")
    pl.scan_parquet(parts / "*.parquet").sink_parquet(out)


def write_csv(parquet: Path, out: Path) -> None:
    """Write the Parquet file's rows as CSV, safe to open in a spreadsheet: no cell or header is read as a formula."""
    rows = pl.scan_parquet(parquet)
    texts = [name for name, kind in rows.collect_schema().items() if kind == pl.String]
    safe = rows.with_columns(harmless_column(name) for name in texts)
    safe.rename(_headers(rows.collect_schema().names())).sink_csv(out, datetime_format="%Y-%m-%dT%H:%M:%S%.3fZ")


def _headers(names: Sequence[str]) -> dict[str, str]:
    """Return the new names of headers that a spreadsheet must not see, no two the same."""
    new: dict[str, str] = {}
    for name in names:
        safe = harmless(name)
        while safe != name and safe in {*names, *new.values()}:
            safe += "_"
        if safe != name:
            new[name] = safe
    return new


def _results(conn: Connection, source: Source) -> Iterator[pl.DataFrame]:
    """Yield the results in the order of the list, at least one frame, in which no row may stand."""
    unplanned, pages = _unplanned(source.unplanned), _pages(source.lanes)
    named = _own_names(pl.read_parquet_schema(source.listed))
    # A column of the list may be called `state` as well as one of the ledger: until they part it has only a number.
    numbered = {old: f"own {i}" for i, (old, _) in enumerate(named)}
    own = [pl.col(numbered[old]).alias(new) for old, new in named]
    listed = _listed(source.listed)
    for lines, rows in _beside(listed, _ledger(conn, source.campaign)):
        joined = (
            lines.lazy()
            .rename(numbered)
            .join(rows.lazy(), left_on=stored.LINE, right_on="line", how="left", maintain_order="left")
            .join(unplanned, left_on=stored.LINE, right_on="line", how="left", maintain_order="left")
            .join(pages, on="page_id", how="left", maintain_order="left")
        )
        yield joined.select(*_report_columns(source.lanes), *own).collect()


def _listed(path: Path) -> Iterator[pl.DataFrame]:
    rows = pl.scan_parquet(path)
    n = rows.select(pl.len()).collect().item()
    for offset in range(0, max(n, 1), _SLICE):
        yield rows.slice(offset, _SLICE).collect()


def _ledger(conn: Connection, campaign: Campaign) -> Iterator[pl.DataFrame]:
    bounds = {"first_id": campaign.first_id or 0, "last_id": campaign.last_id or 0, "campaign_id": campaign.id}
    streamed = conn.execute(_ROWS, bounds, execution_options={"stream_results": True, "max_row_buffer": _SLICE})
    for rows in streamed.partitions(_SLICE):
        yield pl.DataFrame([tuple(row) for row in rows], schema=_ROW_TYPES, orient="row")


def _beside(
    listed: Iterator[pl.DataFrame], ledger: Iterator[pl.DataFrame]
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Pair each slice of the list with its ledger rows; both come in the order of their lines."""
    rows = pl.DataFrame(schema=_ROW_TYPES)
    for lines in listed:
        last = lines.get_column(stored.LINE).max() if lines.height else 0
        while not rows.height or rows.item(-1, "line") <= last:
            more = next(ledger, None)
            if more is None:
                break
            rows = pl.concat([rows, more])
        yield lines, rows.filter(pl.col("line") <= last)
        rows = rows.filter(pl.col("line") > last)


def _unplanned(path: Path) -> pl.LazyFrame:
    if not path.exists():
        return pl.LazyFrame(schema=_UNPLANNED_TYPES)
    return pl.scan_parquet(path).select(
        pl.col("line").cast(pl.Int64),
        pl.col("state").cast(pl.String).alias("unplanned_state"),
        pl.col("reason").cast(pl.String).alias("unplanned_reason"),
    )


def _pages(lanes: Sequence[LaneNow]) -> pl.LazyFrame:
    rows = [(lane.page_id, lane.name, lane.channel != Channel.INSTAGRAM) for lane in lanes]
    schema = {"page_id": pl.Int64, "page_name": pl.String, "delivers": pl.Boolean}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def _report_columns(lanes: Sequence[LaneNow]) -> list[pl.Expr | str]:
    only_page = pl.lit(lanes[0].name if len(lanes) == 1 else None, dtype=pl.String)
    state = pl.coalesce("state", "unplanned_state", pl.when(_broken()).then(pl.lit(REJECTED)).otherwise(_repeated()))
    reason = pl.coalesce("reason", "unplanned_reason", stored.RULE)
    moments = [pl.col(name).cast(pl.Datetime("ms", "UTC")) for name in _MOMENTS]
    return [
        pl.col(stored.LINE).alias("line"),
        pl.coalesce("page_name", stored.PAGE, only_page).alias("page"),
        pl.coalesce("recipient_id", stored.RECIPIENT, _damaged_id()).alias("recipient_id"),
        state.alias("state"),
        reason.fill_null(state.replace_strict(IMPLIED, default=None, return_dtype=pl.String)).alias("reason"),
        "provider_code",
        "message_id",
        "request_id",
        pl.col("attempts").fill_null(0),
        moments[0],
        # Instagram tells no delivery, so nothing there may look like one.
        pl.when("delivers").then(moments[1]).alias("delivered_at"),
        *moments[2:],
        "reply",
        "variant",
        "revision",
    ]


def _broken() -> pl.Expr:
    return pl.col(stored.RULE).is_not_null()


def _repeated() -> pl.Expr:
    return pl.lit(DUPLICATE)


def _damaged_id() -> pl.Expr:
    id_rules = [Reason.BAD_ID.value, Reason.DAMAGED_ID.value]
    return pl.when(pl.col(stored.RULE).is_in(id_rules)).then(stored.VALUE)


def _own_names(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pair the list's own columns with their names in the report: `list_` goes before one that the report has."""
    own = [name for name in names if name not in stored.OWN]
    taken = {*OWN, *own}
    pairs = []
    for name in own:
        shown = name
        while shown in OWN or (shown != name and shown in taken):
            shown = f"list_{shown}"
        taken.add(shown)
        pairs.append((name, shown))
    return pairs
