"""Files of people: what comes in, and what goes out."""

from enum import StrEnum

from pydantic import BaseModel, Field


class ExportKind(StrEnum):
    """What a file of people may be."""

    CSV = "csv"
    PARQUET = "parquet"


class Imported(BaseModel):
    """What a file of opt-outs came to: `rows` are those of the file, `left` of them have not opted out.

    `added` people are suppressed anew and `known` were already; nobody knows who the `rejected` rows are, so they are
    not suppressed. `columns` are the headers that were believed, `words` the statuses that counted with their rows, and
    `remarks` say it in sentences.
    """

    rows: int = Field(examples=[1_240])
    added: int = Field(examples=[1_100])
    known: int = Field(examples=[39])
    rejected: int = Field(examples=[1])
    left: int = Field(examples=[100])
    columns: dict[str, str | list[str] | None] = Field(
        examples=[{"ids": ["igsid"], "status": ["status"], "page": None}]
    )
    words: dict[str, int] = Field(examples=[{"unsubscribed": 1_140}])
    remarks: list[str] = Field(examples=[['Ids from "igsid"; opt-outs from "status" (unsubscribed 1,140).']])
    dry_run: bool
