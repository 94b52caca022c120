"""A stored list on its way: the file's rows judged and written, the quick way where that can be believed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from polars.exceptions import PolarsError

from campaigns.audience.census import census, separators_outside_quotes
from campaigns.audience.columns import Columns
from campaigns.audience.delimited import scan_even
from campaigns.audience.parquet import readable
from campaigns.audience.rejects import RECIPIENT_KEY
from campaigns.audience.rules import stored
from campaigns.audience.source import Layout, Source
from campaigns.audience.uneven import scan_uneven
from campaigns.audience.wrapping import formula_text, formulas, formulas_noted


@dataclass(frozen=True, slots=True)
class Draft:
    """A stored list to be written to `path`; times without a zone are read in `zone`."""

    path: Path
    source: Source
    columns: Columns
    zone: str


def write(draft: Draft) -> tuple[str, list[str]]:
    """Write a draft; return the digest of the file's bytes, and notes on what was read in another way."""
    source = draft.source
    with ThreadPoolExecutor(1) as beside:
        counting = beside.submit(census, source.path)
        layout = source.content
        if not isinstance(layout, Layout):
            with readable(source.path):
                return counting.result().digest, _sink(layout, draft)
        try:
            notes = _sink(scan_even(source, layout), draft)
            lines = counting.result().lines if layout.text == source.path else census(layout.text).lines
            even = read_whole(draft.path, source.headers, layout, lines)
        except PolarsError:
            even = False
        return counting.result().digest, notes if even else _sink_uneven(layout, draft)


def read_whole(written: Path, headers: list[str], layout: Layout, lines: int) -> bool:
    """Tell whether Polars read every row of a CSV file of so many `lines` as it is written.

    It refuses rows that are too long. One that is too short lacks its last cell, so a last column without blanks, or
    as many separators as the rows need, shows that there is none; as many lines as rows shows that no stray quote has
    swallowed a line, which Polars does without a word when it only counts rows. A file that is merely unusual (line
    breaks in cells) fails this too, and is read the slow way.
    """
    counted = pl.scan_parquet(written, glob=False).select(pl.len(), pl.col(headers[-1]).null_count())
    rows, blank = counted.collect().row(0)
    if lines != rows + layout.lines:
        return False
    if not blank:
        return True
    per_line, told = len(headers) - 1, layout.records - 1
    if not per_line:
        return False
    needed: int = per_line * (rows + 1) + told
    return separators_outside_quotes(layout.text, layout.separator) == needed


def _sink_uneven(layout: Layout, draft: Draft) -> list[str]:
    with TemporaryDirectory(prefix="uneven-", dir=draft.path.parent) as folder:
        return _sink(scan_uneven(draft.source, layout, Path(folder)), draft)


def _sink(cells: pl.LazyFrame, draft: Draft) -> list[str]:
    source = draft.source
    found, example = formulas(cells, source.headers) if source.wrapped else (0, None)
    if found:
        cells = cells.with_columns(formula_text(name) for name in source.headers)
    stored(cells, draft.columns, source.headers, draft.zone, marked=source.marked).sink_parquet(
        draft.path, compression_level=1, metadata={RECIPIENT_KEY: draft.columns.recipient_id}, sync_on_close="data"
    )
    return [formulas_noted(found, example)] if found else []
