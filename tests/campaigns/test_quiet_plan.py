"""With hours and quiet time the queue still loses as few as can be, and nobody's turn is while they are closed."""

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.plan import division
from campaigns.plan.opentime import OpenTime
from campaigns.plan.shifts import serve
from campaigns.plan.timetable import Times
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign_file import Schedule
from schemas.campaign_page import CampaignPage
from schemas.page import Channel

MINUTE, HOUR = 60_000, 3_600_000
MARGIN = 300_000
PARIS = ZoneInfo("Europe/Paris")
START = int(datetime(2026, 10, 24, 18, tzinfo=UTC).timestamp() * 1000)
"""Eight in the evening in Paris, in the night in which its clocks are set back."""

_DTYPES = {
    stored.LINE: pl.Int64,
    stored.RECIPIENT: pl.String,
    stored.TIMEZONE: pl.String,
    stored.RULE: pl.String,
    screened.PAGE_ID: pl.Int64,
    screened.SENDER_ID: pl.Int64,
    screened.CLOSING: pl.Int64,
    screened.EFFECTIVE: pl.Int64,
    screened.REASON: pl.String,
    screened.VARIABLES: pl.String,
}


def times(**schedule):
    found = Times.of(Schedule.model_validate(schedule), PARIS)
    assert found is not None
    return found


def quiet(begin, end, **more):
    return {"from": begin, "to": end} | more


def divide(ends, when, *, rate=1 / 60, start=START, zones=None, **settings):
    """Divide people whose last moments are these, in minutes after START."""
    page = CampaignPage(1, 1, "acme", "1", Channel.INSTAGRAM, rate, "page acme")
    rows = [
        (line, f"10{line}", zone, None, 1, 1, None if end is None else end + MARGIN, end, None, "[]")
        for line, (end, zone) in enumerate(
            zip(
                [None if end is None else START + end * MINUTE for end in ends],
                zones or [None] * len(ends),
                strict=True,
            ),
            2,
        )
    ]
    frame = pl.LazyFrame(rows, schema=_DTYPES, orient="row")
    return division.divide(frame, [page], start_ms=start, times=when, **settings)


def reasons(division):
    return {line: reason for line, reason in division.rows.select("line", "reason").iter_rows() if reason}


def minutes_open(when, until):
    """Return how many minutes have been open by each minute from START on, counted one by one."""
    opened = [when.whole.open_at(ms) for ms in range(START, until, MINUTE)]
    return [0, *itertools.accumulate(opened)]


def most_reached(budgets, turn=1):
    """Try every set of people: the k-th of those who are chosen needs k turns of open minutes."""
    ordered = sorted(budgets)
    return next(
        n
        for n in range(len(budgets), -1, -1)
        if any(
            all(k * turn <= budget for k, budget in enumerate(chosen, 1))
            for chosen in itertools.combinations(ordered, n)
        )
    )


_CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 20, 40]))
_QUIET = st.builds(quiet, _CLOCKS, _CLOCKS).filter(lambda span: span["from"] != span["to"])
_TWO_NIGHTS = st.integers(-30, 40 * 60)
_ENDS = st.lists(_TWO_NIGHTS | st.integers(0, 90), min_size=1, max_size=7)


@settings(deadline=None)
@given(_ENDS, _QUIET, st.sampled_from([1, 2, 30]))
def test_nobody_could_reach_more_people_in_open_time(ends, span, turn):
    when = times(quiet=span)
    division = divide(ends, when, rate=1 / 60 / turn)
    passed = minutes_open(when, START + max(ends) * MINUTE)
    budgets = [passed[max(0, end)] for end in ends]
    assert division.outlooks[0].eligible == most_reached(budgets, turn)
    for line, reason in reasons(division).items():
        assert reason == ("quiet_hours" if budgets[line - 2] == 0 else "closes_before_turn")


@settings(deadline=None)
@given(_ENDS, _QUIET)
def test_the_finish_is_when_so_much_open_time_has_passed(ends, span):
    when = times(quiet=span)
    outlook = divide(ends, when).outlooks[0]
    if not outlook.eligible:
        assert outlook.finish_at is None
        return
    assert minutes_open(when, outlook.finish_at)[-1] == outlook.eligible
    assert when.whole.open_at(outlook.finish_at - 1)


@settings(deadline=None)
@given(_ENDS, _QUIET)
def test_the_lowest_rate_and_the_latest_start_lose_nobody_and_are_tight(ends, span):
    when = times(quiet=span)
    outlook = divide(ends, when).outlooks[0]
    if outlook.lowest_rate is not None:
        assert divide(ends, when, rate=outlook.lowest_rate).outlooks[0].lost == 0
        assert divide(ends, when, rate=outlook.lowest_rate - 2e-6).outlooks[0].lost > 0
    latest = outlook.latest_start
    assert latest is not None
    assert divide(ends, when, start=latest).outlooks[0].lost == 0
    assert divide(ends, when, start=latest + 1).outlooks[0].lost > 0


def test_the_latest_start_is_the_morning_where_all_that_is_needed_is_open_then():
    when = times(quiet=quiet("21:00", "08:00"))
    # Fourteen hours after START is nine in the morning: the night has an hour more.
    assert divide([840] * 120, when).outlooks[0].latest_start == START
    assert divide([840] * 60, when).outlooks[0].latest_start == START + 13 * HOUR


def test_a_deadline_of_the_campaign_counts_in_quiet_time_too():
    when = times(quiet=quiet("21:00", "08:00"))
    division = divide([None, None, 90], when, not_after_ms=START + 61 * MINUTE, rate=1 / 60 / 60)
    assert reasons(division) == {2: "deadline_passed", 3: "deadline_passed"}
    assert reasons(divide([61], when, start=START + 70 * MINUTE)) == {2: "quiet_hours"}


def test_weeks_of_sending_end_after_as_many_nights():
    when = times(hours={"from": "09:00", "to": "19:00"})
    finish = divide([None] * 1000, when, rate=1 / 3600).outlooks[0].finish_at
    # A hundred days of ten hours; the first morning is the one after START, on which summer time ends.
    assert datetime.fromtimestamp(finish / 1000, PARIS).isoformat() == "2027-02-01T19:00:00+01:00"


_ZONES = ["Europe/Paris", "America/New_York", "Asia/Tokyo", "Asia/Kathmandu", "nowhere", None]
_PEOPLE = st.lists(st.tuples(_TWO_NIGHTS | st.none(), st.sampled_from(_ZONES)), min_size=1, max_size=14)


def in_list_order(people, when, turn):
    """Give each turn to the first of the list who is open then and in time; return who gets one, with its moment."""
    left, now, served = dict(enumerate(people)), START, {}
    while left and now < START + 4 * 24 * HOUR:
        for n, (end, zone) in left.items():
            own = when.person(zone)
            if own.open_at(now) and (end is None or own.after(now, turn * MINUTE) <= START + end * MINUTE):
                served[n] = now
                break
        else:
            now += MINUTE
            continue
        del left[n]
        now += turn * MINUTE
    return served


@settings(deadline=None)
@given(_PEOPLE, _QUIET, st.sampled_from([1, 7, 60]))
def test_by_their_own_clocks_at_least_as_many_as_in_list_order(people, span, turn):
    when = times(quiet=span | {"zone": "recipient"})
    division = divide([end for end, _ in people], when, rate=1 / 60 / turn, zones=[zone for _, zone in people])
    sent = division.rows.filter(state="pending")["line"].to_list()
    assert len(sent) == len(set(sent)) == division.outlooks[0].eligible
    assert division.rows.height == len(people)
    assert len(sent) >= len(in_list_order(people, when, turn))


@settings(deadline=None)
@given(_PEOPLE, _QUIET, st.sampled_from([1, 7, 60]))
def test_turns_by_their_own_clocks_are_open_and_in_time(people, span, turn):
    when = times(quiet=span | {"zone": "recipient"})
    ends = [end for end, _ in people]
    division = divide(ends, when, rate=1 / 60 / turn, zones=[zone for _, zone in people])
    now = START
    for line in division.rows.filter(state="pending")["line"]:
        end, zone = people[line - 2]
        # Turns follow one another; who is not open yet is waited for.
        now = when.person(zone).next_open(now)
        now += turn * MINUTE
        assert end is None or now <= START + end * MINUTE
    if division.outlooks[0].eligible:
        assert division.outlooks[0].finish_at == now
    for line, reason in reasons(division).items():
        end, zone = people[line - 2]
        none_left = not list(when.person(zone).intervals(START, START + end * MINUTE))
        assert reason == ("quiet_hours" if none_left else "closes_before_turn")


def test_rows_keep_the_zone_and_one_that_is_none_is_the_pages():
    when = times(quiet=quiet("21:00", "08:00", zone="recipient"))
    division = divide([600, 600, 600], when, zones=["nowhere", None, "America/New_York"])
    assert dict(division.rows.select("line", "zone").iter_rows()) == {2: "nowhere", 3: None, 4: "America/New_York"}
    assert reasons(division) == {}
    # At eight in the evening there is an hour left in Paris, and the whole afternoon in New York.
    assert division.rows["line"].to_list() == [2, 3, 4]


def test_hours_of_the_page_hold_beside_peoples_quiet_time():
    when = times(hours={"from": "09:00", "to": "10:00"}, quiet=quiet("12:00", "06:00", zone="recipient"))
    assert when.person("Asia/Tokyo").next_open(START) == 2**62
    assert reasons(divide([3000, 3000], when, zones=["Asia/Tokyo", None])) == {2: "quiet_hours"}


@pytest.mark.parametrize("people", [{}, {"": []}])
def test_nobody_takes_no_turn(people):
    clock = OpenTime(times(quiet=quiet("21:00", "08:00", zone="recipient")).person(None), START)
    assert serve({"": clock}, people, START, 1.0).order == []
