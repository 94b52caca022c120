"""Errors as HTTP has them: those of the core, those of the framework, and those of the database."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import PydanticSerializationError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from campaigns import faults
from campaigns.errors import PagecastError
from campaigns.web.api.envelope import failed
from schemas.api.envelope import Detail, Failure

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "payload_too_large"}
_SENTENCES = {
    404: "There is nothing at this address. /api/v1/openapi.json lists what there is.",
    405: "This address knows no such method. /api/v1/openapi.json lists what there is.",
}

_ANYWHERE = (400, 401, 403, 404, 409, 422, 429, 500, 503)
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": HTTPStatus(status).phrase} for status in _ANYWHERE
}
"""What every route may answer instead of what it is for."""
TOO_LARGE: dict[str, Any] = {
    "description": HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}},
}
"""What every route may answer, too, that takes a body."""


def answer_errors(app: FastAPI) -> None:
    """Give every error that a route raises its answer."""

    @app.exception_handler(PagecastError)
    def ours(_request: Request, error: PagecastError) -> JSONResponse:
        fault = faults.fault(error)
        return failed(fault.status, fault.code, fault.message, details=fault.details)

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        # Never the value itself: it may be a secret that stands in the wrong field.
        details = [Detail(field=".".join(map(str, each["loc"])), message=each["msg"]) for each in error.errors()]
        said = "; ".join(f"{each.field}: {each.message}" for each in details[:3])
        return failed(422, "validation_failed", f"The request cannot be used. {said}.", details=details)

    @app.exception_handler(HTTPException)
    def plain(_request: Request, error: HTTPException) -> JSONResponse:
        status = error.status_code
        code = _CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
        return failed(status, code, _SENTENCES.get(status, str(error.detail)), headers=error.headers)

    for unavailable in (OperationalError, InterfaceError, PoolTimeoutError):
        app.exception_handler(unavailable)(_without_database)
    for unkeepable in (DataError, OverflowError, UnicodeEncodeError, PydanticSerializationError):
        app.exception_handler(unkeepable)(_unkeepable)


def _without_database(_request: Request, _error: Exception) -> JSONResponse:
    said = "The database does not answer now. Try again; `pagecast doctor` says more."
    return failed(503, "unavailable", said, headers={"Retry-After": "2"})


def _unkeepable(_request: Request, _error: Exception) -> JSONResponse:
    said = "A value of the request is a number too large or a text with half a character, which no database keeps."
    return failed(422, "invalid_input", said)
