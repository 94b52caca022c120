"""Moments of a repeating campaign that nobody was there for."""

import pytest

from campaigns.lifecycle import control
from campaigns.lifecycle.late import MISSED_MS
from tests.factories import select
from tests.lifecycle.aftermath import write
from tests.lifecycle.repetition import (
    DAY,
    HOUR,
    MINUTE,
    does,
    launched,
    missed,
    moments,
    only,
    present,
    sentences,
    states_of_moments,
    tick,
)

both = pytest.mark.databases("sqlite", "postgresql")


AGO = 3 * DAY + HOUR


@both
def test_the_last_of_those_missed_asks_and_the_others_are_left_out(runtime, folder):
    campaign, start = missed(runtime, folder, AGO)
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["skipped", "skipped", "skipped", "launched"]
    assert moments(runtime)[2]["sentence"].startswith("Missed by 25 h ")
    told = sentences(runtime, "campaign.late")
    assert len(told) == 1
    assert " and 2 before it are left out. Missed by 25 h " in told[0]
    tick(runtime)
    one = only(runtime, campaign)
    assert (one.state, one.start_at) == ("paused", start + 3 * DAY)
    assert one.sentence.startswith("Paused: its start was missed by 1 h ")
    control.resume(runtime, one, "test")
    assert present(runtime, one).state == "sending"


def test_it_is_skipped(runtime, folder):
    campaign, _ = missed(runtime, folder, AGO, schedule={"late_start": "skip"})
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["skipped"] * 4
    assert moments(runtime)[3]["sentence"].endswith("late_start says skip.")
    assert select(runtime, "SELECT count(*) AS n FROM campaign") == [{"n": 1}]


def test_one_of_the_last_ten_minutes_is_not_missed(runtime, folder):
    campaign = launched(runtime, folder, MISSED_MS - MINUTE, schedule={"late_start": "skip"})
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["launched"]


def test_it_is_sent(runtime, folder):
    campaign, _ = missed(runtime, folder, AGO, schedule={"late_start": "send"})
    does(runtime, campaign)
    tick(runtime)
    assert only(runtime, campaign).state == "sending"
    assert "late_start says send" in sentences(runtime, "campaign.late")[-1]


def test_those_before_one_in_time_are_left_out(runtime, folder):
    campaign, _ = missed(runtime, folder, 2 * DAY + MINUTE)
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["skipped", "skipped", "launched"]
    tick(runtime)
    assert only(runtime, campaign).state == "sending"


@pytest.mark.parametrize(("waited", "state"), [(MISSED_MS - MINUTE, "sending"), (MISSED_MS + MINUTE, "paused")])
def test_that_planning_took_long_makes_no_start_late(runtime, folder, waited, state):
    campaign = launched(runtime, folder)
    does(runtime, campaign)
    start = campaign.start_at
    write(runtime, "UPDATE occurrence SET began_at = :at", at=start)
    write(runtime, "UPDATE campaign SET launched_at = :at WHERE id <> :id", at=start + 2 * HOUR, id=campaign.id)
    tick(runtime, start + 2 * HOUR + waited)
    assert only(runtime, campaign).state == state
