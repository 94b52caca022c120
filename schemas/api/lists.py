"""Lists of recipients, as they were read."""

from pydantic import BaseModel, Field


class Checked(BaseModel):
    """A list and what its lines are: `rows` = `usable` + `rejected` + `duplicates`.

    `mapping` says which header was taken for what; every other of `columns` is a variable.
    """

    id: str = Field(examples=["lst_0123456789abcdef0123456789abcdef"])
    name: str = Field(examples=["people.csv"])
    size: int = Field(examples=[52_428_800])
    rows: int
    usable: int
    rejected: int
    duplicates: int
    columns: list[str]
    mapping: dict[str, str]
    warnings: list[str]
