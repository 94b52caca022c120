"""Screening: one reason for everyone who does not get the message, decided before anything is sent.

Where several reasons hold, the first of these is given, because it is the one that stays true longest:

    duplicate > opted_out > excluded > holdout > window_never_opened > window_closed > blank_variable > text_too_long
    > frequency_cap > excluded, where another row of the same customer stands for both

(`closes_before_turn` and `deadline_passed` come last; they need the queue, so the plan gives them.) The first line of
a person counts and the others are duplicates; an opt-out on any of them is an opt-out of the person. Who is held out
stays so when a message of theirs opens the window, so that comes before it; the row that stands for a customer is
chosen after all else, so that nobody who cannot be sent to stands in the way of a row that can.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Literal

import polars as pl

from campaigns.policy import limits, twins
from campaigns.policy.holdout import Holdout
from campaigns.policy.identity import number
from campaigns.template import Letter
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign_page import CampaignPage
from schemas.page import Channel
from schemas.reason import Reason

_PERSON = "_person"
_FIRST = "_first_line"
_OUT = "_out"
_REACHED = "_reached"
_WINDOW = "_window"
_CELL = "_cell:"
_KEY = [screened.SENDER_ID, _PERSON]


def screen(
    rows: pl.LazyFrame,
    letter: Letter,
    pages: Sequence[CampaignPage],
    *,
    own_page: int | None,
    suppressed: pl.LazyFrame | None,
    start_ms: int,
    margin_ms: int,
    policy: Literal["strict", "provider"] = "strict",
    where: pl.Expr | None = None,
    reached: pl.LazyFrame | None = None,
    windows: pl.LazyFrame | None = None,
    recent: pl.LazyFrame | None = None,
    holdout: Holdout | None = None,
    one_per: str | None = None,
    standing: pl.LazyFrame | None = None,
    zoned: bool = False,
) -> pl.LazyFrame:
    """Return the columns of `schemas.screened` with `_line`, `_recipient` and `_rule`; the order of rows is not kept.

    Where it is `zoned`, `_timezone` is beside them.

    `own_page` sends to rows that name no page. `suppressed` has `recipient_id` and `sender_id`, 0 for every account.
    The message is planned for `start_ms`. Under "provider" a window that nobody knows is left to the provider to
    judge; one that is known to be closed is skipped under both. Excluded are rows for which `where` (a `condition`)
    does not hold, and the people of `reached` (`recipient_id`, and `sender_id` of the account that reached them).
    `windows` has what is known besides the list (`recipient_id`, `sender_id`, `closes_at` in epoch ms): the later
    closing counts. `recent` has the people who may have no more messages until `free_at` (epoch ms; `recipient_id`,
    `sender_id`). `one_per` is a column of the list, `standing` what `twins.one_each` asks for.
    Raises InputError for a variable without a column.
    """
    headers = [name for name in rows.collect_schema().names() if name not in stored.OWN]
    present = letter.cells(headers)
    cells = {name: pl.col(f"{_CELL}{name}") for name in present}
    placed = _placed(rows, pages, own_page).with_columns(
        _person(stored.RECIPIENT).alias(_PERSON), *(cell.alias(f"{_CELL}{name}") for name, cell in present.items())
    )
    marks = _marks(placed, pages, suppressed=suppressed, reached=reached, windows=windows, recent=recent)
    known = placed.join(marks, on=_KEY, how="left")
    listed = pl.coalesce(stored.CLOSES_AT, pl.col(stored.INBOUND_AT) + limits.WINDOW_MS)
    closing = pl.max_horizontal(listed, _WINDOW)
    twin = [] if one_per is None else [twins.key(one_per)]
    held_out = _held_out(holdout, pages, twin)
    faults = _text_faults(letter, cells, pages)
    reason = _reason(_excluded(where), held_out, faults, start_ms + margin_ms, policy, capped=recent is not None)
    judged = known.with_columns(closing.alias(screened.CLOSING)).select(
        stored.LINE,
        stored.RECIPIENT,
        stored.RULE,
        screened.PAGE_ID,
        screened.SENDER_ID,
        screened.CLOSING,
        (pl.col(screened.CLOSING) - margin_ms).alias(screened.EFFECTIVE),
        reason.alias(screened.REASON),
        _json_list(list(cells.values())).alias(screened.VARIABLES),
        *(cell.is_null().alias(f"{screened.BLANK}{name}") for name, cell in cells.items()),
        *([] if recent is None else [screened.FREE_AT]),
        *([stored.TIMEZONE] if zoned else []),
        *(key.alias(twins.TWIN) for key in twin),
    )
    return twins.one_each(judged, standing) if twin else judged


def _placed(rows: pl.LazyFrame, pages: Sequence[CampaignPage], own_page: int | None) -> pl.LazyFrame:
    """Add page and sender; a usable row whose page the campaign does not know is rejected as wrong_page."""
    by_text = {page.account_id: page.page_id for page in pages} | {page.name: page.page_id for page in pages}
    senders = {page.page_id: page.sender_id for page in pages}
    named = _mapped(stored.PAGE, by_text)
    page_id = pl.when(pl.col(stored.PAGE).is_null()).then(pl.lit(own_page, dtype=pl.Int64)).otherwise(named)
    wrong = pl.when(pl.col(screened.PAGE_ID).is_null()).then(pl.lit(str(Reason.WRONG_PAGE)))
    return rows.with_columns(page_id.alias(screened.PAGE_ID)).with_columns(
        _mapped(screened.PAGE_ID, senders).alias(screened.SENDER_ID), pl.coalesce(stored.RULE, wrong).alias(stored.RULE)
    )


def _mapped(column: str, values: Mapping[str, int] | Mapping[int, int]) -> pl.Expr:
    return pl.col(column).replace_strict(list(values), list(values.values()), default=None, return_dtype=pl.Int64)


def _person(column: str) -> pl.Expr:
    """Return the id as a number, rarer forms as a hash of the text."""
    text = pl.col(column)
    return pl.coalesce(number(text), text.hash())


def _marks(
    placed: pl.LazyFrame,
    pages: Sequence[CampaignPage],
    *,
    suppressed: pl.LazyFrame | None,
    reached: pl.LazyFrame | None,
    windows: pl.LazyFrame | None,
    recent: pl.LazyFrame | None,
) -> pl.LazyFrame:
    """Return what is known of people besides their rows, once each."""
    marked = [_repeated(placed), _suppressions(suppressed, pages), _reached(reached)]
    marked.append(_moments(windows, "closes_at", _WINDOW))
    latest = [_WINDOW]
    # A column of nothing would take a hundred megabytes in a list of ten million.
    if recent is not None:
        marked.append(_moments(recent, "free_at", screened.FREE_AT))
        latest.append(screened.FREE_AT)
    people = pl.concat(marked, how="diagonal").group_by(_KEY)
    return people.agg(pl.col(_FIRST).min(), pl.col(_OUT, _REACHED).any(), pl.col(latest).max())


def _repeated(placed: pl.LazyFrame) -> pl.LazyFrame:
    """Return the people who stand in several lines, with the first line and whether any of them opts out.

    Sorting the ids alone shows who may, whatever the account; grouping everybody would take a gigabyte for ten million.
    """
    usable = placed.filter(pl.col(stored.RULE).is_null())
    ids = usable.select(_PERSON).collect().to_series().sort()
    twice = ids.filter(ids == ids.shift()).unique()
    people = usable.filter(pl.col(_PERSON).is_in(twice.implode())).group_by(_KEY)
    counted = people.agg(
        pl.col(stored.LINE).min().alias(_FIRST), pl.col(stored.OPTED_OUT).any().alias(_OUT), n=pl.len()
    )
    return counted.filter(pl.col("n") > 1).select(*_KEY, _FIRST, _OUT)


def _suppressions(suppressed: pl.LazyFrame | None, pages: Sequence[CampaignPage]) -> pl.LazyFrame:
    """Return each suppressed person, for every account of the campaign that it is about."""
    if suppressed is None:
        suppressed = pl.LazyFrame(schema={"recipient_id": pl.String, "sender_id": pl.Int64})
    reach = [(about, page.sender_id) for page in pages for about in (0, page.sender_id)]
    senders = pl.LazyFrame(reach, schema={"sender_id": pl.Int64, screened.SENDER_ID: pl.Int64}, orient="row")
    people = suppressed.select(pl.col("sender_id").cast(pl.Int64), _person("recipient_id").alias(_PERSON))
    return people.join(senders, on="sender_id").select(*_KEY, pl.lit(value=True).alias(_OUT))


def _reached(reached: pl.LazyFrame | None) -> pl.LazyFrame:
    """Return each person whom another campaign has reached from an account."""
    if reached is None:
        return pl.LazyFrame(schema={screened.SENDER_ID: pl.Int64, _PERSON: pl.UInt64, _REACHED: pl.Boolean})
    sender = pl.col("sender_id").cast(pl.Int64).alias(screened.SENDER_ID)
    return reached.select(sender, _person("recipient_id").alias(_PERSON), pl.lit(value=True).alias(_REACHED))


def _moments(people: pl.LazyFrame | None, given: str, name: str) -> pl.LazyFrame:
    """Return a moment of each person, the column `given` under the name `name`."""
    if people is None:
        return pl.LazyFrame(schema={screened.SENDER_ID: pl.Int64, _PERSON: pl.UInt64, name: pl.Int64})
    sender = pl.col("sender_id").cast(pl.Int64).alias(screened.SENDER_ID)
    return people.select(sender, _person("recipient_id").alias(_PERSON), pl.col(given).alias(name))


def _excluded(where: pl.Expr | None) -> pl.Expr:
    reached = pl.col(_REACHED).fill_null(value=False)
    return reached if where is None else reached | ~where


def _held_out(holdout: Holdout | None, pages: Sequence[CampaignPage], twin: Sequence[pl.Expr]) -> pl.Expr:
    if holdout is None:
        return pl.lit(value=False)
    return holdout.customers(twin[0], pages) if twin else holdout.people(pages)


def _text_faults(
    letter: Letter, cells: Mapping[str, pl.Expr], pages: Sequence[CampaignPage]
) -> tuple[pl.Expr, pl.Expr]:
    """Return whether any part of the letter is blank for a person, and whether any is too long for the channel."""
    texts = letter.texts(cells)
    blank = reduce(or_, (text.is_null() for text in texts))
    channels = sorted({page.channel for page in pages})
    long = (_too_long(text, channel, pages) for text in texts for channel in channels)
    return blank, reduce(or_, long, pl.lit(value=False))


def _too_long(text: pl.Expr, channel: Channel, pages: Sequence[CampaignPage]) -> pl.Expr:
    limit = limits.TEXT[channel]
    length = text.str.len_bytes() if limit.unit is limits.Unit.BYTES else text.str.len_chars()
    there = [page.page_id for page in pages if page.channel is channel]
    return (length > limit.most) & pl.col(screened.PAGE_ID).is_in(there)


def _reason(
    excluded: pl.Expr,
    held_out: pl.Expr,
    text_faults: tuple[pl.Expr, pl.Expr],
    closed_until: int,
    policy: str,
    *,
    capped: bool,
) -> pl.Expr:
    """Return the reason, null for rejected and eligible rows. A window closing by `closed_until` counts as closed."""
    blank, too_long = text_faults
    closing, unknown = pl.col(screened.CLOSING), policy == "strict"
    ladder = [
        (Reason.DUPLICATE, pl.col(_FIRST) < pl.col(stored.LINE)),
        (Reason.OPTED_OUT, pl.any_horizontal(stored.OPTED_OUT, _OUT)),
        (Reason.EXCLUDED, excluded),
        (Reason.HOLDOUT, held_out),
        (Reason.WINDOW_NEVER_OPENED, closing.is_null() & pl.lit(unknown)),
        (Reason.WINDOW_CLOSED, closing <= closed_until),
        (Reason.BLANK_VARIABLE, blank),
        (Reason.TEXT_TOO_LONG, too_long),
    ]
    if capped:
        ladder.append((Reason.FREQUENCY_CAP, pl.col(screened.FREE_AT).is_not_null()))
    holding = [pl.when(holds).then(pl.lit(str(reason))) for reason, holds in ladder]
    return pl.when(pl.col(stored.RULE).is_null()).then(pl.coalesce(holding))


def _json_list(cells: Sequence[pl.Expr]) -> pl.Expr:
    """Return the cells as a JSON list of strings and nulls, peeled out of the struct that polars writes."""
    if not cells:
        return pl.lit("[]")
    written = pl.struct(pl.concat_arr(cells).alias("a")).struct.json_encode()
    return written.str.strip_prefix('{"a":').str.strip_suffix("}")
