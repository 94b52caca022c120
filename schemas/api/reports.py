"""A campaign's report as files."""

from enum import StrEnum

from pydantic import BaseModel


class Kind(StrEnum):
    """What a row-by-row file may be."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"


class Left(BaseModel):
    """How many rows a remainder has.

    `rejected` of them need a correction first, `open` the campaign may still send to. `unknown` people are left out:
    they may have got it.
    """

    rows: int
    rejected: int
    open: int
    unknown: int
