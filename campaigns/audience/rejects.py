"""The lines of a list that are not used, each with what is wrong: a table that people can put beside their file."""

from pathlib import Path

import polars as pl

from campaigns.audience.duplicates import FIRST_LINE, duplicate_of
from campaigns.audience.rules import sentence
from schemas.reason import Reason
from schemas.recipient_list import COLUMN, LINE, PAGE, RECIPIENT, RULE, VALUE

RECIPIENT_KEY = "pagecast.recipient_id"
"""Metadata of a stored list: the header of its recipient ids."""


def rejects(stored: Path, limit: int | None = None) -> pl.DataFrame:
    """Return line, column, value, rule and sentence of what a stored list does not use, in order; the first `limit`.

    In-file duplicates are among them (one account is one page name here; the plan knows better) and name the line
    that counts.
    """
    scan = pl.scan_parquet(stored, glob=False)
    wrong = scan.filter(pl.col(RULE).is_not_null()).select(LINE, COLUMN, VALUE, RULE, sentence().alias("sentence"))
    header = pl.read_parquet_metadata(stored).get(RECIPIENT_KEY)
    repeated = (
        duplicate_of(scan.select(LINE, PAGE, RECIPIENT, RULE), [PAGE])
        .filter(pl.col(FIRST_LINE) < pl.col(LINE))
        .select(
            LINE,
            pl.lit(header, pl.String).alias(COLUMN),
            pl.col(RECIPIENT).alias(VALUE),
            pl.lit(str(Reason.DUPLICATE)).alias(RULE),
            pl.format("The same person stands in line {} for the same account; that line counts.", FIRST_LINE).alias(
                "sentence"
            ),
        )
    )
    both = pl.concat([wrong, repeated]).sort(LINE)
    named = both.rename({LINE: "line", COLUMN: "column", VALUE: "value", RULE: "rule"})
    return (named if limit is None else named.head(limit)).collect()
