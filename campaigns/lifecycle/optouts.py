"""Opt-outs that come as a file: who of it is suppressed for which account, and what of the file was believed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row

from campaigns import pages, suppression
from campaigns.audience.exports import Export
from campaigns.moments import iso
from schemas.api.exports import Imported as Told
from schemas.api.suppressions import Suppressed, Wish

COLUMNS = ("recipient_id", "page", "opted_out", "source", "note", "at")
_SLICE = 20_000
_FEW = 5


@dataclass(frozen=True, slots=True)
class Imported:
    """How many people are suppressed anew, and how many were already.

    `strangers` are the file's names for accounts that no page has.
    """

    added: int
    known: int
    strangers: list[str]


def bring(conn: Connection, export: Export, page: str | None, *, note: str, now: int, actor: str) -> Imported:
    """Suppress everybody who opted out by a file: for `page` alone, else for the page that their row names, or all.

    Raises NotFoundError where there is no such page.
    """
    people, strangers = _placed(conn, export, page)
    new = suppression.suppress_all(conn, _slices(people), note=note, now=now, actor=actor)
    return Imported(new, people.height - new, strangers)


def everybody(conn: Connection) -> Iterator[dict[str, str]]:
    """Yield everybody who is suppressed, oldest first; `page` is blank where it is for every account."""
    place = (-1, "", 0)
    while rows := suppression.listed(conn, _SLICE, place):
        for row in rows:
            yield {
                "recipient_id": row.recipient_id,
                "page": row.page or "",
                "opted_out": "true",
                "source": row.source,
                "note": row.note,
                "at": iso(row.at),
            }
        place = (rows[-1].at, rows[-1].recipient_id, rows[-1].sender_id)


def columns(export: Export, page: str | None) -> dict[str, str | list[str] | None]:
    """Return which headers of the file were believed."""
    taken = export.taken
    return {"ids": list(taken.ids), "status": list(taken.statuses), "page": None if page else taken.page}


def told(export: Export, done: Imported, page: str | None, *, dry_run: bool) -> Told:
    """Return what a file came to, with what was believed of it."""
    return Told(
        rows=export.rows,
        added=done.added,
        known=done.known,
        rejected=export.unusable.height,
        left=export.left,
        columns=columns(export, page),
        words=export.words,
        remarks=list(remarks(export, done.strangers)),
        dry_run=dry_run,
    )


def suppressed(row: Row[Any]) -> Suppressed:
    """Return a row of `suppression.listed` as people look it up."""
    return Suppressed(recipient_id=row.recipient_id, page=row.page, source=row.source, note=row.note, at=iso(row.at))


def wish(row: Row[Any]) -> Wish:
    """Return a row of `suppression.told` as people look it up."""
    return Wish(
        at=iso(row.at),
        kind=row.kind,
        page=row.page or (str(row.sender_id) if row.sender_id else None),
        channel=row.channel or None,
        source=row.source,
        evidence=row.evidence,
        actor=row.actor,
    )


def remarks(export: Export, strangers: Sequence[str]) -> Iterator[str]:
    """Say what of the file was believed, and what was not."""
    taken = export.taken
    who = f"opt-outs from {_quoted(taken.statuses)}" if taken.statuses else "every row counts as an opt-out"
    words = ", ".join(f"{word} {rows:,}" for word, rows in list(export.words.items())[:_FEW])
    ids = "a list without a header" if taken.unheaded else _quoted(taken.ids)
    yield f"Ids from {ids}; {who}{f' ({words})' if words else ''}."
    if taken.doubtful:
        yield "These may be the other tool's own ids: compare one with the platform's, or name another --column."
    if export.strange:
        yield f"Not known, so taken for opt-outs: {', '.join(export.strange[:_FEW])}."
    if export.ignored:
        yield f"{_quoted(export.ignored)} holds no word about consent, and was not looked at."
    if strangers:
        yield f"No page is {_quoted(strangers[:_FEW])}: those people are suppressed on every page."
    yield from export.warnings
    if export.unusable.height:
        line, sentence = export.unusable.row(0)
        yield (
            f"Lines without a usable id: {export.unusable.height:,}. Those people are NOT suppressed. "
            f"The first is line {line}: {sentence} `pagecast check --rejects` lists them all."
        )


def _placed(conn: Connection, export: Export, page: str | None) -> tuple[pl.DataFrame, list[str]]:
    if page:
        sender_id = pl.lit(pages.named(conn, page).sender_id)
        return export.people.select("recipient_id", sender_id.alias("sender_id")).unique(maintain_order=True), []
    stored = pages.all_of(conn)
    senders = {each.account_id: each.sender_id for each in stored} | {each.name: each.sender_id for each in stored}
    sender_id = pl.col("page").replace_strict(senders, default=suppression.EVERY_SENDER, return_dtype=pl.Int64)
    placed = export.people.select("recipient_id", sender_id.alias("sender_id")).unique(maintain_order=True)
    return placed, [name for name in export.people["page"].drop_nulls().unique().sort() if name not in senders]


def _slices(people: pl.DataFrame) -> Iterator[list[tuple[str, int]]]:
    return (people.slice(offset, _SLICE).rows() for offset in range(0, people.height, _SLICE))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
