"""Recipient lists: a file of people comes in, one stored list in Parquet comes out, and every line is accounted for.

A line ends up usable, rejected with the rule it breaks, or a duplicate of an earlier one; the three add up to the
file's rows. Everything here is pure and set-based; the exception is a file with uneven rows or odd quotes, which
goes through the standard library's reader (`uneven`).
"""

from campaigns.audience.columns import CANONICAL, Columns, guess
from campaigns.audience.duplicates import FIRST_LINE, duplicate_of
from campaigns.audience.read import Reading, read
from campaigns.audience.rejects import rejects
from campaigns.audience.source import headers

__all__ = ["CANONICAL", "FIRST_LINE", "Columns", "Reading", "duplicate_of", "guess", "headers", "read", "rejects"]
