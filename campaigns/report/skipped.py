"""Who would not get a message, and why, before anything is sent."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from campaigns.plan.division import Division
from campaigns.report.results import write_csv
from schemas.reason import Reason, about


def write_skipped(division: Division, file: Path) -> None:
    """Write everybody who will not get the message as CSV: line, recipient id, reason and what it means."""
    skipped = division.rows.filter(pl.col("state") == "skipped").select("line", "recipient_id", "reason").sort("line")
    meanings = {reason: about(Reason(reason)).sentence for reason in skipped["reason"].unique()}
    said = skipped.with_columns(pl.col("reason").replace_strict(meanings, return_dtype=pl.String).alias("meaning"))
    with TemporaryDirectory() as folder:
        said.write_parquet(rows := Path(folder) / "skipped.parquet")
        write_csv(rows, file)
