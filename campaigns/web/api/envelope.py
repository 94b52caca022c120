"""What every answer looks like: `{"data": …, "meta": …}`, or `{"error": …, "meta": …}`."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Generic, TypeVar

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from campaigns.moments import iso

Data = TypeVar("Data")

REQUEST_ID: ContextVar[str] = ContextVar("REQUEST_ID", default="")
"""The id of the request that is being answered."""


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
    """What is wrong with one field."""

    field: str = Field(examples=["query.limit"])
    message: str = Field(examples=["Input should be less than or equal to 100"])


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


def said(data: Data) -> Answer[Data]:
    """Return the answer to the present request."""
    return Answer(data=data, meta=_meta())


def paged(data: list[Data], cursor: str | None) -> Paged[Data]:
    """Return one page; `cursor` leads to the next one, None where this is the last."""
    pagination = Pagination(cursor=cursor, has_more=cursor is not None)
    return Paged(data=data, meta=PagedMeta(**_meta().model_dump(), pagination=pagination))


def failed(
    status: int,
    code: str,
    message: str,
    *,
    details: list[Detail] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return the answer to a request that cannot be served."""
    fault = Fault(code=code, message=message, status=status, details=details or [])
    content = Failure(error=fault, meta=_meta()).model_dump(mode="json")
    return JSONResponse(content, status_code=status, headers=dict(headers or {}))


def _meta() -> Meta:
    return Meta(request_id=REQUEST_ID.get(), timestamp=iso(int(time.time() * 1000)))
