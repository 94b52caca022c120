"""Dividing a screened list: each page's people in the order of their turns, cut into chunks, and everyone counted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from campaigns.plan import turns
from campaigns.plan.opentime import OpenTime
from campaigns.plan.shifts import serve
from campaigns.plan.timetable import Times
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign_page import CampaignPage
from schemas.delivery import DUPLICATE, REJECTED, DeliveryState
from schemas.reason import Reason

_CHUNK_SECONDS = 60
_CHUNK_PEOPLE = 1000
_PAIRED = 100
"""Chunks of so many people take turns by twos: of smaller ones too few come late to matter."""

_OURS = pl.col(stored.RULE).is_null() & pl.col(screened.REASON).ne_missing(pl.lit(str(Reason.DUPLICATE)))
"""The rows that become deliveries."""
_ELIGIBLE = _OURS & pl.col(screened.REASON).is_null()

_FOR_LEDGER = {
    stored.LINE: "line",
    stored.RECIPIENT: "recipient_id",
    screened.VARIABLES: "variables",
    screened.CLOSING: "closes_at",
}
"""The columns of a screened list that go into the ledger as they are, by their names there."""

_LEDGER = (
    *("line", "recipient_id", "page_id", "sender_id", "variables", "closes_at"),
    *("state", "reason", "chunk_seq"),
)
"""The columns of Division.rows, in order."""

_ROW = "_row"
_NO_CHUNK = pl.lit(None, dtype=pl.Int32).alias("chunk_seq")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one page's queue comes to: `eligible` will be sent to, `lost` would be but for the time.

    Times are epoch milliseconds; `lowest_rate` is in messages per second.
    """

    page: CampaignPage
    eligible: int
    lost: int
    finish_at: int | None
    lowest_rate: float | None
    latest_start: int | None


@dataclass(frozen=True, slots=True)
class Division:
    """A list ready for the ledger.

    `rows`, page after page in the order of sending, each with its skipped ones last: line, recipient_id, page_id,
    sender_id, variables, closes_at, state (pending or skipped), reason, chunk_seq (Int32 from 0 within the page; null
    if skipped); and zone where people have quiet hours by their own clocks.
    `chunks`: page_id, seq, size, deadline (the earliest last moment of its people, null if none has one).
    `tallies`: page_id (0 where the row names no page), chunk_seq, state, reason ('' for none), n: every row of the
    list, with rejected and duplicate ones, so that `n` adds up to them all.
    `aside`: line, state (rejected or duplicate), reason of the rows that are no deliveries.
    `blanks`: variable → people whose cell is blank. `windowless`: people are skipped, and no closing time is known.
    `free_at` is when the first of those whom the cap on messages holds back may have one (epoch ms; null without any);
    `twins` counts rows that give way to another of the same customer.
    """

    rows: pl.DataFrame
    chunks: pl.DataFrame
    tallies: pl.DataFrame
    aside: pl.DataFrame
    outlooks: tuple[Outlook, ...]
    blanks: dict[str, int]
    windowless: bool
    free_at: int | None = None
    twins: int = 0


def divide(
    rows: pl.LazyFrame,
    pages: Sequence[CampaignPage],
    *,
    start_ms: int,
    not_after_ms: int | None = None,
    parts: int = 1,
    times: Times | None = None,
) -> Division:
    """Return the division of a list as `campaigns.policy.screen` gives it; each person takes `parts` messages.

    With `times` nobody gets a turn while they are closed.
    """
    # A handful of words as numbers: a text takes sixteen bytes even where there is none.
    words = pl.col(stored.RULE, screened.REASON).cast(pl.Categorical)
    frame = rows.drop(screened.SENDER_ID).with_columns(words).collect()
    zoned = [stored.TIMEZONE] if times and times.people else []
    eligible = _in_order(frame, _ELIGIBLE, screened.EFFECTIVE, *zoned)
    set_aside = _in_order(frame, _OURS & ~_ELIGIBLE, screened.REASON).cast({screened.REASON: pl.String})
    aside, blanks, windowless = _aside(frame), _blanks(frame), _windowless(frame)
    free_at, twins = _free_at(frame), _twins(frame)
    columns = {column.name: column for column in frame.select(*_FOR_LEDGER, *zoned)}
    # Ten million people fill gigabytes, so nothing is kept that is not needed any more.
    del frame
    terms = _Terms(start_ms, not_after_ms, parts, times)
    queues = [_queue(eligible.filter(_of(page)), set_aside.filter(_of(page)), page, terms) for page in pages]
    del eligible, set_aside
    chunks = pl.concat([_chunks(queue) for queue in queues])
    return Division(
        rows=_for_ledger(columns, queues),
        chunks=chunks,
        tallies=_tallies(chunks, queues, aside),
        aside=aside.select("line", "state", "reason"),
        outlooks=tuple(queue.outlook for queue in queues),
        blanks=blanks,
        windowless=windowless,
        free_at=free_at,
        twins=twins,
    )


def chunk_size(rate: float) -> int:
    """Return how many people a chunk of a page has; `rate` in people per second."""
    return min(_CHUNK_PEOPLE, max(1, int(_CHUNK_SECONDS * rate)))


@dataclass(frozen=True, slots=True)
class _Queue:
    """One page's people as row numbers: `sent` (_row, _effective, chunk_seq) in order, `aside` (_row, _reason)."""

    sent: pl.DataFrame
    aside: pl.DataFrame
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class _Terms:
    """What holds for every page: start and end in epoch milliseconds, and the messages that a person takes."""

    start_ms: int
    not_after_ms: int | None
    parts: int
    times: Times | None


def _in_order(frame: pl.DataFrame, keep: pl.Expr, *columns: str) -> pl.DataFrame:
    """Return _row, the page and `columns` of the rows to keep, in the order of the list."""
    row = pl.int_range(pl.len(), dtype=pl.UInt32).alias(_ROW)
    chosen = frame.lazy().select(row, stored.LINE, screened.PAGE_ID, *columns, keep=keep).filter("keep").drop("keep")
    return chosen.sort(stored.LINE).drop(stored.LINE).collect(engine="in-memory")


def _of(page: CampaignPage) -> pl.Expr:
    return pl.col(screened.PAGE_ID) == page.page_id


def _queue(eligible: pl.DataFrame, set_aside: pl.DataFrame, page: CampaignPage, terms: _Terms) -> _Queue:
    """Return a page's queue; both frames are in the order of the list."""
    rate = page.rate / terms.parts
    # Stable, so that equal closings keep the list's order: six times faster than sorting by both.
    queued = eligible.sort(screened.EFFECTIVE, nulls_last=True, maintain_order=True)
    end = pl.lit(terms.not_after_ms, dtype=pl.Int64)
    deadlines = queued.select(pl.min_horizontal(screened.EFFECTIVE, end)).to_series()
    people = terms.times and terms.times.people
    line = _by_zones(queued, deadlines, page, terms) if people else _in_line(queued, deadlines, page, terms)
    window_ends_first = pl.col(screened.EFFECTIVE) <= pl.col("_deadline")
    closes, passes = pl.lit(str(Reason.CLOSES_BEFORE_TURN)), pl.lit(str(Reason.DEADLINE_PASSED))
    late = (
        pl.when("_quiet").then(pl.lit(str(Reason.QUIET_HOURS))).when(window_ends_first).then(closes).otherwise(passes)
    )
    size = chunk_size(rate)
    return _Queue(
        line.sent.select(_ROW, screened.EFFECTIVE, _in_pairs(line.sent.height, size).alias("chunk_seq")),
        pl.concat([set_aside.select(_ROW, screened.REASON), line.lost.select(_ROW, late.alias(screened.REASON))]),
        line.outlook,
    )


def _in_pairs(people: int, size: int) -> pl.Expr:
    """Return the chunk of each of so many people: two at a time take turns, because two of a page are sent at once.

    One behind the other, half of the first would be sent after its time, and half of the second before.
    """
    turn = pl.int_range(people)
    if size < _PAIRED:
        return (turn // size).cast(pl.Int32)
    single = people - people % (2 * size) if people % (2 * size) <= size else people
    odd = pl.when(turn < single).then(turn % 2).otherwise(0)
    return (turn // (2 * size) * 2 + odd).cast(pl.Int32)


@dataclass(frozen=True, slots=True)
class _Line:
    """`sent` people in the order of their turns; `lost` ones with `_deadline`, and `_quiet` where all of it is."""

    sent: pl.DataFrame
    lost: pl.DataFrame
    outlook: Outlook


def _in_line(queued: pl.DataFrame, deadlines: pl.Series, page: CampaignPage, terms: _Terms) -> _Line:
    """Give turns to people who stand in the order of their deadlines, all of them by the same clock."""
    rate, start = page.rate / terms.parts, terms.start_ms
    clock = OpenTime(terms.times.whole, start) if terms.times and terms.times.whole else None
    if clock:
        # Quiet time does not pass.
        start, limits = 0, clock.passed(deadlines)
    else:
        limits = deadlines
    reached = turns.kept(limits, start, rate)
    quiet = limits <= start if clock else pl.lit(value=False)
    finish, latest = turns.finish(n := int(reached.sum()), start, rate), turns.latest_start(limits, rate)
    if clock:
        finish = None if finish is None else clock.first(finish)
        latest = None if latest is None else clock.last(latest)
    lowest = turns.lowest_rate(limits, start)
    marked = queued.with_columns(deadlines.alias("_deadline"), _quiet=quiet)
    return _Line(
        queued.filter(reached),
        marked.filter(~reached),
        Outlook(
            page=page,
            eligible=n,
            lost=len(deadlines) - n,
            finish_at=finish,
            lowest_rate=None if lowest is None else lowest * terms.parts,
            latest_start=latest,
        ),
    )


def _by_zones(queued: pl.DataFrame, deadlines: pl.Series, page: CampaignPage, terms: _Terms) -> _Line:
    """Give turns to people by the clocks of their own zones; what rate or start would lose nobody is not worked out."""
    assert terms.times is not None
    placed = queued.with_columns(deadlines.alias("_deadline"), pl.int_range(pl.len()).alias("_n"))
    clocks: dict[str, OpenTime] = {}
    people: dict[str, list[tuple[float, int]]] = {}
    quiet = pl.Series("_n", [], dtype=pl.Int64)
    for (zone,), own in placed.group_by(pl.col(stored.TIMEZONE).fill_null(""), maintain_order=True):
        clock = clocks[str(zone)] = OpenTime(terms.times.person(str(zone)), terms.start_ms)
        last = own.select(clock.passed(own["_deadline"]).cast(pl.Float64).fill_null(math.inf).alias("last"), "_n")
        quiet = quiet.append(last.filter(pl.col("last") <= 0)["_n"])
        people[str(zone)] = last.rows()
    served = serve(clocks, people, terms.start_ms, page.rate / terms.parts)
    order = pl.Series(served.order, dtype=pl.Int64)
    marked = placed.with_columns(_quiet=pl.col("_n").is_in(quiet.implode()))
    sent, n = queued[order], len(served.order)
    lost = marked.filter(~pl.col("_n").is_in(order.implode()))
    finish = math.ceil(served.end) if n else None
    return _Line(sent, lost, Outlook(page, n, len(deadlines) - n, finish, None, None))


def _for_ledger(columns: dict[str, pl.Series], queues: Sequence[_Queue]) -> pl.DataFrame:
    """Return the columns of _FOR_LEDGER in the order of the queues, taking each out of `columns` once it is done.

    One block a column: gathering from the many that a scan leaves takes fifteen times as long.
    """
    placed = pl.concat([in_state for queue in queues for in_state in _in_states(queue)])
    order = placed[_ROW]
    zone = {stored.TIMEZONE: "zone"} if stored.TIMEZONE in columns else {}
    theirs = _FOR_LEDGER | zone
    gathered = [columns.pop(name).rechunk().gather(order).alias(ours) for name, ours in theirs.items()]
    return pl.DataFrame(gathered).hstack(placed.drop(_ROW)).select(*_LEDGER, *zone.values())


def _in_states(queue: _Queue) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the pending and the skipped rows of a queue with the ledger's columns for them."""
    pending, skipped = pl.lit(str(DeliveryState.PENDING)), pl.lit(str(DeliveryState.SKIPPED))
    nothing = pl.lit(None, dtype=pl.String)
    page = _page_id(queue), pl.lit(queue.outlook.page.sender_id, dtype=pl.Int64).alias("sender_id")
    return (
        queue.sent.select(_ROW, *page, pending.alias("state"), nothing.alias("reason"), "chunk_seq"),
        queue.aside.select(
            _ROW,
            *page,
            skipped.alias("state"),
            pl.col(screened.REASON).alias("reason"),
            _NO_CHUNK,
        ),
    )


def _chunks(queue: _Queue) -> pl.DataFrame:
    """Return the chunks of a queue, each with the earliest window of its people."""
    people = queue.sent.group_by(pl.col("chunk_seq").alias("seq"))
    sized = people.agg(pl.len().alias("size"), pl.col(screened.EFFECTIVE).min().alias("deadline")).sort("seq")
    return sized.select(_page_id(queue), pl.all())


def _aside(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that are no deliveries, as the tallies count them: rejected ones and duplicates."""
    rejected = pl.col(stored.RULE).is_not_null()
    return (
        frame.filter(~_OURS)
        .select(
            pl.col(stored.LINE).alias("line"),
            pl.col(screened.PAGE_ID).fill_null(0).alias("page_id"),
            pl.when(rejected).then(pl.lit(REJECTED)).otherwise(pl.lit(DUPLICATE)).alias("state"),
            pl.coalesce(stored.RULE, screened.REASON).cast(pl.String).alias("reason"),
        )
        .sort("line")
    )


def _tallies(chunks: pl.DataFrame, queues: Sequence[_Queue], aside: pl.DataFrame) -> pl.DataFrame:
    """Return every row of the list counted once: the pending by chunk, the skipped by reason, and those beside."""
    pending, skipped = pl.lit(str(DeliveryState.PENDING)), pl.lit(str(DeliveryState.SKIPPED))
    keys = ["page_id", "chunk_seq", "state", "reason"]
    counted = [
        chunks.select(
            "page_id", pl.col("seq").alias("chunk_seq"), pending.alias("state"), pl.lit("").alias("reason"), n="size"
        ),
        *(
            queue.aside.group_by(pl.col(screened.REASON).alias("reason"))
            .len("n")
            .select(_page_id(queue), _NO_CHUNK, skipped.alias("state"), "reason", "n")
            for queue in queues
        ),
        aside.group_by("page_id", "state", "reason").len("n").select("page_id", _NO_CHUNK, "state", "reason", "n"),
    ]
    return pl.concat(counted).cast({"n": pl.Int64}).sort(keys, nulls_last=True)


def _page_id(queue: _Queue) -> pl.Expr:
    return pl.lit(queue.outlook.page.page_id, dtype=pl.Int64).alias("page_id")


def _blanks(frame: pl.DataFrame) -> dict[str, int]:
    flags = [name for name in frame.columns if name.startswith(screened.BLANK)]
    counts = frame.select((pl.col(name) & _OURS).sum() for name in flags)
    return {name.removeprefix(screened.BLANK): int(counts[name].item()) for name in flags}


def _windowless(frame: pl.DataFrame) -> bool:
    never = frame[screened.REASON] == str(Reason.WINDOW_NEVER_OPENED)
    return bool(never.any()) and frame[screened.CLOSING].null_count() == frame.height


def _free_at(frame: pl.DataFrame) -> int | None:
    if screened.FREE_AT not in frame.columns:
        return None
    first = frame.filter(pl.col(screened.REASON) == str(Reason.FREQUENCY_CAP))[screened.FREE_AT].min()
    return None if first is None else int(str(first))


def _twins(frame: pl.DataFrame) -> int:
    return int(frame[screened.INSTEAD].count()) if screened.INSTEAD in frame.columns else 0
