"""Pausing, cancelling, cloning and discarding a campaign that repeats."""

import pytest

from campaigns.lifecycle import control
from campaigns.lifecycle.clone import clone
from campaigns.lifecycle.occurrence import work
from campaigns.lifecycle.submit import discard, store
from tests import factories
from tests.factories import ENVIRONMENT, select
from tests.lifecycle.aftermath import Breaking, write
from tests.lifecycle.repetition import (
    HOUR,
    Meanwhile,
    does,
    due,
    file,
    launched,
    moments,
    only,
    present,
    sentences,
    states_of_moments,
    tick,
)

both = pytest.mark.databases("sqlite", "postgresql")


@both
def test_a_pause_holds_what_is_under_way_and_what_comes(runtime, folder):
    campaign = launched(runtime, folder)
    does(runtime, campaign)
    tick(runtime)
    one = only(runtime, campaign)
    assert control.pause(runtime, campaign, "test").also == (one.name,)
    assert present(runtime, one).state == "paused"
    write(runtime, "UPDATE series SET next_at = :at, since = 0", at=factories.now(runtime) - HOUR)
    assert due(runtime) == []
    does(runtime, campaign)
    assert control.resume(runtime, campaign, "test").also == (one.name,)
    assert present(runtime, one).state == "sending"
    assert present(runtime, campaign).state == "scheduled"
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["skipped", "launched"]
    assert "while it was paused" in moments(runtime)[0]["sentence"]
    assert sentences(runtime, "campaign.late") == []


def test_what_somebody_paused_before_stays_paused(runtime, folder):
    campaign = launched(runtime, folder)
    does(runtime, campaign)
    tick(runtime)
    one = only(runtime, campaign)
    control.pause(runtime, one, "ann")
    control.pause(runtime, campaign, "test")
    assert control.resume(runtime, campaign, "test").also == ()
    assert present(runtime, one).state == "paused"


def test_what_was_being_planned_waits_for_the_end_of_a_pause(runtime, folder):
    campaign = launched(runtime, folder)
    with pytest.raises(InterruptedError):
        work(Breaking(runtime.settings, runtime.engine, budget=[4]), campaign, ENVIRONMENT)
    control.pause(runtime, campaign, "test")
    assert due(runtime) == []
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["planning"]
    control.resume(runtime, campaign, "test")
    assert due(runtime) == [campaign.ref]
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["launched"]


@both
@pytest.mark.parametrize("then", range(10))
def test_whenever_it_is_cancelled_nothing_of_it_goes_out(runtime, folder, then):
    campaign = launched(runtime, folder)
    busy = Meanwhile(runtime.settings, runtime.engine, [then], lambda: control.cancel(runtime, campaign, "test"))
    does(busy, campaign)
    tick(runtime)
    does(runtime, campaign)
    tick(runtime)
    assert due(runtime) == []
    others = select(runtime, "SELECT state FROM campaign WHERE id <> :id", id=campaign.id)
    assert {row["state"] for row in others} <= {"cancelled"}
    assert "planning" not in states_of_moments(runtime)
    assert select(runtime, "SELECT count(*) AS n FROM delivery WHERE state = 'pending'") == [{"n": 0}]


def test_nothing_starts_that_was_planned_when_its_series_was_paused(runtime, folder):
    campaign = launched(runtime, folder)
    does(runtime, campaign)
    write(runtime, "UPDATE campaign SET state = 'paused' WHERE id = :id", id=campaign.id)
    tick(runtime)
    assert only(runtime, campaign).state == "scheduled"


@both
def test_a_cancelled_series_ends_with_what_is_under_way(runtime, folder):
    campaign = launched(runtime, folder)
    does(runtime, campaign)
    tick(runtime)
    one = only(runtime, campaign)
    change = control.cancel(runtime, campaign, "test")
    assert (change.also, change.withdrawn) == ((one.name,), 5)
    assert set(factories.states(runtime, one).values()) == {"cancelled(cancelled)"}
    write(runtime, "UPDATE series SET next_at = 1")
    assert due(runtime) == []


@both
@pytest.mark.parametrize("after", [1, 3, 6, 8])
def test_what_was_being_planned_when_it_was_cancelled_never_goes_out(runtime, folder, after):
    campaign = launched(runtime, folder)
    with pytest.raises(InterruptedError):
        work(Breaking(runtime.settings, runtime.engine, budget=[after]), campaign, ENVIRONMENT)
    control.cancel(runtime, campaign, "test")
    tick(runtime)
    assert due(runtime) == [campaign.ref]
    # Nothing of it is read any more.
    (folder / "people.csv").unlink()
    does(runtime, campaign)
    tick(runtime)
    assert states_of_moments(runtime) == ["skipped"]
    assert due(runtime) == []
    others = select(runtime, "SELECT state FROM campaign WHERE id <> :id", id=campaign.id)
    assert {row["state"] for row in others} <= {"cancelled"}


def test_a_clone_repeats(runtime, folder):
    campaign = launched(runtime, folder)
    again, notes = clone(runtime, campaign, "test")
    assert notes == []
    assert factories.let_go(runtime, again).state == "scheduled"
    assert sorted(due(runtime)) == sorted([campaign.ref, again.ref])


def test_a_draft_may_be_discarded(runtime, folder):
    draft = factories.checked(runtime, folder, file(runtime))
    discard(runtime, store(runtime, draft, "test"), draft)
    assert select(runtime, "SELECT * FROM series") == []
