"""Open and closed time share out every span; what is open never reads as closed, whatever the clocks do."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import campaign_file, zones
from campaigns.errors import InputError
from campaigns.plan.calendar import Calendar
from schemas.campaign_file import DAYS, Schedule, seconds

MINUTE, HOUR = 60_000, 3_600_000
DAY = 24 * HOUR

CHANGES = [
    ("Europe/Paris", "2026-03-29 01:00"),
    ("Europe/Paris", "2026-10-25 01:00"),
    ("America/New_York", "2026-03-08 07:00"),
    ("America/New_York", "2026-11-01 06:00"),
    ("Australia/Lord_Howe", "2026-04-04 15:00"),
    ("Australia/Lord_Howe", "2026-10-03 15:30"),
    ("Africa/Cairo", "2026-04-23 22:00"),
    ("Africa/Cairo", "2026-10-29 21:00"),
    ("Asia/Beirut", "2026-03-28 22:00"),
    ("Asia/Beirut", "2026-10-24 21:00"),
    ("America/Sao_Paulo", "2018-11-04 03:00"),
    ("America/Sao_Paulo", "2019-02-17 02:00"),
    ("Atlantic/Azores", "2026-10-25 01:00"),
    ("Pacific/Apia", "2011-12-30 10:00"),
    ("Asia/Kathmandu", "2026-06-01 00:00"),
]
"""Zones and the moments (UTC) at which their clocks change; the last never do."""


def at(text, zone=UTC):
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def calendar(**schedule):
    found = made(Schedule.model_validate(schedule))
    assert found is not None
    return found


def made(schedule):
    return Calendar.of(schedule.hours, schedule.quiet)


def reads_closed(schedule, zone, ms):
    """Tell by the wall clock alone, without any thought for changes, whether a moment is outside hours or quiet."""
    wall = zones.local(zone, ms)
    clock = wall.hour * 3600 + wall.minute * 60 + wall.second
    hours, quiet = schedule.hours, schedule.quiet
    return (quiet is not None and _between(clock, quiet)) or (hours is not None and not _allowed(wall, clock, hours))


def _between(clock, span):
    begin, end = seconds(span.begin), seconds(span.end)
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def _allowed(wall, clock, hours):
    begin, end = seconds(hours.begin), seconds(hours.end)
    today, yesterday = (DAYS[(wall - timedelta(days=n)).weekday()] in hours.days for n in (0, 1))
    if begin < end:
        return today and begin <= clock < end
    return (today and clock >= begin) or (yesterday and clock < end)


def twice(zone, ms):
    return zones.is_repeated(zone, zones.local(zone, ms))


_TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 0, 15, 30, 45]))
_SPANS = st.fixed_dictionaries({"from": _TIMES, "to": _TIMES}).filter(lambda span: span["from"] != span["to"])
_DAYS = st.lists(st.sampled_from(DAYS), min_size=1, unique=True)
_HOURS = st.builds(lambda span, days: span | {"days": days}, _SPANS, _DAYS)
_SCHEDULES = st.one_of(
    _SPANS.map(lambda quiet: {"quiet": quiet}),
    _HOURS.map(lambda hours: {"hours": hours}),
    st.builds(lambda quiet, hours: {"quiet": quiet, "hours": hours}, _SPANS, _HOURS),
)
_NEAR = st.sampled_from(CHANGES)


def _parsed(content):
    schedule = Schedule.model_validate(content)
    try:
        return schedule, made(schedule)
    except ValueError:
        return schedule, None


@settings(deadline=None)
@given(_NEAR, _SCHEDULES, st.integers(-40 * 60, 0), st.integers(1, 80 * 60))
def test_open_time_never_reads_as_closed_and_closed_time_is_the_rest(near, content, start, length):
    zone = ZoneInfo(near[0])
    schedule, found = _parsed(content)
    if found is None:
        return
    begin = at(near[1]) + start * MINUTE
    until = begin + length * MINUTE
    intervals = list(found.intervals(zone, begin, until))
    assert all(a < b for a, b in intervals)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(intervals))
    opened = {ms for a, b in intervals for ms in range(-(-a // MINUTE) * MINUTE, b, MINUTE)}
    for ms in range(-(-begin // MINUTE) * MINUTE, until, MINUTE):
        assert found.open_at(zone, ms) == (ms in opened)
        if ms in opened:
            assert not reads_closed(schedule, zone, ms)
        else:
            # Only an hour that comes twice may be closed although it reads as open.
            assert reads_closed(schedule, zone, ms) or twice(zone, ms)


@settings(deadline=None)
@given(_NEAR, _SCHEDULES, st.integers(-30 * 60, 30 * 60))
def test_the_next_opening_and_closing_are_those_of_a_search_by_minutes(near, content, offset):
    zone = ZoneInfo(near[0])
    _, found = _parsed(content)
    if found is None:
        return
    now = (at(near[1]) + offset * MINUTE) // MINUTE * MINUTE
    for moment, opens in ((found.next_open(zone, now), True), (found.next_close(zone, now), False)):
        assert moment % MINUTE == 0
        assert found.open_at(zone, moment) is opens
        assert all(found.open_at(zone, ms) is not opens for ms in range(now, min(moment, now + 3 * DAY), MINUTE))


@settings(deadline=None)
@given(_NEAR, _SCHEDULES, st.lists(st.integers(-5 * 1440, 5 * 1440), min_size=2, max_size=6))
def test_spans_add_up(near, content, cuts):
    zone = ZoneInfo(near[0])
    _, found = _parsed(content)
    if found is None:
        return
    moments = [at(near[1]) + cut * MINUTE for cut in sorted(cuts)]

    def length(a, b):
        return sum(end - start for start, end in found.intervals(zone, a, b))

    pieces = sum(length(a, b) for a, b in itertools.pairwise(moments))
    assert pieces == length(moments[0], moments[-1])


@pytest.mark.parametrize(
    ("zone", "quiet", "night", "opens"),
    [
        # 02:30 does not exist, so quiet time ends with the gap; five months later it comes twice, and the last counts.
        ("Europe/Paris", ("21:00", "02:30"), "2026-03-29 00:00", "2026-03-29 01:00"),
        ("Europe/Paris", ("21:00", "02:30"), "2026-10-25 00:00", "2026-10-25 01:30"),
        # 00:00 itself does not exist.
        ("Asia/Beirut", ("21:00", "00:00"), "2026-03-28 20:00", "2026-03-28 22:00"),
        # Half an hour of daylight saving.
        ("Australia/Lord_Howe", ("22:00", "01:45"), "2026-04-04 14:00", "2026-04-04 15:15"),
        # A day that the island left out.
        ("Pacific/Apia", ("21:00", "08:00"), "2011-12-30 09:00", "2011-12-30 18:00"),
    ],
)
def test_the_end_of_quiet_time_in_nights_when_clocks_change(zone, quiet, night, opens):
    found = calendar(quiet={"from": quiet[0], "to": quiet[1]})
    assert found.next_open(ZoneInfo(zone), at(night)) == at(opens)


def test_quiet_time_begins_at_the_first_of_two_readings():
    found = calendar(quiet={"from": "02:30", "to": "08:00"})
    assert found.next_close(ZoneInfo("Europe/Paris"), at("2026-10-24 22:00")) == at("2026-10-25 00:30")


def test_whole_days_have_no_seam_where_midnight_comes_twice():
    found = calendar(hours={"days": ["sat", "sun"]})
    azores = ZoneInfo("Atlantic/Azores")
    assert list(found.intervals(azores, at("2026-10-22 00:00"), at("2026-10-28 00:00"))) == [
        (at("2026-10-24 00:00"), at("2026-10-26 01:00"))
    ]


def test_hours_over_midnight_belong_to_the_day_they_begin_on():
    found = calendar(hours={"days": ["sun"], "from": "20:00", "to": "02:00"})
    assert list(found.intervals(ZoneInfo("UTC"), at("2026-11-16 00:00"), at("2026-11-24 00:00"))) == [
        (at("2026-11-16 00:00"), at("2026-11-16 02:00")),
        (at("2026-11-22 20:00"), at("2026-11-23 02:00")),
    ]


def test_no_hours_are_no_calendar_and_no_time_at_all_is_refused():
    assert made(Schedule()) is None
    assert made(Schedule.model_validate({"hours": {"from": "00:00", "to": "24:00"}})) is None
    never = {"hours": {"from": "22:00", "to": "07:00"}, "quiet": {"from": "21:00", "to": "08:00"}}
    with pytest.raises(ValueError, match="nothing could ever be sent"):
        made(Schedule.model_validate(never))


@pytest.mark.parametrize(
    ("start", "moment", "said"),
    [
        ("2026-03-29 02:30 Europe/Paris", "2026-03-29 01:00", "skip the time"),
        ("2026-10-25 02:30 Europe/Paris", "2026-10-25 00:30", "twice: it is the first of the two"),
        ("2026-03-29 00:30 Asia/Beirut", "2026-03-28 22:00", "skip the time"),
        ("2011-12-30 09:00 Pacific/Apia", "2011-12-30 10:00", "skip the time"),
        ("2026-12-01 09:00 Europe/Paris", "2026-12-01 08:00", ""),
        ("2026-10-25T02:30+01:00", "2026-10-25 01:30", ""),
    ],
)
def test_a_start_that_clocks_skip_or_repeat_is_settled_and_named(start, moment, said):
    assert campaign_file.moment(start, "schedule.start") == at(moment)
    sentence = campaign_file.oddity(start, "schedule.start")
    assert said in sentence
    assert bool(sentence) is bool(said)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"quiet": {"from": "9pm", "to": "08:00"}}, '`schedule.quiet.from`: "9pm" is no time of the day'),
        ({"quiet": {"from": "25:00", "to": "08:00"}}, '"25:00" is no time of the day'),
        ({"quiet": {"from": "08:00", "to": "08:00"}}, '`from` and `to` are both "08:00"'),
        ({"quiet": {"from": "21:00"}}, "`schedule.quiet.to` is missing"),
        ({"hours": {"days": ["mon", "freitag"]}}, '"freitag" is no day; write mon, tue, wed, thu, fri, sat, sun'),
        ({"hours": {"days": []}}, "`schedule.hours.days`"),
        ({"hours": {"form": "09:00"}}, "`schedule.hours.form` is not a key (did you mean `from`?)"),
    ],
)
def test_mistakes_in_hours_say_what_to_write(schedule, said):
    content = {"name": "a", "list": "b.csv", "message": {"text": "c"}, "schedule": schedule}
    with pytest.raises(InputError) as refused:
        campaign_file.parse(content)
    assert said in str(refused.value)


def test_hours_are_stored_as_they_are_written():
    content = {"hours": {"days": ["Monday", "tue"], "from": "09:00"}, "quiet": {"from": "21:00:30", "to": "8:00"}}
    schedule = Schedule.model_validate(content)
    assert Schedule.model_validate_json(schedule.model_dump_json()) == schedule
    assert schedule.model_dump(mode="json")["hours"] == {"from": "09:00", "to": "24:00", "days": ["mon", "tue"]}


def test_the_zone_is_the_one_that_is_named_or_that_of_the_start():
    def zone(**schedule):
        return campaign_file.zone_of(Schedule.model_validate(schedule))

    assert zone(start="2026-12-01 09:00 Europe/Paris") == ZoneInfo("Europe/Paris")
    assert zone(start="2026-12-01 09:00 Europe/Paris", zone="Asia/Tokyo") == ZoneInfo("Asia/Tokyo")
    assert zone(start="2026-12-01T09:00+01:00") is None
    with pytest.raises(InputError, match='Did you mean "Europe/Paris"'):
        zone(zone="Europe/Pari")
