"""Where a list goes on: opaque to whoever gets it, and nothing but the place of the last row."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from campaigns.errors import InputError
from campaigns.web.api.envelope import paged
from schemas.api.envelope import Paged

Found = TypeVar("Found")
Shown = TypeVar("Shown")

LARGEST = 1 << 62
"""Beyond every id and moment, and no number that a database refuses."""

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=400, description="`meta.pagination.cursor` of the page before; without it, the first.")
]


def place(cursor: str | None, first: Sequence[int | str]) -> list[Any]:
    """Return the place that a cursor names, `first` without one; raises InputError for what no list gave."""
    if cursor is None:
        return list(first)
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError):
        found = None
    if not (isinstance(found, list) and [type(each) for each in found] == [type(each) for each in first]):
        raise InputError("query.cursor is none that this list gave. Leave it out to begin with the first page.")
    if any(isinstance(each, int) and abs(each) > LARGEST for each in found):
        raise InputError("query.cursor is none that this list gave. Leave it out to begin with the first page.")
    return found


def page_of(
    found: Sequence[Found],
    limit: int,
    where: Callable[[Found], Sequence[int | str]],
    show: Callable[[Found], Shown],
) -> Paged[Shown]:
    """Return a page of what was found, of which there is one more than `limit` where it goes on."""
    shown = found[:limit]
    more = len(found) > limit
    return paged([show(each) for each in shown], _cursor(where(shown[-1])) if more else None)


def _cursor(place: Sequence[int | str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(place)).encode()).decode()
