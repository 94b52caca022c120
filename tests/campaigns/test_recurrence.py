"""A rule's moments keep the wall clock of their zone, held against a count of days and of quarters of an hour."""

import calendar
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.campaign_file import moment, parse
from campaigns.errors import InputError
from campaigns.lifecycle.repetition import named, occurring, recurrence, shown_in, told
from campaigns.plan.recurrence import Recurrence
from tests.factories import content

ZONES = ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Pacific/Chatham"]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
QUARTER = 900
NEW_YEAR = datetime.fromisoformat("2026-01-01")


@cache
def clock(zone, day):
    """What the clocks of a zone show around a day, each quarter of an hour: (epoch seconds, time)."""
    noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
    quarters = range(noon - 120 * QUARTER, noon + 120 * QUARTER, QUARTER)
    return [(at, datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)) for at in quarters]


def instant(zone, local):
    """The first moment at which clocks show a time; where they never do, the first that shows a later one."""
    shown = clock(zone, local.date())
    exact = [at for at, time in shown if time == local]
    return min(exact or [at for at, time in shown if time > local]) * 1000


def counted(zone, start, matches, days):
    found = [start + timedelta(days=n) for n in range(days) if matches(start + timedelta(days=n))]
    return [instant(zone, local) for local in found]


starts = st.builds(
    lambda day, quarter: NEW_YEAR + timedelta(days=day, seconds=quarter * QUARTER),
    st.integers(0, 700),
    # Half of them where clocks change.
    st.one_of(st.integers(0, 16), st.integers(0, 95)),
)


@settings(deadline=None, max_examples=12)
@given(st.sampled_from(ZONES), starts, st.integers(1, 3))
def test_every_so_many_days(zone, start, interval):
    rule = Recurrence.of(f"FREQ=DAILY;INTERVAL={interval}", start, ZoneInfo(zone))
    expected = counted(zone, start, lambda day: (day - start).days % interval == 0, 300)
    assert list(islice(rule.after(0), len(expected))) == expected


@settings(deadline=None, max_examples=12)
@given(st.sampled_from(ZONES), starts, st.sets(st.integers(0, 6)), st.integers(1, 2))
def test_days_of_the_week(zone, start, days, interval):
    days = days | {start.weekday()}
    monday = start - timedelta(days=start.weekday())
    written = ",".join(DAYS[day] for day in days)
    rule = Recurrence.of(f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={written}", start, ZoneInfo(zone))
    expected = counted(zone, start, lambda day: day.weekday() in days and (day - monday).days // 7 % interval == 0, 400)
    assert list(islice(rule.after(0), len(expected))) == expected


@settings(deadline=None, max_examples=12)
@given(st.sampled_from(ZONES), starts, st.integers(1, 30))
def test_days_of_the_month_end_with_their_count(zone, start, count):
    rule = Recurrence.of(f"FREQ=MONTHLY;BYMONTHDAY={start.day},-1;COUNT={count}", start, ZoneInfo(zone))

    def matches(day):
        return day.day in {start.day, calendar.monthrange(day.year, day.month)[1]}

    assert list(rule.after(0)) == counted(zone, start, matches, 1000)[:count]


@settings(deadline=None, max_examples=12)
@given(st.sampled_from(ZONES), starts, st.integers(0, 400 * 96))
def test_after_a_moment_come_those_that_are_later(zone, start, quarters):
    rule = Recurrence.of("FREQ=DAILY", start, ZoneInfo(zone))
    moments = list(islice(rule.after(0), 410))
    now = moments[0] + quarters * QUARTER * 1000
    assert next(rule.after(now)) == min(each for each in moments if each > now)


def test_two_times_that_clocks_skip_are_one_moment():
    start = datetime.fromisoformat("2027-03-27 02:15")
    rule = Recurrence.of("FREQ=DAILY;BYHOUR=2;BYMINUTE=15,45;COUNT=6", start, ZoneInfo("Europe/Paris"))
    shown = [datetime.fromtimestamp(at / 1000, UTC).strftime("%d %H:%M") for at in rule.after(0)]
    assert shown == ["27 01:15", "27 01:45", "28 01:00", "29 00:15", "29 00:45"]


def test_of_a_time_that_clocks_show_twice_the_first_counts():
    start = datetime.fromisoformat("2026-10-24 02:30")
    rule = Recurrence.of("FREQ=DAILY;COUNT=3", start, ZoneInfo("Europe/Paris"))
    shown = [datetime.fromtimestamp(at / 1000, UTC).strftime("%d %H:%M") for at in rule.after(0)]
    assert shown == ["24 00:30", "25 00:30", "26 01:30"]


@pytest.mark.parametrize(
    ("until", "days"),
    [("20261209", 3), ("20261209T090000", 3), ("20261209T085959", 2), ("20261209T080000Z", 3), ("20261209T075959Z", 2)],
)
def test_until_is_the_last_moment_there_may_be(until, days):
    rule = Recurrence.of(
        f"RRULE:freq=daily;until={until}", datetime.fromisoformat("2026-12-07 09:00"), ZoneInfo("Europe/Paris")
    )
    assert len(list(rule.after(0))) == days


WRONG = {
    "FREQ=HOURLY": "needs FREQ, one of DAILY",
    "BYDAY=MO": "needs FREQ",
    "FREQ=WEEKLY;BYDAY=TU": "begins at 2026-12-08 09:00 and not at the start",
    "FREQ=WEEKLY;BYDAY=XX": "is no rule",
    "FREQ=DAILY;BYEASTER=0": "has BYEASTER; known are",
    "FREQ=DAILY;COUNT=2;COUNT=3": "says one thing twice",
    "FREQ=DAILY;COUNT=0": "has COUNT=0",
    "FREQ=DAILY;COUNT=2;UNTIL=20270101": "has both COUNT and UNTIL",
    "FREQ=DAILY;UNTIL=soon": "has UNTIL=SOON",
    "FREQ=DAILY;UNTIL=20200101": "names no moment from the start on",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30": "names no moment from the start on",
    "": "has an empty part",
}


def repeats(rule="FREQ=WEEKLY;BYDAY=MO", start="2026-12-07 09:00 Europe/Paris", **schedule):
    return parse(content(schedule={"repeat": rule, "start": start} | schedule))


@pytest.mark.parametrize("rule", WRONG)
def test_what_is_wrong_with_a_rule_is_said(rule):
    with pytest.raises(InputError, match=f'schedule.repeat = "{rule}" {WRONG[rule]}'):
        recurrence(repeats(rule))


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (None, "needs schedule.start"),
        ("2026-12-07 09:00+01:00", "has an offset and no zone"),
        (datetime.fromisoformat("2026-12-07 09:00+01:00"), "has an offset and no zone"),
        ("2026-12-07 09:00", "has no time zone"),
    ],
)
def test_a_start_must_name_a_zone(start, sentence):
    with pytest.raises(InputError, match=sentence):
        recurrence(repeats(start=start))


def test_a_zone_of_the_schedule_or_utc_will_do():
    assert recurrence(repeats(start="2026-12-07 09:00+01:00", zone="Europe/Paris")).start == datetime.fromisoformat(
        "2026-12-07 09:00"
    )
    assert recurrence(repeats(start="2026-12-07 09:00Z")).zone.key == "UTC"


def test_a_name_leaves_room_for_a_date():
    with pytest.raises(InputError, match="at most 180 characters"):
        recurrence(parse(content(name="x" * 181, schedule={"repeat": "FREQ=DAILY", "start": "2026-12-07 09:00 UTC"})))


def test_a_campaign_of_the_series_has_its_date_and_deadlines_by_the_wall_clock():
    file = repeats(not_after="2026-12-07 18:00 Europe/Paris", keep_open_until="2026-12-07 16:00 UTC")
    rule = recurrence(file)
    at = moment("2027-03-29 09:00 Europe/Paris", "")
    name = named(file.name, rule, at)
    one = occurring(file, name, rule, at)
    assert (one.name, one.schedule.repeat) == ("Spring 2027-03-29", None)
    assert one.schedule.start == "2027-03-29 09:00:00 Europe/Paris"
    assert one.schedule.not_after == "2027-03-29 18:00:00 Europe/Paris"
    assert one.schedule.keep_open_until == "2027-03-29 17:00:00 Europe/Paris"
    assert one.message == file.message


def test_several_a_day_have_their_time_in_the_name():
    rule = recurrence(repeats("FREQ=DAILY;BYHOUR=9,17"))
    assert [named("Spring", rule, at) for at in islice(rule.after(0), 2)] == [
        "Spring 2026-12-07 09:00",
        "Spring 2026-12-07 17:00",
    ]


def test_a_plan_names_the_next_five_moments():
    said = told(repeats(), moment("2027-03-20 00:00 UTC", ""))[0]
    assert said.startswith(
        "It repeats. The next moments: Mon 2027-03-22 09:00 Europe/Paris (2027-03-22 08:00:00 UTC); "
    )
    assert "Mon 2027-03-29 09:00 Europe/Paris (2027-03-29 07:00:00 UTC)" in said
    assert said.count("Europe/Paris") == 5
    assert said.endswith("; and so on.")
    assert told(repeats("FREQ=WEEKLY;COUNT=2"), 0)[0].endswith(", and then no more.")
    assert told(repeats("FREQ=WEEKLY;COUNT=2"), moment("2027-03-20 00:00 UTC", ""))[0].endswith("no moment is left.")
    assert shown_in(ZoneInfo("UTC"), 0) == "Thu 1970-01-01 00:00 UTC (1970-01-01 00:00:00 UTC)"
