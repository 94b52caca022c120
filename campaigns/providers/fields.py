"""Reading JSON that anybody may have written: whatever stands there, a field is what was asked for, or nothing.

No function but `parsed` ever raises. Texts come without NUL and without lone surrogates, which no database takes.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns.providers.protocol import UnreadableBody

Fields = dict[str, Any]

MOST_TEXT = 8_000
"""Characters of a text that are kept. Platforms stop at a quarter of it (Messenger: 2,000, Instagram: 1,000 bytes)."""
MOST_ID = 512
"""Characters of an id, a name or a provider's word that are kept."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NUMERAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,9})?")
_MOST_SECONDS = 10**11
"""Below it (the year 1973 in ms, the year 5138 in s) a figure counts seconds."""
_MOST_MILLISECONDS = 10**14
_MOST_MICROSECONDS = 10**17


def parsed(body: bytes) -> list[Fields]:
    """Return the objects of a body: itself, or those in its array. UnreadableBody for what is no JSON, or neither."""
    try:
        value = json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError):
        raise UnreadableBody("The body is not JSON.") from None
    if not isinstance(value, dict | list):
        raise UnreadableBody("The body is JSON, but neither an object nor an array.")
    return objects(value)


def _integer(digits: str) -> int | str:
    # Python refuses to read a number of thousands of digits, and the whole body would go with it.
    return int(digits) if len(digits) <= MOST_ID else digits


def objects(value: object) -> list[Fields]:
    """Return the objects of an array, or a lone object as the only one."""
    if isinstance(value, list):
        return [each for each in value if isinstance(each, dict)]
    return [value] if isinstance(value, dict) else []


def member(fields: Fields, name: str) -> Fields:
    """Return the object under `name`, empty where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def text(value: object, most: int = MOST_TEXT) -> str:
    """Return a string, cut to `most` characters; '' for everything else."""
    if not isinstance(value, str):
        return ""
    cut = value[:most]
    if cut.isascii() and "\0" not in cut:
        return cut
    return cut.replace("\0", "").encode(errors="replace").decode()


def word(value: object) -> str:
    """Return an id, a name or a provider's word, also where it comes as a whole number; '' for everything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value, MOST_ID)


def first(fields: Fields, *names: str) -> str:
    """Return the first `word` under one of `names` that says something."""
    return next(filter(None, (word(fields.get(name)) for name in names)), "")


def words(value: object) -> tuple[str, ...]:
    """Return the words of an array that say something."""
    return tuple(filter(None, map(word, value))) if isinstance(value, list) else ()


def flag(value: object) -> bool:
    """Whether a field says yes; some of the platforms' samples write it as text."""
    return value is True or value == "true"


def moment(value: object) -> int:
    """Return epoch milliseconds, 0 where no moment can be read.

    Takes seconds, milliseconds and microseconds, told apart by their size, as numbers or as text; and ISO 8601, in UTC
    where it names no zone.
    """
    if isinstance(value, str):
        return _scaled(float(value)) if _NUMERAL.fullmatch(value) else _iso(value)
    return _scaled(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _scaled(figure: float) -> int:
    # Written so that NaN, which is neither above nor below anything, is no moment.
    if not 0 < figure < _MOST_MICROSECONDS:
        return 0
    if figure < _MOST_SECONDS:
        return round(figure * 1000)
    return int(figure) if figure < _MOST_MILLISECONDS else int(figure) // 1000


def _iso(value: str) -> int:
    try:
        read = datetime.fromisoformat(value)
        known = read if read.tzinfo else read.replace(tzinfo=UTC)
        return max(0, (known - _EPOCH) // _MILLISECOND)
    except (ValueError, OverflowError):
        return 0


def header(headers: Mapping[str, str], name: str) -> str:
    """Return the header of that lower-case name without the blanks around it, '' where it is missing."""
    return next((value.strip() for key, value in headers.items() if key.lower() == name), "")
