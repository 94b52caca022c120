"""The beginning of a list that cannot be read yet, because no column of it is known to hold the ids."""

import csv
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from campaigns.audience.columns import finds_ids
from campaigns.audience.kinds import open_source
from campaigns.audience.parquet import readable
from campaigns.audience.source import Layout, Source
from campaigns.audience.unheaded import refuse_persons
from campaigns.errors import InputError


@dataclass(frozen=True, slots=True)
class Beginning:
    """The headers of a file, and the cells of its first rows in their order."""

    columns: list[str]
    rows: list[list[str]]


def beginning(path: Path, most: int) -> Beginning | None:
    """Return how a list begins, for somebody to say which column holds the ids; None where a header says it.

    Raises InputError for what is no list at all, and where the first line is a person: no answer would mend that.
    """
    with TemporaryDirectory(prefix="pagecast-") as folder:
        source = open_source(path, Path(folder))
        if finds_ids(source.headers):
            return None
        refuse_persons(source.headers)
        layout = source.content
        rows = _of_text(source, layout, most) if isinstance(layout, Layout) else _of_table(source, layout, most)
    return Beginning(source.headers, rows)


def _of_text(source: Source, layout: Layout, most: int) -> list[list[str]]:
    with layout.text.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        records = islice(csv.reader(file, delimiter=layout.separator), layout.records, layout.records + most)
        try:
            return [_even(record, len(source.headers)) for record in records]
        except csv.Error as error:
            raise InputError(f"{source.path.name} cannot be read: {error}.") from error


def _even(record: list[str], width: int) -> list[str]:
    return [cell for _, cell in zip_longest(range(width), record[:width], fillvalue="")]


def _of_table(source: Source, table: pl.LazyFrame, most: int) -> list[list[str]]:
    with readable(source.path):
        rows = table.select(source.headers).head(most).collect().rows()
    return [[str(cell or "") for cell in row] for row in rows]
