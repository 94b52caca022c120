"""Lists without a line of column names: their first line is a person, who must not be lost as a header."""

import re
from collections.abc import Sequence
from dataclasses import replace

from campaigns.audience.source import Layout, Source, named
from campaigns.audience.wrapping import UNSEEN
from campaigns.errors import InputError

_CHANNEL = "(?:instagram|facebook|messenger|ig|fb):"
SCHEME = rf"(?i)^{_CHANNEL}"
"""What exports write before an id to tell its channel."""

_WRAP = rf"""["'=\u2019\s{UNSEEN}]*"""
# An id, or what a spreadsheet makes of one: 1.78E+16, 17841400000000001.0; a day, as 20261122, may name a column.
_ID = r"(?:(?!(?:19|20)[0-9]{6}(?![0-9]))[0-9]{8,}(?:[.,]0*)?|[0-9](?:[.,][0-9]*)?[eE]\+[0-9]{2})"
_PERSON = re.compile(rf"{_WRAP}(?:{_CHANNEL})?{_ID}{_WRAP}", re.IGNORECASE)


def is_person(header: str) -> bool:
    """Whether what stands in the place of a column's name looks like a recipient id."""
    return _PERSON.fullmatch(header) is not None


def refuse_persons(headers: Sequence[str]) -> None:
    """Raise InputError where one of `headers` looks like a recipient id."""
    if any(map(is_person, headers)):
        raise InputError(
            "The first line of the list holds a person and no names of columns. "
            "Put a line such as `recipient_id` above it, with a name for each column."
        )


def without_header(source: Source) -> Source | None:
    """Return a text of ids alone with its first line as a row; None where that line names columns, or there are more.

    Raises InputError for such a list in a file of another kind.
    """
    if len(source.headers) > 1 or not is_person(source.headers[0]):
        return None
    layout = source.content
    if not isinstance(layout, Layout):
        refuse_persons(source.headers)
        return None
    told = layout.records - 1
    return replace(source, headers=named([""]), content=replace(layout, records=told, lines=told))
