"""What a message looks like, and whom it reaches, for a list that no campaign has yet: for somebody still writing.

Lists are scanned where they lie, one answer at a time; nothing is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import polars as pl

from campaigns import audience, hours, template
from campaigns.audience import Reading
from campaigns.campaign_file import milliseconds
from campaigns.errors import InputError
from campaigns.lifecycle import snapshot, stops
from campaigns.lifecycle.plan import PlannedLane, Sieve, lane, shared, sift
from campaigns.lifecycle.submit import named_pages
from campaigns.lifecycle.view import view
from campaigns.plan.prospect import Prospect, Queue
from campaigns.policy import limits
from campaigns.policy.condition import check_column, condition
from campaigns.runtime import Runtime, now_of
from campaigns.template import Blank, Letter
from schemas import screened
from schemas.campaign_file import CampaignFile
from schemas.message import Message
from schemas.page import Channel
from schemas.recipient_list import LINE, OWN, PAGE, RECIPIENT, RULE
from schemas.view import View

FEW = 20_000
"""Rows that are looked at where a text is too odd for polars: the others would take minutes."""
_SHOWN = 8
_EXAMPLES = 3
_LIST = "list.parquet"


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that was read: where it is, its headers, and which of them holds what."""

    path: Path
    columns: Sequence[str]
    mapping: Mapping[str, str]

    @property
    def usable(self) -> pl.LazyFrame:
        """The rows of people, the first of each."""
        rows = pl.scan_parquet(self.path).filter(pl.col(RULE).is_null())
        return rows.filter(pl.struct(PAGE, RECIPIENT).is_first_distinct())


@dataclass(frozen=True, slots=True)
class Measured:
    """A message over `people` of a list.

    `longest` has for each channel the length of its longest text, in the channel's unit, and the line it is for;
    `too_long` how many people it is too long for. `blank` people lack a variable that the text needs, the `first` of
    them as (line, recipient); `empty` counts the blank cells of each variable, those with a default included. `whole`
    says whether all of the list was looked at.
    """

    people: int
    longest: Mapping[Channel, tuple[int, int]]
    too_long: Mapping[Channel, int]
    blank: int
    first: Sequence[tuple[int, str]]
    empty: Mapping[str, int]
    whole: bool


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One person's message: its texts on both channels, or which `blank` variable keeps it from them."""

    line: int
    recipient_id: str
    page: str | None
    blank: str | None
    views: Mapping[Channel, View]


def contacts(runtime: Runtime, file: CampaignFile, folder: Path, now: int) -> tuple[Listed, Reading]:
    """Write everyone whose window is open now into a folder, as a list; raises InputError where that is nobody."""
    with runtime.reading() as conn:
        people = snapshot.draw(conn, file, stops.find(conn, file, snapshot.pages(file)), now)
    people.write_parquet(drawn := folder / "contacts.parquet", compression_level=1)
    reading = audience.read(drawn, folder / _LIST, {}, zone=None, now_ms=now)
    return Listed(folder / _LIST, reading.columns, reading.mapping), reading


def measure(listed: Listed, message: Message) -> Measured:
    """Render for everybody of a list and measure; raises InputError for a text that cannot be used."""
    letter = template.letter([part.text for part in message.parts])
    cells = letter.cells(listed.columns)
    whole = all(part.expression(cells) is not None for part in letter.parts)
    rows = listed.usable if whole else listed.usable.head(FEW)
    texts = [f"_text:{i}" for i in range(len(letter.parts))]
    written = rows.select(
        LINE,
        RECIPIENT,
        *(text.alias(name) for text, name in zip(letter.texts(cells), texts, strict=True)),
        *(cell.is_null().alias(f"{screened.BLANK}{name}") for name, cell in cells.items()),
    )
    blank = reduce(or_, (pl.col(name).is_null() for name in texts))
    sums = [blank.sum().alias("_blank"), *(pl.col(f"{screened.BLANK}{name}").sum() for name in cells)]
    sizes = {channel: pl.max_horizontal(_sizes(texts, channel)) for channel in Channel}
    for channel, size in sizes.items():
        sums += [size.max().alias(f"_{channel}"), pl.col(LINE).get(size.arg_max()).alias(f"_{channel}_line")]
        sums.append((size > limits.TEXT[channel].most).sum().alias(f"_{channel}_long"))
    totals, first = pl.collect_all(
        [written.select(pl.len().alias("_people"), *sums), written.filter(blank).select(LINE, RECIPIENT).head(_SHOWN)]
    )
    row = totals.row(0, named=True)
    return Measured(
        people=row["_people"],
        longest={c: (row[f"_{c}"], row[f"_{c}_line"]) for c in Channel if row[f"_{c}"] is not None},
        too_long={c: row[f"_{c}_long"] or 0 for c in Channel},
        blank=row["_blank"],
        first=first.rows(),
        empty={name: n for name in cells if (n := row[f"{screened.BLANK}{name}"])},
        whole=whole,
    )


def glimpse(listed: Listed, message: Message, *, line: int = 0, back: bool = False, word: str = "") -> Glimpse:
    """Render for the first person after a line, before it when going `back`, or for the one that a word means.

    A word is a recipient's id or a line. Past either end it begins anew from the other. Raises InputError.
    """
    letter = template.letter([part.text for part in message.parts])
    letter.cells(listed.columns)
    row = _person(listed, word) if word else _beside(listed, line, back=back)
    try:
        texts, blank = letter.render(_values(letter, listed, row)), None
    except Blank as missing:
        texts, blank = (), missing.variable
    views = {channel: view(channel, message, texts) for channel in Channel}
    return Glimpse(row[LINE], row[RECIPIENT], row[PAGE], blank, views)


def left(listed: Listed, where: str) -> tuple[int, int]:
    """Return how many of a list's people a condition leaves, and of how many; raises InputError."""
    holds = condition(where, listed.columns)
    kept, of = listed.usable.select(holds.sum(), n=pl.len()).collect().row(0)
    return int(kept or 0), int(of)


def lanes(
    runtime: Runtime, file: CampaignFile, listed: Listed, environment: Mapping[str, str]
) -> tuple[PlannedLane, ...]:
    """Return the pages that a campaign file sends from, at the most that each of them goes; raises InputError."""
    with runtime.reading() as conn:
        found = stops.find(conn, file, named_pages(listed.path, listed.mapping, file))
    resolved = (stops.resolve(stop, runtime, environment, file.limits.ceiling) for stop in found)
    return shared([lane(stop.stored, stop.route, None, runtime, environment) for stop in resolved if stop.stored])


def prospect(
    runtime: Runtime, file: CampaignFile, listed: Listed, environment: Mapping[str, str], not_after: int | None
) -> Prospect:
    """Return what starts and rates would come to for everybody who could get a campaign now; raises InputError."""
    if file.audience.one_per is not None:
        check_column(file.audience.one_per, listed.columns, "audience.one_per")
    message, pages = file.message.message, [each.page for each in lanes(runtime, file, listed, environment)]
    with runtime.reading() as conn:
        now = now_of(conn)
        sieve = Sieve(listed.path, listed.columns, file, message, file.name)
        margin = milliseconds(file.limits.margin, "limits.margin")
        judged = sift(conn, sieve, pages, own=0, margin_ms=margin, start_ms=now)
    eligible = pl.col(RULE).is_null() & pl.col(screened.REASON).is_null()
    ends = judged.filter(eligible).select(screened.PAGE_ID, screened.EFFECTIVE)
    ordered = ends.sort(screened.EFFECTIVE, nulls_last=True).collect()
    queues = [
        Queue(page, ordered.filter(pl.col(screened.PAGE_ID) == page.page_id)[screened.EFFECTIVE]) for page in pages
    ]
    times = hours.times(file)
    return Prospect(
        queues,
        origin=now,
        parts=len(message.parts),
        open_times=times.whole if times else None,
        not_after=not_after,
    )


def _sizes(texts: Sequence[str], channel: Channel) -> list[pl.Expr]:
    counted = limits.TEXT[channel].unit
    return [
        pl.col(name).str.len_bytes() if counted is limits.Unit.BYTES else pl.col(name).str.len_chars() for name in texts
    ]


def _beside(listed: Listed, line: int, *, back: bool) -> dict[str, Any]:
    if back:
        there = listed.usable.filter(pl.col(LINE) < line).tail(1).collect()
        found = there if there.height else listed.usable.tail(1).collect()
    else:
        there = listed.usable.filter(pl.col(LINE) > line).head(1).collect()
        found = there if there.height else listed.usable.head(1).collect()
    return found.row(0, named=True)


def _person(listed: Listed, word: str) -> dict[str, Any]:
    by_id = listed.usable.filter(pl.col(RECIPIENT) == word.strip()).head(1).collect()
    if by_id.height:
        return by_id.row(0, named=True)
    if word.strip().isdecimal():
        by_line = pl.scan_parquet(listed.path).filter(pl.col(LINE) == int(word), pl.col(RULE).is_null()).collect()
        if by_line.height:
            return by_line.row(0, named=True)
    raise InputError(f"The list has no usable line and no recipient {word.strip()}. Give one as the list has it.")


def _values(letter: Letter, listed: Listed, row: Mapping[str, Any]) -> list[str | None]:
    frame = pl.DataFrame(
        {name: [row[name]] for name in listed.columns}, schema=dict.fromkeys(listed.columns, pl.String)
    )
    cells = letter.cells(listed.columns)
    return [frame.select(cells[name].alias("cell")).item() for name in letter.variables]


@dataclass(frozen=True, slots=True)
class Problem:
    """Lines of a list that break one rule: how many, what it means, and the first ones as (line, column, value)."""

    rule: str
    lines: int
    sentence: str
    first: Sequence[tuple[int, str | None, str | None]]


def problems(unusable: pl.DataFrame) -> list[Problem]:
    """Group the lines that cannot be used, as `audience.rejects` has them, by what is said of them; the most first."""
    first = pl.struct("line", "column", "value").head(_EXAMPLES).alias("first")
    groups = unusable.group_by("rule", "sentence", maintain_order=True).agg(pl.len().alias("n"), first)
    ordered = groups.sort("n", descending=True, maintain_order=True)
    return [
        Problem(rule, n, sentence, [(each["line"], each["column"], each["value"]) for each in cells])
        for rule, sentence, n, cells in ordered.rows()
    ]


def head(listed: Listed, most: int) -> list[dict[str, Any]]:
    """Return the first rows of a list: its own columns, beside `_line` and the `_rule` that a row breaks."""
    rows = pl.scan_parquet(listed.path).select(LINE, RULE, pl.exclude(*OWN)).head(most)
    return rows.collect().to_dicts()


def by_page(listed: Listed) -> dict[str | None, int]:
    """Return how many people a list has for each page that it names, None for rows that name none."""
    return dict(listed.usable.group_by(PAGE).len().sort(PAGE, nulls_last=True).collect().iter_rows())
