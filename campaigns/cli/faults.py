"""Failures of libraries that a person can do something about, in words; imported only once something failed."""

from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from campaigns.errors import InputError, PagecastError, UsageError
from campaigns.settings import Settings


def known(error: Exception) -> PagecastError | None:
    """Return what to say about a failure of settings or database; None where nobody foresaw it."""
    match error:
        case ValidationError() if error.title == Settings.__name__:
            said = "; ".join(f"PAGECAST_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
            return UsageError(f"A setting in the environment cannot be used: {said}.")
        case ValidationError():
            # What a server was to be told; anything else is read in a frame of its own.
            first = error.errors()[0]
            return InputError(f"{first['loc'][0]}: {first['msg'][0].lower()}{first['msg'][1:]}.")
        case DatabaseError():
            return PagecastError(f"The database cannot be used: {error.orig}. `pagecast doctor` says more.")
        case _:
            return None
