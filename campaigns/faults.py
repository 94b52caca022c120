"""Errors as programs read them: one table from the classes of the core to a status of HTTP and a code, and back."""

from collections.abc import Mapping

from campaigns.errors import (
    AmbiguousError,
    InputError,
    NotFoundError,
    PagecastError,
    StateError,
    StoppedError,
    UsageError,
    VoidPlanError,
)
from schemas.api.envelope import Detail, Fault

TABLE: dict[type[PagecastError], tuple[int, str]] = {
    UsageError: (400, "bad_request"),
    AmbiguousError: (409, "ambiguous"),
    NotFoundError: (404, "not_found"),
    InputError: (422, "invalid_input"),
    VoidPlanError: (409, "plan_void"),
    StateError: (409, "conflict"),
    StoppedError: (409, "stopped"),
    PagecastError: (500, "failed"),
}
"""The most special class of an error decides."""
CLASSES: Mapping[str, type[PagecastError]] = {code: error for error, (_, code) in TABLE.items()}
"""What a code means."""


def fault(error: PagecastError) -> Fault:
    """Return what a program is told of an error."""
    status, code = next(TABLE[each] for each in type(error).__mro__ if each in TABLE)
    return Fault(code=code, message=str(error), status=status, details=_candidates(error))


def raised(fault: Fault, classes: Mapping[str, type[PagecastError]] = CLASSES) -> PagecastError:
    """Return the error that a fault is, with its sentence; a code that is not in `classes` is a PagecastError."""
    error = classes.get(fault.code, PagecastError)
    if issubclass(error, AmbiguousError):
        return error(fault.message, {each.value: each.message for each in fault.details if each.value})
    return error(fault.message)


def _candidates(error: PagecastError) -> list[Detail]:
    if not isinstance(error, AmbiguousError):
        return []
    return [Detail(field="query.word", message=name, value=ref) for ref, name in error.candidates.items()]
