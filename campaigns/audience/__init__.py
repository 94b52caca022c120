"""Recipient lists: a file of people comes in, one stored list in Parquet comes out, and every line is accounted for.

A line ends up usable, rejected with the rule it breaks, or a duplicate of an earlier one; the three add up to the
file's rows. Everything here is pure and set-based; the exceptions are files that Polars cannot read exactly: CSV with
uneven rows or odd quotes (`uneven`), JSON lines (`jsonl`) and workbooks (`workbook`).
"""

from campaigns.audience.beginning import Beginning, beginning
from campaigns.audience.columns import CANONICAL, Columns, finds_ids, guess
from campaigns.audience.duplicates import FIRST_LINE, duplicate_of
from campaigns.audience.findings import blanks
from campaigns.audience.kinds import headers
from campaigns.audience.read import Reading, read, refuse_unclean
from campaigns.audience.rejects import rejects

__all__ = [
    "CANONICAL",
    "FIRST_LINE",
    "Beginning",
    "Columns",
    "Reading",
    "beginning",
    "blanks",
    "duplicate_of",
    "finds_ids",
    "guess",
    "headers",
    "read",
    "refuse_unclean",
    "rejects",
]
