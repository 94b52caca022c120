"""One message a customer, held against the rule as a loop over the rows says it."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from campaigns.policy import twins
from schemas import recipient_list as stored
from schemas import screened

SCHEMA = {
    stored.LINE: pl.Int64,
    stored.RULE: pl.String,
    screened.REASON: pl.String,
    screened.CLOSING: pl.Int64,
    twins.TWIN: pl.String,
}
ROW = st.tuples(
    st.sampled_from([None, None, None, "bad_id"]),
    st.sampled_from(
        [None, None, None, "opted_out", "window_closed", "window_never_opened", "frequency_cap", "holdout"]
    ),
    st.one_of(st.none(), st.integers(0, 3)),
    st.one_of(st.none(), st.sampled_from("abc")),
)
RESCUABLE = {"window_closed", "window_never_opened"}


def instead(rows, standing=None):
    """Return the line that stands for each that gives way; rows are (line, rule, reason, closing, key)."""
    best = {}
    for line, rule, reason, closing, key in rows:
        if rule or key is None or (standing is not None and line not in standing):
            continue
        if standing and standing[line]:
            rank = 0
        elif reason is None:
            rank = 1
        elif reason in RESCUABLE:
            rank = 2
        else:
            continue
        best.setdefault(key, []).append((rank, -closing if closing is not None else 1, line))
    return {line: min(group)[2] for group in best.values() for _, _, line in group if line != min(group)[2]}


def chosen(rows, standing=None):
    frame = pl.LazyFrame(rows, schema=SCHEMA, orient="row")
    given_standing = None
    if standing is not None:
        given_standing = pl.LazyFrame(
            list(standing.items()), schema={stored.LINE: pl.Int64, twins.IN_HAND: pl.Boolean}, orient="row"
        )
    return twins.one_each(frame, given_standing).collect().sort(stored.LINE)


def lines(cells):
    return [(line, *row) for line, row in enumerate(cells, 2)]


@given(st.lists(ROW, max_size=30))
def test_the_row_that_stands_for_a_customer_is_the_one_of_the_rule(cells):
    rows = lines(cells)
    found, way = chosen(rows), instead(rows)
    assert found[screened.INSTEAD].to_list() == [way.get(line) for line, *_ in rows]
    expected = ["excluded" if line in way else reason for line, _, reason, *_ in rows]
    assert found[screened.REASON].to_list() == expected
    assert twins.TWIN not in found.columns


@given(st.lists(st.tuples(ROW, st.sampled_from([None, False, False, True])), max_size=30))
def test_whoever_has_the_message_in_hand_comes_first(cells):
    rows = lines([row for row, _ in cells])
    standing = {line: in_hand for line, (_, in_hand) in enumerate(cells, 2) if in_hand is not None}
    found, way = chosen(rows, standing), instead(rows, standing)
    assert found[screened.INSTEAD].to_list() == [way.get(line) for line, *_ in rows]
    assert twins.IN_HAND not in found.columns


@given(st.lists(ROW, max_size=30))
def test_of_the_eligible_one_a_customer_is_left(cells):
    rows = lines(cells)
    before = {key for _, rule, reason, _, key in rows if not rule and reason is None and key}
    after = chosen(rows).filter(pl.col(stored.RULE).is_null() & pl.col(screened.REASON).is_null())
    alone = sum(1 for _, rule, reason, _, key in rows if not rule and reason is None and key is None)
    assert after.height == len(before) + alone


def test_blank_cells_mean_nobody_and_edges_are_trimmed():
    cells = pl.DataFrame({"c": [" a ", "a", "", "\u00a0", None]})
    assert cells.select(twins.key("c")).to_series().to_list() == ["a", "a", None, None, None]
