"""The queue loses as few as can be, the forecast is what a simulation finds, and everyone is counted once."""

import itertools
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from campaigns.plan import forecast
from campaigns.plan.division import divide
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign_page import CampaignPage
from schemas.message import Message, Part
from schemas.page import Channel

START = 1_800_000_000_000
SECOND, MARGIN = 1000, 300_000


def _page(page_id=1, rate=1.0):
    return CampaignPage(
        page_id, page_id, f"page{page_id}", str(page_id), Channel.INSTAGRAM, rate, f"page page{page_id}"
    )


_DTYPES = {
    stored.LINE: pl.Int64,
    stored.RECIPIENT: pl.String,
    stored.RULE: pl.String,
    screened.PAGE_ID: pl.Int64,
    screened.SENDER_ID: pl.Int64,
    screened.CLOSING: pl.Int64,
    screened.EFFECTIVE: pl.Int64,
    screened.REASON: pl.String,
    screened.VARIABLES: pl.String,
    f"{screened.BLANK}name": pl.Boolean,
}


def _row(line, end=None, *, page=1, reason=None, rule=None, blank=False):
    effective = None if end is None else START + end
    closing = None if effective is None else effective + MARGIN
    return (line, f"10{line}", rule, page, page, closing, effective, reason, "[]", blank)


def _divide(rows, pages=None, **settings):
    frame = pl.LazyFrame(rows, schema=_DTYPES, orient="row")
    return divide(frame, pages or [_page()], start_ms=START, **settings)


def _queue(ends, **settings):
    return _divide([_row(line, end) for line, end in enumerate(ends, 2)], **settings)


def _lines(division, state="pending"):
    return division.rows.filter(pl.col("state") == state)["line"].to_list()


def _in_time(ends, rate, start=0):
    """Tell whether people served in this order, one turn after the other, all end by their deadline (ms)."""
    return all(end is None or start + turn * SECOND / rate <= end + 1e-6 for turn, end in enumerate(ends, 1))


def _most_reached(ends, rate):
    """Try every set of people: served by deadline, which is the largest that ends in time?"""
    ordered = sorted(ends, key=lambda end: (end is None, end or 0))
    sizes = range(len(ends), -1, -1)
    return next(n for n in sizes if any(_in_time(chosen, rate) for chosen in itertools.combinations(ordered, n)))


_RATES = st.sampled_from([0.3, 0.5, 1.0, 2.0, 3.0, 36.0, 200 / 3600])
_ENDS = st.lists(
    st.none() | st.integers(1, 8 * SECOND) | st.sampled_from([SECOND, 2 * SECOND, 30 * SECOND]), max_size=8
)


class TestTurns:
    @given(_ENDS, _RATES)
    def test_nobody_could_reach_more_people(self, ends, rate):
        division = _queue(ends, pages=[_page(rate=rate)])
        sent = _lines(division)
        assert _in_time([ends[line - 2] for line in sent], rate)
        assert len(sent) == _most_reached(ends, rate)

    @given(_ENDS, _RATES)
    def test_the_loss_is_the_closed_form(self, ends, rate):
        known = sorted(end for end in ends if end is not None)
        losses = [k - int(end * rate / SECOND + 1e-6) for k, end in enumerate(known, 1)]
        assert _queue(ends, pages=[_page(rate=rate)]).outlooks[0].lost == max([0, *losses])

    @given(_ENDS, st.integers(1, 10 * SECOND), st.integers(1, 3))
    def test_parts_and_not_after_bind_as_a_simulation_says(self, ends, not_after, parts):
        division = _queue(ends, not_after_ms=START + not_after, parts=parts)
        cut = [not_after if end is None else min(end, not_after) for end in ends]
        assert len(_lines(division)) == _most_reached(cut, 1 / parts)
        for line, reason in division.rows.filter(pl.col("state") == "skipped").select("line", "reason").iter_rows():
            end = ends[line - 2]
            binding = "deadline_passed" if end is None or end > not_after else "closes_before_turn"
            assert reason == binding

    def test_the_window_that_closes_first_is_served_first_and_ties_keep_the_lists_order(self):
        rows = [_row(5, 9000), _row(2, None), _row(4, 9000), _row(3, 5000), _row(6, None)]
        assert _lines(_divide(rows)) == [3, 4, 5, 2, 6]

    def test_lost_people_are_skipped_with_their_reason(self):
        division = _queue([1000, 1500, 3000])
        assert _lines(division) == [2, 4]
        assert division.rows.filter(line=3).select("state", "reason", "chunk_seq").row(0) == (
            "skipped",
            "closes_before_turn",
            None,
        )

    @pytest.mark.parametrize(("rate", "person", "end"), [(0.3, 3, 10_000), (36.0, 27, 750), (4.1, 41, 10_000)])
    def test_nobody_is_lost_to_rounding(self, rate, person, end):
        assert int(end * (rate / SECOND)) < person, "an exact product would show nothing"
        assert _queue([end] * person, pages=[_page(rate=rate)]).outlooks[0].lost == 0

    def test_pages_are_queues_of_their_own(self):
        rows = [_row(2, 1000), _row(3, 1000, page=2), _row(4, 1000, page=2), _row(5, 2000)]
        division = _divide(rows, [_page(1), _page(2)])
        assert [outlook.lost for outlook in division.outlooks] == [0, 1]
        assert division.rows["page_id"].to_list() == [1, 1, 2, 2]


class TestForecast:
    @given(_ENDS, _RATES, st.integers(1, 2))
    def test_the_lowest_rate_loses_nobody_and_is_tight(self, ends, rate, parts):
        lowest = _queue(ends, pages=[_page(rate=rate)], parts=parts).outlooks[0].lowest_rate
        if lowest is None:
            assert all(end is None for end in ends)
            return
        assert _queue(ends, pages=[_page(rate=lowest)], parts=parts).outlooks[0].lost == 0
        assert _queue(ends, pages=[_page(rate=lowest * 0.999)], parts=parts).outlooks[0].lost > 0

    @given(_ENDS, _RATES, st.integers(1, 2))
    def test_the_latest_start_loses_nobody_and_is_tight(self, ends, rate, parts):
        latest = _queue(ends, pages=[_page(rate=rate)], parts=parts).outlooks[0].latest_start
        if latest is None:
            assert all(end is None for end in ends)
            return
        ordered = sorted(end for end in ends if end is not None)
        assert _in_time(ordered, rate / parts, latest - START)
        assert not _in_time(ordered, rate / parts, latest - START + 1)

    @given(_ENDS, _RATES)
    def test_the_finish_is_the_last_persons_turn(self, ends, rate):
        outlook = _queue(ends, pages=[_page(rate=rate)]).outlooks[0]
        assume(outlook.eligible)
        assert 0 <= outlook.finish_at - (START + outlook.eligible * SECOND / rate) < 1

    def test_nothing_to_send_has_no_finish(self):
        outlook = _divide([]).outlooks[0]
        assert (outlook.eligible, outlook.finish_at, outlook.lowest_rate, outlook.latest_start) == (0, None, None, None)

    def test_no_rate_is_enough_after_the_deadline(self):
        outlook = _queue([None, 5000], not_after_ms=START).outlooks[0]
        assert (outlook.lost, outlook.lowest_rate) == (2, None)
        assert outlook.latest_start < START

    def test_the_plan_gathers_its_pages(self):
        rows = [
            *(_row(line, 10_500) for line in range(2, 12)),
            _row(20, 4000, page=2),
            _row(21, 4000, page=2, blank=True),
            _row(22, page=2, reason="opted_out", blank=True),
            _row(23, page=2, reason="duplicate", blank=True),
            _row(24, page=None, rule="wrong_page", blank=True),
        ]
        made = forecast.forecast(_divide(rows, [_page(1), _page(2, rate=0.25)]), token="t", findings=["odd"])
        assert (made.eligible, made.lost, made.rejected, made.duplicates, made.total) == (11, 1, 1, 1, 15)
        assert made.skipped == {"closes_before_turn": 1, "opted_out": 1}
        assert made.eligible + sum(made.skipped.values()) + made.rejected + made.duplicates == made.total
        assert made.finish_at == datetime.fromtimestamp(START / 1000 + 10, UTC).isoformat()
        assert made.lowest_rate == pytest.approx(10 / 10.5, abs=1e-5)
        assert made.latest_start == datetime.fromtimestamp(START / 1000 - 4, UTC).isoformat()
        assert made.blanks == {"name": 2}
        assert made.findings == ["odd"]
        assert [(page.name, page.eligible, page.lost, page.bottleneck) for page in made.pages] == [
            ("page1", 10, 0, "page page1"),
            ("page2", 1, 1, "page page2"),
        ]

    def test_a_list_without_closing_times_says_what_to_add(self):
        never = _divide([_row(2, reason="window_never_opened"), _row(3, rule="bad_id")])
        assert "last_inbound_at" in forecast.forecast(never, token="t").findings[0]
        some = _divide([_row(2, reason="window_never_opened"), _row(3, 1000)])
        assert forecast.forecast(some, token="t").findings == []


class TestChunks:
    @pytest.mark.parametrize(
        ("rate", "parts", "people", "sizes"),
        [
            (36.0, 1, 2500, [1000, 1000, 500]),
            (36.0, 1, 3100, [1000, 1000, 550, 550]),
            (0.5, 1, 61, [30, 30, 1]),
            (0.5, 2, 31, [15, 15, 1]),
            (200 / 3600, 1, 5, [3, 2]),
            (0.001, 1, 2, [1, 1]),
        ],
    )
    def test_a_chunk_is_a_minute_of_the_pace_and_a_thousand_people_at_most(self, rate, parts, people, sizes):
        division = _queue([None] * people, pages=[_page(rate=rate)], parts=parts)
        assert division.chunks["size"].to_list() == sizes
        numbered = division.rows.group_by("chunk_seq", maintain_order=True).len()
        assert numbered.rows() == list(enumerate(sizes))

    def test_a_chunks_deadline_is_its_earliest_last_moment(self):
        division = _queue([None, 900_000, 800_000, None], pages=[_page(rate=2 / 60)])
        assert division.chunks.rows() == [(1, 0, 2, START + 800_000), (1, 1, 2, None)]

    def test_two_chunks_take_turns_and_the_next_two_come_after_them(self):
        division = _queue([None] * 3000, pages=[_page(rate=10)])
        seqs = division.rows["chunk_seq"].to_list()
        assert [seqs[n : n + 4] for n in (0, 1196, 1200, 2400)] == [[0, 1] * 2, [0, 1] * 2, [2, 3] * 2, [4] * 4]

    def test_those_of_few_people_come_one_after_the_other(self):
        division = _queue([None] * 5, pages=[_page(rate=2 / 60)])
        assert division.rows["chunk_seq"].to_list() == [0, 0, 1, 1, 2]


_people = st.lists(
    st.tuples(
        st.none() | st.integers(1, 5000),
        st.sampled_from([1, 2]),
        st.sampled_from([None, None, "opted_out", "window_closed", "duplicate"]),
        st.sampled_from([None, None, None, "bad_id"]),
    ),
    max_size=12,
)


class TestCounts:
    @given(_people)
    def test_every_row_is_counted_once_and_the_counts_are_the_rows(self, people):
        rows = [
            _row(line, end, page=page, reason=None if rule else reason, rule=rule)
            for line, (end, page, reason, rule) in enumerate(people, 2)
        ]
        division = _divide(rows, [_page(1), _page(2)])
        assert division.tallies["n"].sum() == len(rows)
        assert sorted([*division.rows["line"], *division.aside["line"]]) == list(range(2, len(rows) + 2))
        keys = ["page_id", "chunk_seq", "state", "reason"]
        recounted = division.rows.with_columns(pl.col("reason").fill_null("")).group_by(keys).len("n").sort(keys)
        deliveries = division.tallies.filter(~pl.col("state").is_in(["rejected", "duplicate"])).sort(keys)
        assert recounted.rows() == deliveries.rows()
        assert division.chunks["size"].sum() == division.rows["chunk_seq"].count()

    def test_rows_that_are_no_deliveries_are_told_apart(self):
        division = _divide([_row(4, rule="wrong_page", page=None), _row(2, rule="bad_id"), _row(3, reason="duplicate")])
        assert division.aside.rows() == [
            (2, "rejected", "bad_id"),
            (3, "duplicate", "duplicate"),
            (4, "rejected", "wrong_page"),
        ]
        assert division.tallies.rows() == [
            (0, None, "rejected", "wrong_page", 1),
            (1, None, "duplicate", "duplicate", 1),
            (1, None, "rejected", "bad_id", 1),
        ]
        assert division.rows.is_empty()

    def test_the_ledger_gets_the_closing_itself_without_the_margin(self):
        assert _divide([_row(2, 5000)]).rows.row(0, named=True) == {
            "line": 2,
            "recipient_id": "102",
            "page_id": 1,
            "sender_id": 1,
            "variables": "[]",
            "closes_at": START + 5000 + MARGIN,
            "state": "pending",
            "reason": None,
            "chunk_seq": 0,
        }


_CONFIRMED = {
    "limits": {"rate": 5},
    "schedule": {"start": None},
    "audience": {"one_per": None},
    "routes": {"acme": {"base_url": "https://a"}},
}


class TestToken:
    def _token(self, rows=((2, 60_000), (3, 90_000)), *, text="Hi", list_id="l", rate=1.0, start=START, **changed):
        frame = pl.LazyFrame([_row(*row) for row in rows], schema=_DTYPES, orient="row")
        division = divide(frame, [_page(rate=rate)], start_ms=start)
        message = Message(parts=(Part(text=text),))
        return forecast.token(message=message, list_id=list_id, division=division, **(_CONFIRMED | changed))

    def test_it_changes_with_everything_that_was_confirmed(self):
        tokens = [
            self._token(),
            self._token(text="Ho"),
            self._token(list_id="m"),
            self._token(rows=[(2, 60_000)]),
            self._token(rate=2.0),
            self._token(limits={"rate": 6}),
            self._token(schedule={"start": "2026-12-01 09:00"}),
            self._token(audience={"one_per": "customer"}),
            self._token(audience={"one_per": None, "holdout": 0.1}),
            self._token(routes={"acme": {"base_url": "https://b"}}),
        ]
        assert len(set(tokens)) == len(tokens)

    def test_it_changes_when_somebody_opts_out(self):
        opted_out = _divide([_row(2, 60_000), _row(3, reason="opted_out")])
        message = Message(parts=(Part(text="Hi"),))
        assert forecast.token(message=message, list_id="l", division=opted_out, **_CONFIRMED) != self._token()

    def test_it_outlives_the_days_of_a_cap(self):
        held_back = _divide([_row(2, 60_000), _row(3, reason="frequency_cap")])
        message = Message(parts=(Part(text="Hi"),))
        assert forecast.token(message=message, list_id="l", division=held_back, **_CONFIRMED) == self._token()

    def test_it_outlives_the_window_of_the_row_that_stands_for_a_customer(self):
        message, confirmed = Message(parts=(Part(text="Hi"),)), _CONFIRMED | {"audience": {"one_per": "customer"}}
        closed = [_row(2, reason="window_closed"), _row(3, 90_000)]
        before, after = (_divide(rows) for rows in ([_row(2, 99_000), _row(3, reason="excluded")], closed))
        tokens = {forecast.token(message=message, list_id="l", division=each, **confirmed) for each in (before, after)}
        assert len(tokens) == 1
        assert forecast.token(message=message, list_id="l", division=before, **_CONFIRMED) != self._token()

    def test_it_outlives_the_reading_of_the_plan(self):
        assert self._token(start=START + 59_500) == self._token()
