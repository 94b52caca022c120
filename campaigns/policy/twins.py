"""One message a customer: of the rows that mean the same one, the row whose window closes last stands for them.

Whoever has the message in hand already comes first, then who can be sent to, then who could be once they write: a
message of theirs would otherwise bring the customer a second one. Equal closings leave the earlier line.
"""

import polars as pl

from campaigns.template.expression import present
from schemas import recipient_list as stored
from schemas import screened
from schemas.reason import RESCUABLE, Reason

TWIN = "_twin"
"""String: what a customer's rows have in common; null for a row that stands alone."""
IN_HAND = "_in_hand"

_RANK = "_rank"
_LAST = "_last"
_IN_HAND, _SENDABLE, _MAY_WRITE = range(3)
_RESCUABLE = sorted(str(reason) for reason in RESCUABLE)


def key(column: str) -> pl.Expr:
    """Return what a customer's rows have in common, null where the cell is blank."""
    return present(pl.col(column)).str.strip_chars()


def one_each(rows: pl.LazyFrame, standing: pl.LazyFrame | None = None) -> pl.LazyFrame:
    """Return screened rows without `_twin`, and with `_instead`; who gives way is excluded.

    `standing` is for a campaign under way: `_line`, and `_in_hand` (Boolean) of the rows that count, which are all
    without it.
    """
    if standing is None:
        known, counts, in_hand = rows, pl.lit(value=True), pl.lit(value=False)
    else:
        known = rows.join(standing, on=stored.LINE, how="left")
        counts, in_hand = pl.col(IN_HAND).is_not_null(), pl.col(IN_HAND).fill_null(value=False)
    instead = pl.when(pl.col(_RANK).is_not_null() & (pl.col(_LAST) != pl.col(stored.LINE))).then(_LAST)
    chosen = _chosen(known.with_columns(_rank(counts, in_hand).alias(_RANK)))
    return chosen.with_columns(
        pl.when(instead.is_not_null())
        .then(pl.lit(str(Reason.EXCLUDED)))
        .otherwise(screened.REASON)
        .alias(screened.REASON),
        instead.alias(screened.INSTEAD),
    ).drop(TWIN, _RANK, _LAST, *([] if standing is None else [IN_HAND]))


def _rank(counts: pl.Expr, in_hand: pl.Expr) -> pl.Expr:
    reason = pl.col(screened.REASON)
    candidate = counts & pl.col(stored.RULE).is_null() & pl.col(TWIN).is_not_null()
    rank = pl.when(in_hand).then(_IN_HAND).when(reason.is_null()).then(_SENDABLE)
    return pl.when(candidate).then(rank.when(reason.is_in(_RESCUABLE)).then(_MAY_WRITE)).cast(pl.Int8)


def _chosen(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add the line that stands for each customer."""
    candidates = rows.filter(pl.col(_RANK).is_not_null()).select(TWIN, _RANK, screened.CLOSING, stored.LINE)
    # Over each customer's few rows the same takes a minute for a million.
    best_first = candidates.sort(
        _RANK, screened.CLOSING, stored.LINE, descending=[False, True, False], nulls_last=True
    ).unique(TWIN, keep="first", maintain_order=True)
    return rows.join(best_first.select(TWIN, pl.col(stored.LINE).alias(_LAST)), on=TWIN, how="left")
