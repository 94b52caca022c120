"""Which header of a file holds what: guessed from the names, or told by a campaign's `[columns]` or by `--column`.

Sentences name both ways, because nobody here knows which one was taken.
"""

import difflib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from campaigns.audience.unheaded import refuse_persons
from campaigns.errors import InputError

_ALIASES: dict[str, tuple[str, ...]] = {
    "recipient_id": ("recipient_id", "igsid", "psid", "to", "id"),
    "page": ("page",),
    "last_inbound_at": ("last_inbound_at",),
    "window_closes_at": ("window_closes_at",),
    "opted_out": ("opted_out",),
    "timezone": ("timezone",),
}
CANONICAL = tuple(_ALIASES)
"""The columns that mean something to Pagecast; every other one is a variable of the message."""

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Columns:
    """The header that holds each canonical column; None where the file has none."""

    recipient_id: str
    page: str | None = None
    last_inbound_at: str | None = None
    window_closes_at: str | None = None
    opted_out: str | None = None
    timezone: str | None = None

    @property
    def mapping(self) -> dict[str, str]:
        """Canonical name → header, without the columns that the file does not have."""
        return {name: header for name, header in asdict(self).items() if header is not None}


def guess(headers: Sequence[str], given: Mapping[str, str]) -> Columns:
    """Return which of `headers` holds which canonical column.

    `given` (canonical name → header) wins over the names; names are compared without case, spaces, `_` and `-`.
    Raises InputError for an unknown name, a header that the file does not have, one header given twice, a file without
    recipients, and one whose first line is a person.
    """
    for name, header in given.items():
        _check_given(name, header, headers)
    if "recipient_id" in given:
        refuse_persons([given["recipient_id"]])
    found = dict(given)
    for name in CANONICAL:
        guessed = given.get(name) or _named([h for h in headers if h not in given.values()], _ALIASES[name])
        if guessed is not None:
            found[name] = guessed
    if "recipient_id" not in found:
        refuse_persons(headers)
        raise InputError(_no_recipient(headers))
    _check_distinct(found)
    return Columns(**found)


def finds_ids(headers: Sequence[str]) -> bool:
    """Whether a header says by its name that it holds the recipient ids."""
    return _named(headers, _ALIASES["recipient_id"]) is not None


def _check_given(name: str, header: str, headers: Sequence[str]) -> None:
    if name not in CANONICAL:
        raise InputError(
            f'[columns] and --column know no "{name}"; the nearest is "{_nearest(name, CANONICAL)}". '
            f"Known: {', '.join(CANONICAL)}."
        )
    if header not in headers:
        raise InputError(
            f'{name} is said to be in "{header}", but the list has no such column; the nearest is '
            f'"{_nearest(header, headers)}". Correct it where it is said, in [columns] of the campaign file or with '
            "--column, or correct the list's header."
        )


def _check_distinct(found: Mapping[str, str]) -> None:
    names: dict[str, str] = {}
    for name, header in found.items():
        if header in names:
            raise InputError(
                f'The column "{header}" is taken for both {names[header]} and {name}. Name one column for each.'
            )
        names[header] = name


def _named(headers: Sequence[str], aliases: Sequence[str]) -> str | None:
    """Return the header that goes by the first of `aliases`; the exact spelling before a similar one."""
    for alias in aliases:
        if alias in headers:
            return alias
        for header in headers:
            if _bare(header) == _bare(alias):
                return header
    return None


def _bare(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _nearest(name: str, known: Sequence[str]) -> str:
    # A cutoff of 0 always finds one: even a poor neighbour tells what kind of name is expected.
    return difflib.get_close_matches(name, known, n=1, cutoff=0)[0]


def _no_recipient(headers: Sequence[str]) -> str:
    shown = ", ".join(headers[:_SHOWN]) + (", …" if len(headers) > _SHOWN else "")
    return (
        f"No column holds the recipient ids; the first line of the list has: {shown}. "
        f'Name it recipient_id, or say [columns] recipient_id = "{headers[0]}" in the campaign file, or '
        f"--column {shlex.quote(f'recipient_id={headers[0]}')}, with the header that holds them."
    )
