"""Lists of opt-outs as other tools export them: which columns hold the ids, who opted out, and of which account.

Where a word is not understood the person counts as opted out, the mistake that harms nobody.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from campaigns.audience.columns import Columns
from campaigns.audience.draft import Draft, write
from campaigns.audience.findings import ending_in_zeros
from campaigns.audience.instants import UTC
from campaigns.audience.kinds import open_source
from campaigns.audience.rejects import rejects
from campaigns.audience.rules import NO, trimmed
from campaigns.audience.source import Source, no_rows
from campaigns.audience.unheaded import SCHEME, refuse_persons, without_header
from campaigns.audience.wrapping import bare_id
from campaigns.errors import InputError
from schemas.reason import Reason
from schemas.recipient_list import LINE, RECIPIENT, RULE, VALUE

_OWN_IDS = ("recipient_id", "to")
_PLATFORM_IDS = (
    "igsid", "instagram_scoped_id", "instagram_id", "ig_id", "urn:instagram",
    "psid", "page_scoped_id", "messenger_id", "facebook_id", "fb_id", "urn:facebook",
    "urn",
)  # fmt: skip
"""Headers of ids that the platform gave; a row may have one in each, and one without any is of another channel."""
_OTHER_IDS = ("id", "external_id", "platform_id", "subscriber_id", "contact_id", "user_id", "identifier")
"""Headers of ids that may be the other tool's own."""
_PAGES = ("page", "page_name", "page_id", "account_id")

_FORBIDS = (
    "opted_out", "opt_out", "is_opted_out", "opted_out_at", "unsubscribed", "is_unsubscribed", "unsubscribed_at",
    "unsub_time", "blocked", "is_blocked", "blacklisted", "suppressed", "stopped", "do_not_contact", "dnc",
)  # fmt: skip
"""Headers whose yes, or date, is an opt-out."""
_ALLOWS = ("subscribed", "is_subscribed", "opted_in", "opt_in", "is_opted_in", "consent")
"""Headers whose no is an opt-out."""
_STATUSES = (
    "status", "subscription_status", "subscription_state", "subscriber_status", "contact_status", "consent_status",
    "opt_in_status", "opt_out_status",
)  # fmt: skip
"""Headers of words."""

_OUT = (
    "optedout", "optout", "unsubscribed", "unsubscribe", "stopped", "stop", "blocked", "banned", "blacklisted",
    "suppressed", "revoked", "withdrawn", "complained", "cleaned", "donotcontact", "dnc",
)  # fmt: skip
_IN = (
    "optedin", "optin", "subscribed", "subscribe", "nonsubscribed", "active", "confirmed", "pending", "archived",
    "transactional", "new",
)  # fmt: skip

_FOREIGN = r"^[a-zA-Z]+:"
_UNUSABLE = (str(Reason.BAD_ID), str(Reason.DAMAGED_ID))


@dataclass(frozen=True, slots=True)
class Taken:
    """The headers that were believed; no `statuses`: every row counts."""

    ids: tuple[str, ...]
    statuses: tuple[str, ...] = ()
    page: str | None = None
    doubtful: bool = False
    """Whether the ids may be the other tool's own."""
    told: bool = False
    """Whether somebody said that the statuses speak of consent."""
    unheaded: bool = False
    """Whether the file is a list of ids alone, whose first line counts."""


@dataclass(frozen=True, slots=True)
class Export:
    """Who of a file opted out.

    `people` (recipient_id, page; both String) are different from each other, page is null for none. Of the file's
    `rows`, `left` have not opted out or are of other channels; `unusable` (line, sentence) have, but nobody knows who.
    `words` are the statuses that counted as opt-outs, with their rows, `strange` those that nobody knows among them.
    `ignored` are columns with no word about consent. `warnings` are sentences on how it was read, and on ids
    that are probably damaged.
    """

    people: pl.DataFrame
    rows: int
    left: int
    unusable: pl.DataFrame
    taken: Taken
    words: dict[str, int]
    strange: list[str]
    ignored: list[str]
    warnings: list[str]


def read_export(
    source: Path, folder: Path, *, column: str | None = None, status: str | None = None, every_row: bool = False
) -> Export:
    """Read who opted out from a CSV, JSONL, XLSX or Parquet file; `folder` takes what has to be written for that.

    `column` and `status` name the headers of ids and of opt-outs where the names do not tell; `every_row` takes all.
    A text of ids alone, one a line, needs no header. Raises InputError where the file or those columns cannot be read,
    or nobody's id can.
    """
    opened = open_source(source, folder)
    if column is None and (unheaded := without_header(opened)):
        opened = unheaded
        taken = replace(recognise(opened.headers, opened.headers[0], status), unheaded=True)
    else:
        taken = recognise(opened.headers, column, status, every_row=every_row)
    _refuse_fractions(opened, taken)
    stored = folder / "list.parquet"
    _, noticed = write(Draft(stored, opened, Columns(taken.ids[0]), UTC))
    export = _export(stored, taken, source)
    return replace(export, warnings=[*opened.notes, *noticed, *export.warnings])


def recognise(
    headers: Sequence[str], column: str | None = None, status: str | None = None, *, every_row: bool = False
) -> Taken:
    """Return which headers hold what, told or by name; raises InputError where there are no ids."""
    _check_given(headers, [each for each in (column, status) if each])
    if column:
        refuse_persons([column])
    known = {_bare(header): header for header in reversed(headers)}
    ids, doubtful = ((column,), False) if column else _ids(headers, known)
    statuses = (status,) if status else _named(known, (*_FORBIDS, *_ALLOWS, *_STATUSES))
    if every_row:
        statuses = ()
    pages = [header for header in _named(known, _PAGES) if header not in ids]
    statuses = tuple(each for each in statuses if each not in ids)
    return Taken(ids, statuses, next(iter(pages), None), doubtful, told=status is not None)


def _ids(headers: Sequence[str], known: dict[str, str]) -> tuple[tuple[str, ...], bool]:
    if found := _named(known, _OWN_IDS)[:1] or _named(known, _PLATFORM_IDS):
        return found, False
    if found := _named(known, _OTHER_IDS):
        return found[:1], True
    refuse_persons(headers)
    raise InputError(
        f"No column holds the recipient ids; the first line of the list has: {', '.join(headers)}. "
        "Name the one that does with --column."
    )


def _named(known: dict[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(known[_bare(name)] for name in names if _bare(name) in known))


def _bare(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _check_given(headers: Sequence[str], given: Sequence[str]) -> None:
    for header in given:
        if header not in headers:
            raise InputError(f'The list has no such column as "{header}". It has: {", ".join(headers)}.')


def _refuse_fractions(opened: Source, taken: Taken) -> None:
    for header in taken.ids:
        if header in opened.fractions:
            raise InputError(
                f'The ids in "{header}" are stored as decimal numbers, which do not hold every digit of an id. Write '
                "the Parquet file again with that column as text or whole numbers."
            )


def _export(stored: Path, taken: Taken, source: Path) -> Export:
    cells = pl.scan_parquet(stored, glob=False)
    statuses, ignored = _speaking(cells, taken)
    taken = replace(taken, statuses=statuses)
    faulty = pl.col(RULE).is_not_null() & ~pl.col(RULE).is_in(_UNUSABLE)
    judged = cells.select(
        LINE,
        pl.when(~faulty).then(pl.concat_list(_id(header) for header in taken.ids).list.drop_nulls()).alias(RECIPIENT),
        trimmed(taken.page).alias("page"),
        (faulty | _opted_out(statuses)).alias("out"),
        (~faulty & pl.all_horizontal(_foreign(header) for header in taken.ids)).alias("foreign"),
        *(_word(header).alias(f"{VALUE}{n}") for n, header in enumerate(statuses)),
    ).collect()
    if not judged.height:
        raise InputError(no_rows(source))
    out = judged.filter(pl.col("out") & ~pl.col("foreign"))
    people = (
        out.select(pl.col(RECIPIENT).alias("recipient_id"), "page").explode("recipient_id").drop_nulls("recipient_id")
    )
    without = out.filter(pl.col(RECIPIENT).list.len().fill_null(0) == 0).select(line=LINE)
    unusable = without.join(rejects(stored), on="line", how="left", maintain_order="left").select("line", "sentence")
    _refuse_nobody(out, people, unusable)
    words, strange = _words(out, statuses)
    return Export(
        people=people.unique(maintain_order=True),
        rows=judged.height,
        left=judged.height - out.height,
        unusable=unusable,
        taken=taken,
        words=words,
        strange=strange,
        ignored=ignored,
        warnings=_warnings(cells, taken.ids),
    )


def _warnings(cells: pl.LazyFrame, headers: Sequence[str]) -> list[str]:
    columns = ((header, cells.select(_id(header).alias(RECIPIENT))) for header in headers)
    return [warning for header, ids in columns for warning in ending_in_zeros(ids, header)]


def _refuse_nobody(out: pl.DataFrame, people: pl.DataFrame, unusable: pl.DataFrame) -> None:
    if out.height and not people.height:
        line, sentence = unusable.row(0)
        raise InputError(f"No row of the list can be used. Line {line}: {sentence}")


def _id(header: str) -> pl.Expr:
    """Return the id in a cell, which may be a URN such as `instagram:123`; null where there is none."""
    return bare_id(trimmed(header).str.replace(SCHEME, ""))


def _foreign(header: str) -> pl.Expr:
    """Return whether a cell is the address of another channel, such as `tel:+15550100`, or none of this one."""
    cell = trimmed(header)
    other = cell.str.contains(_FOREIGN) & ~cell.str.contains(SCHEME)
    return other.fill_null(_bare(header) in map(_bare, _PLATFORM_IDS))


def _word(header: str) -> pl.Expr:
    return pl.col(header).fill_null("").str.to_lowercase().str.replace_all(r"[\s_-]", "")


def _speaking(cells: pl.LazyFrame, taken: Taken) -> tuple[tuple[str, ...], list[str]]:
    """Return the status columns that speak of consent, and those that do not: an order's status, for one."""
    doubtful = [header for header in taken.statuses if _kind(header) is _STATUSES]
    if taken.told or not doubtful:
        return taken.statuses, []
    known = cells.select(_word(header).is_in([*_OUT, *_IN]).any().alias(header) for header in doubtful).collect().row(0)
    ignored = [header for header, speaks in zip(doubtful, known, strict=True) if not speaks]
    return tuple(header for header in taken.statuses if header not in ignored), ignored


def _kind(header: str) -> tuple[str, ...]:
    bare = _bare(header)
    return next((names for names in (_FORBIDS, _ALLOWS) if bare in map(_bare, names)), _STATUSES)


def _opted_out(statuses: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(_says_no(header) for header in statuses) if statuses else pl.lit(True)


def _says_no(header: str) -> pl.Expr:
    word, kind = _word(header), _kind(header)
    if kind is _ALLOWS:
        return (word != "") & word.is_in([*NO, *_OUT])
    return ~word.is_in([*(NO if kind is _FORBIDS else ("",)), *_IN])


def _words(out: pl.DataFrame, statuses: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Return the words of the status columns that counted, most rows first, and those among them that nobody knows."""
    counted: dict[str, int] = {}
    strange = []
    for n, header in enumerate(statuses):
        if _kind(header) is not _STATUSES:
            continue
        values = out[f"{VALUE}{n}"].value_counts(sort=True)
        for word, rows in values.filter(~pl.col(f"{VALUE}{n}").is_in(["", *_IN])).rows():
            counted[word] = counted.get(word, 0) + rows
            if word not in _OUT:
                strange.append(word)
    return counted, strange
