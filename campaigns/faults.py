"""Errors as programs read them: one table from the classes of the core to a status of HTTP and a code."""

from campaigns.errors import (
    AmbiguousError,
    InputError,
    NotFoundError,
    PagecastError,
    StateError,
    StoppedError,
    UsageError,
)
from schemas.api.envelope import Detail, Fault

TABLE: dict[type[PagecastError], tuple[int, str]] = {
    UsageError: (400, "bad_request"),
    AmbiguousError: (409, "ambiguous"),
    NotFoundError: (404, "not_found"),
    InputError: (422, "invalid_input"),
    StateError: (409, "conflict"),
    StoppedError: (409, "stopped"),
    PagecastError: (500, "failed"),
}
"""The most special class of an error decides."""


def fault(error: PagecastError) -> Fault:
    """Return what a program is told of an error."""
    status, code = next(TABLE[each] for each in type(error).__mro__ if each in TABLE)
    return Fault(code=code, message=str(error), status=status, details=_candidates(error))


def _candidates(error: PagecastError) -> list[Detail]:
    if not isinstance(error, AmbiguousError):
        return []
    return [Detail(field="query.word", message=name, value=ref) for ref, name in error.candidates.items()]
