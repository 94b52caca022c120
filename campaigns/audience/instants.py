"""Times as people write them in lists, read into epoch milliseconds, a whole column at a time.

Read: ISO 8601 (a `T` or a space, with or without seconds and fractions, `Z`, an offset or nothing; a date alone is its
midnight), and epoch seconds or milliseconds told apart by their size. Anything else is null, above all 03/04/2026,
which is one day for half of the world and another for the rest.
"""

from collections.abc import Callable

import polars as pl

UTC = "UTC"

DAY_MONTH = r"^\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}\b"
"""A date that does not begin with the year."""
EITHER_ORDER = r"^(0?[1-9]|1[0-2])[/.\-](0?[1-9]|1[0-2])[/.\-]\d{2,4}\b"
"""A date whose day and month may be exchanged."""
HAS_ZONE = r"(?i)\d:\d\d.*(?:z|utc|gmt|[+-]\d\d(?::?\d\d)?)$|^\d{9,14}(?:\.\d*)?$"
"""A time that is one instant wherever it is read: with a zone, or counted from the epoch."""

_ISO = (
    r"^(?<day>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?<clock>\d\d:\d\d)(?<second>:\d\d)?(?:[.,](?<fraction>\d{1,9}))?"
    r" ?(?<zone>[Zz]|UTC|GMT|(?<sign>[+-])(?<hours>[01]\d|2[0-3]):?(?<minutes>[0-5]\d)?)?)?$"
)
# Nine digits are seconds since 1973, fourteen are milliseconds up to 5138; fewer may be a date written as 20260304.
_EPOCH = r"^\d{9,14}(?:\.\d*)?$"
_SECONDS_BELOW = 1e11
_DAY = pl.duration(days=1)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def instant(text: pl.Expr, zone: str) -> pl.Expr:
    """Return `text` as Int64 epoch milliseconds, null where it is blank or cannot be read.

    Times without a zone are read in `zone` (an IANA name): the earlier of two where clocks go back, and as much later
    as the clocks jump where they go forward.
    """
    return text.map_batches(lambda cells: _read(cells, zone), return_dtype=pl.Int64, is_elementwise=True)


def _read(cells: pl.Series, zone: str) -> pl.Series:
    """Try one way of writing after the other on what is still unread: nearly always the first reads all of it.

    Only `_any_iso` and `_epoch` are needed; the others are the same thing several times faster.
    """
    frame = pl.DataFrame({"text": cells}).select("text", at=pl.lit(None, pl.Int64))
    for way in _WAYS:
        unread = pl.when(pl.col("at").is_null()).then(pl.col("text"))
        frame = frame.with_columns(at=pl.coalesce("at", way(unread, zone)))
        if frame["at"].null_count() == cells.null_count():
            break
    return frame["at"]


def _plain(form: str, length: int) -> Callable[[pl.Expr, str], pl.Expr]:
    """Return a way of reading exactly `form`, which is `length` bytes long."""

    def way(text: pl.Expr, zone: str) -> pl.Expr:
        # The length spares the parser what it cannot read, and keeps out what it forgives, such as one-digit months.
        exact = pl.when(text.str.len_bytes() == length).then(text)
        wall = exact.str.to_datetime(form, time_unit="ms", strict=False)
        return in_zone(wall, UTC if form.endswith("Z") else zone)

    return way


def _epoch(text: pl.Expr, _zone: str) -> pl.Expr:
    # Doubles are exact to 16 digits, more than the pattern lets through.
    number = pl.when(text.str.contains(_EPOCH)).then(text).cast(pl.Float64, strict=False)
    return pl.when(number < _SECONDS_BELOW).then(number * 1000).otherwise(number).floor().cast(pl.Int64)


def _any_iso(text: pl.Expr, zone: str) -> pl.Expr:
    parts = text.str.extract_groups(_ISO).struct
    clock = parts.field("clock").fill_null("00:00") + parts.field("second").fill_null(":00")
    wall = (parts.field("day") + " " + clock).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False)
    fraction = (parts.field("fraction").fill_null("") + "000").str.head(3).cast(pl.Int64)
    hours, minutes = (parts.field(name).fill_null("0").cast(pl.Int64) for name in ("hours", "minutes"))
    offset = (hours * 60 + minutes) * 60_000 * pl.when(parts.field("sign") == "-").then(-1).otherwise(1)
    zoned = parts.field("zone").is_not_null()
    return pl.when(zoned).then(wall.dt.epoch("ms") - offset).otherwise(in_zone(wall, zone)) + fraction


_WAYS = (
    _plain("%Y-%m-%dT%H:%M:%SZ", 20),
    _plain("%Y-%m-%dT%H:%M:%S", 19),
    _plain("%Y-%m-%d %H:%M:%S", 19),
    _epoch,
    _any_iso,
)


def in_zone(wall: pl.Expr, zone: str) -> pl.Expr:
    """Return the instants, in epoch milliseconds, at which clocks in `zone` show `wall`."""
    if zone == UTC:
        return wall.dt.epoch("ms")
    # An hour that the clocks skip is read with the offset of the day before, as calendars do (RFC 5545, 3.3.5).
    skipped = (wall - _DAY).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    shown = wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(shown.dt.epoch("ms"), skipped.dt.epoch("ms") + 86_400_000)


def both_readings(text: str) -> str:
    """Return what a date such as 03/04/2026 may mean."""
    first, second = (int(part) for part in text.replace(".", "/").replace("-", "/").split("/")[:2])
    if not (1 <= first <= len(_MONTHS) and 1 <= second <= len(_MONTHS)):
        return f'"{text}" has day and month in an order of its own'
    return f'"{text}" may be {first} {_MONTHS[second - 1]} or {second} {_MONTHS[first - 1]}'
