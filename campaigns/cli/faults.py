"""Failures of libraries that a person can do something about, in words; imported only once something failed."""

from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from campaigns.errors import PagecastError, UsageError


def known(error: Exception) -> PagecastError | None:
    """Return what to say about a failure of settings or database; None where nobody foresaw it."""
    match error:
        case ValidationError():
            # Only the settings are read without a frame of their own.
            said = "; ".join(f"PAGECAST_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
            return UsageError(f"A setting in the environment cannot be used: {said}.")
        case DatabaseError():
            return PagecastError(f"The database cannot be used: {error.orig}. `pagecast doctor` says more.")
        case _:
            return None
