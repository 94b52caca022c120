"""What every answer looks like: `{"data": …, "meta": …}`, or `{"error": …, "meta": …}`."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

Data = TypeVar("Data")


class Pagination(BaseModel):
    """Give `cursor` with the next request to go on; it is null on the last page."""

    cursor: str | None = None
    has_more: bool = False


class Meta(BaseModel):
    """About the answer: quote `request_id` when you report a problem."""

    request_id: str = Field(examples=["req_5f0c1d9e8b7a4c32"])
    timestamp: str = Field(examples=["2026-12-01T08:00:00.000Z"])


class PagedMeta(Meta):
    """About one page of a longer list."""

    pagination: Pagination


class Answer(BaseModel, Generic[Data]):
    """What was asked for."""

    data: Data
    meta: Meta


class Paged(BaseModel, Generic[Data]):
    """One page of what was asked for."""

    data: list[Data]
    meta: PagedMeta


class Detail(BaseModel):
    """What is wrong with one field; `value` is something that it may be instead, such as an id, null for most."""

    field: str = Field(examples=["query.limit"])
    message: str = Field(examples=["Input should be less than or equal to 100"])
    value: str | None = Field(default=None, examples=[None])


class Fault(BaseModel):
    """`code` is for programs, `message` for people: what is wrong, and what to do."""

    code: str = Field(examples=["conflict"])
    message: str = Field(
        examples=["Spring is finished; only a campaign that is sending or scheduled can become paused."]
    )
    status: int = Field(examples=[409])
    details: list[Detail] = []


class Failure(BaseModel):
    """What went wrong."""

    error: Fault
    meta: Meta
