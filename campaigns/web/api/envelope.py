"""What every answer looks like: `{"data": …, "meta": …}`, or `{"error": …, "meta": …}`."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TypeVar

from fastapi.responses import JSONResponse

from campaigns.moments import iso
from schemas.api.envelope import Answer, Detail, Failure, Fault, Meta, Paged, PagedMeta, Pagination

Data = TypeVar("Data")

REQUEST_ID: ContextVar[str] = ContextVar("REQUEST_ID", default="")
"""The id of the request that is being answered."""


def said(data: Data) -> Answer[Data]:
    """Return the answer to the present request."""
    return Answer(data=data, meta=meta())


def paged(data: list[Data], cursor: str | None) -> Paged[Data]:
    """Return one page; `cursor` leads to the next one, None where this is the last."""
    pagination = Pagination(cursor=cursor, has_more=cursor is not None)
    return Paged(data=data, meta=PagedMeta(**meta().model_dump(), pagination=pagination))


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
    content = Failure(error=fault, meta=meta()).model_dump(mode="json")
    return JSONResponse(content, status_code=status, headers=dict(headers or {}))


def meta() -> Meta:
    """Return what is said about the answer to the present request."""
    return Meta(request_id=REQUEST_ID.get(), timestamp=iso(int(time.time() * 1000)))
