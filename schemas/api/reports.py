"""A campaign's report as files."""

from enum import StrEnum


class Kind(StrEnum):
    """What a row-by-row file may be."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
