"""A stored list without one of its people, or without its cells: lines stay, so that numbers and totals do."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from campaigns.audience.leftovers import READING
from campaigns.audience.rejects import RECIPIENT_KEY
from schemas.recipient_list import CLOSES_AT, INBOUND_AT, OPTED_OUT, OWN, RECIPIENT, RULE, TIMEZONE, VALUE

GONE = "erased"
"""Stands where another person's line names them."""
STRIPPED_KEY = "pagecast.stripped"
"""Metadata of a stored list whose own cells are gone."""
_PART = 500_000
_BLOCK = 1 << 20
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# Workbooks and ZIP, Parquet, old workbooks, gzip.
_PACKED = (b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")
_THEIRS = "\x1ftheirs"


def recipients(stored: Path) -> Iterator[pl.Series]:
    """Yield the ids of a stored list, part by part; nothing is read until somebody asks."""
    rows = pl.scan_parquet(stored, glob=False).select(RECIPIENT)
    for offset in range(0, rows.select(pl.len()).collect().item(), _PART):
        yield rows.slice(offset, _PART).collect().to_series()


def names(stored: Path, recipient_id: str) -> bool:
    """Whether any cell of a stored list names a person."""
    rows = pl.scan_parquet(stored, glob=False)
    texts = [name for name, kind in rows.collect_schema().items() if kind == pl.String]
    # Plain text first: patterns over every cell of a million rows take seconds.
    near = rows.select(texts).filter(pl.any_horizontal(pl.col(texts).str.contains(recipient_id, literal=True)))
    found = near.filter(pl.any_horizontal(pl.col(texts).str.contains(_whole(recipient_id)))).select(pl.len())
    return bool(found.collect(engine="streaming").item())


def may_name(raw: Path, recipient_id: str) -> bool:
    """Whether a file as it came may name a person, in bounded memory: one that is packed may name anybody."""
    wanted = [recipient_id.encode(encoding) for encoding in _ENCODINGS]
    overlap = max(map(len, wanted)) - 1
    with raw.open("rb") as file:
        piece = file.read(_BLOCK)
        if piece.startswith(_PACKED):
            return True
        while not any(each in piece for each in wanted):
            block = file.read(_BLOCK)
            if not block:
                return False
            # An id may begin in one block and end in the next.
            piece = piece[-overlap:] + block
    return True


def erase(stored: Path, recipient_id: str, name: str) -> bool:
    """Take a person out of a stored list; False where it does not name them. Readers see the one or the other.

    Their lines keep what counts them: number, page, the rule that they break, and `name` for an id. They are opted out,
    whatever is lifted later, so that nothing is ever sent to a name.
    """
    if not names(stored, recipient_id):
        return False
    rows = pl.scan_parquet(stored, glob=False)
    _replace(stored, _without(rows, recipient_id, name))
    return True


def strip(stored: Path) -> bool:
    """Empty the file's own cells of a stored list, and keep what counts its lines; False where they are empty."""
    if pl.read_parquet_metadata(stored).get(STRIPPED_KEY):
        return False
    rows = pl.scan_parquet(stored, glob=False)
    own = [header for header in rows.collect_schema().names() if header not in OWN]
    empty = pl.lit(None, pl.String)
    _replace(stored, rows.with_columns(*(empty.alias(header) for header in own)), {STRIPPED_KEY: "true"})
    return True


def _without(rows: pl.LazyFrame, recipient_id: str, name: str) -> pl.LazyFrame:
    said = _whole(recipient_id)
    headers = rows.collect_schema().names()
    own = [header for header in headers if header not in OWN]
    # A line that breaks a rule may name the person in any cell, and have no id.
    named = pl.any_horizontal(pl.col(*own, VALUE).str.contains(said).fill_null(value=False))
    theirs = pl.col(RECIPIENT).eq_missing(recipient_id) | (pl.col(RULE).is_not_null() & named)
    kept, gone = ~pl.col(_THEIRS), pl.col(_THEIRS)
    return (
        rows.with_columns(theirs.alias(_THEIRS))
        .with_columns(
            pl.when(gone & pl.col(RECIPIENT).is_not_null()).then(pl.lit(name)).otherwise(RECIPIENT).alias(RECIPIENT),
            pl.when(gone & pl.col(VALUE).is_not_null()).then(pl.lit(GONE)).otherwise(VALUE).alias(VALUE),
            (pl.col(OPTED_OUT) | gone).alias(OPTED_OUT),
            *(pl.when(kept).then(time).alias(time) for time in (CLOSES_AT, INBOUND_AT, TIMEZONE)),
            *(pl.when(kept).then(pl.col(header).str.replace_all(said, GONE)).alias(header) for header in own),
        )
        .select(headers)
    )


def _replace(stored: Path, rows: pl.LazyFrame, also: Mapping[str, str] | None = None) -> None:
    before = pl.read_parquet_metadata(stored)
    told = {key: before[key] for key in (RECIPIENT_KEY, STRIPPED_KEY) if key in before} | dict(also or {})
    part = stored.with_name(f"{READING}{stored.name}")
    try:
        rows.sink_parquet(part, compression_level=1, metadata=told, sync_on_close="data")
        part.replace(stored)
    finally:
        part.unlink(missing_ok=True)


def _whole(recipient_id: str) -> str:
    """Return the pattern of an id that is no part of a longer number."""
    return rf"\b{recipient_id}\b"
