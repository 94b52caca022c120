"""A list's file, opened: its headers, and its cells as text."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from campaigns.errors import InputError
from schemas.recipient_list import OWN


@dataclass(frozen=True, slots=True)
class Layout:
    """How a CSV file is laid out: its text in UTF-8, and the records and lines that come before the first row."""

    text: Path
    separator: str
    records: int
    lines: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read, of whatever kind.

    `content` is its table (LINE, perhaps the FAULT columns, then the headers as String, blank cells null), or the
    layout of a CSV file, which is read in one of two ways. `marked`: a cell may hold NOT_TEXT. `wrapped`: a cell may
    be a text formula. `fractions` are the headers of decimal numbers. `notes` are sentences for people.
    """

    path: Path
    headers: list[str]
    content: pl.LazyFrame | Layout
    marked: bool = False
    wrapped: bool = True
    fractions: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)


def named(names: Sequence[str]) -> list[str]:
    """Return a file's column names, trimmed; one without a name becomes `column_N`.

    Raises InputError for two columns of one name, and for the names that Pagecast keeps for itself.
    """
    trimmed = [name.strip() or f"column_{position}" for position, name in enumerate(names, 1)]
    places = defaultdict(list)
    for place, name in enumerate(trimmed, 1):
        places[name].append(str(place))
    for name, found in places.items():
        if len(found) > 1:
            raise InputError(
                f'The list has {len(found)} columns named "{name}": columns {", ".join(found[:-1])} and {found[-1]}. '
                "Give each its own name."
            )
        if name in OWN:
            raise InputError(f'The list has a column "{name}", a name that Pagecast keeps for itself. Rename it.')
    return trimmed


def no_rows(path: Path) -> str:
    """Return the sentence for a list with a header alone."""
    return f"{path.name} has a header but no rows. Check that the export finished."
