"""A campaign that repeats: each moment has one campaign, planned when it comes, whatever is killed when."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from campaigns import contacts
from campaigns.contacts import Heard
from campaigns.errors import InputError, StateError
from campaigns.lifecycle import control, find, series
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.clone import clone
from campaigns.lifecycle.late import MISSED_MS
from campaigns.lifecycle.launch import launch, launched_plan
from campaigns.lifecycle.occurrence import ATTEMPTS, work
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.recognise import recognise
from campaigns.lifecycle.submit import discard, store
from campaigns.report.series import repetition
from campaigns.report.standing import status
from campaigns.runtime import Runtime
from tests import factories
from tests.factories import ACCOUNT, ENVIRONMENT, content, page, person, select
from tests.lifecycle.aftermath import Breaking, write

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LONG_AGO = "2026-01-01T00:00:00Z"

both = pytest.mark.databases("sqlite", "postgresql")


@dataclass(frozen=True)
class Meanwhile(Runtime):
    """Something happens between two of its transactions, once, after so many."""

    budget: list[int]
    happens: Callable[[], object]

    @contextmanager
    def writing(self):
        self.budget[0] -= 1
        if self.budget[0] == -1:
            self.happens()
        with super().writing() as conn:
            yield conn


def written(ms):
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def file(runtime, ago=MINUTE, rule="FREQ=DAILY", schedule=(), **changes):
    """A campaign whose first moment was a while ago."""
    start = written(factories.now(runtime) - ago)
    return content(
        schedule={"repeat": rule, "start": start} | dict(schedule), pages={"acme": page(rate=0.05)}, **changes
    )


def launched(runtime, folder, *args, **changes):
    """Launch a series for five people, whose first moment is due."""
    return factories.launched(runtime, folder, factories.people(5), file(runtime, *args, **changes))


def missed(runtime, folder, ago, **changes):
    """Launch a series of which nobody took care since its first moment."""
    campaign = launched(runtime, folder, ago, **changes)
    start = present(runtime, campaign).start_at
    write(runtime, "UPDATE series SET next_at = :start, since = 0", start=start)
    return campaign, start


def present(runtime, campaign):
    with runtime.reading() as conn:
        return find.by_id(conn, campaign.id)


def does(runtime, campaign):
    assert work(runtime, campaign, ENVIRONMENT)


def tick(runtime, at=None):
    with runtime.writing() as conn:
        advance(conn, at or factories.now(runtime))


def due(runtime):
    with runtime.reading() as conn:
        return list(series.due(conn, factories.now(runtime)))


def moments(runtime):
    return select(runtime, "SELECT * FROM occurrence ORDER BY at")


def states_of_moments(runtime):
    return [row["state"] for row in moments(runtime)]


def only(runtime, campaign):
    """The one campaign of a series."""
    found = select(runtime, "SELECT id FROM campaign WHERE id <> :id", id=campaign.id)
    assert len(found) == 1
    with runtime.reading() as conn:
        return find.by_id(conn, found[0]["id"])


def sentences(runtime, kind):
    return [row["sentence"] for row in select(runtime, "SELECT * FROM event WHERE kind = :kind ORDER BY id", kind=kind)]


@both
def test_a_moment_that_has_come_is_a_campaign_of_its_own(runtime, folder):
    campaign = launched(runtime, folder)
    assert (campaign.state, campaign.first_id, due(runtime)) == ("scheduled", None, [campaign.ref])
    does(runtime, campaign)
    assert due(runtime) == []
    one = only(runtime, campaign)
    day = datetime.fromtimestamp(campaign.start_at / 1000, UTC)
    assert (one.name, one.state, one.start_at) == (f"Spring {day:%Y-%m-%d}", "scheduled", campaign.start_at)
    row = moments(runtime)[0]
    planned = launched_plan(runtime, one)
    assert (row["at"], row["state"], row["token"]) == (campaign.start_at, "launched", planned.token)
    assert planned.eligible == 5
    tick(runtime)
    assert sentences(runtime, "campaign.started") == ["Started as scheduled."]
    assert set(factories.states(runtime, one).values()) == {"pending"}
    assert select(runtime, "SELECT next_at FROM series") == [{"next_at": campaign.start_at + DAY}]


def test_its_list_is_read_again(runtime, folder):
    campaign = launched(runtime, folder)
    factories.write_list(folder / "people.csv", factories.people(8))
    does(runtime, campaign)
    assert only(runtime, campaign).total == 8


def test_its_contacts_are_those_of_the_moment(runtime, folder):
    def hear(n):
        at = factories.now(runtime)
        with runtime.writing() as conn:
            contacts.hear(
                conn, [Heard("instagram", ACCOUNT, person(n), at - HOUR, DAY, "message", f"m_{n}", "webhook")], at
            )

    hear(1)
    of_contacts = file(runtime, list="@contacts", message={"text": "Hello"})
    campaign = factories.let_go(runtime, store(runtime, factories.checked(runtime, folder, of_contacts), "test"))
    hear(2)
    does(runtime, campaign)
    assert set(factories.states(runtime, only(runtime, campaign))) == {person(1), person(2)}


@both
@pytest.mark.parametrize("after", range(11))
def test_whatever_is_killed_a_moment_has_one_campaign(runtime, folder, after):
    campaign = launched(runtime, folder)
    killed = Breaking(runtime.settings, runtime.engine, budget=[after])
    try:
        work(killed, campaign, ENVIRONMENT)
    except InterruptedError:
        died = True
    else:
        died = False
    assert died == (after < 10), "as many deaths are tried as there are transactions to die before"
    does(runtime, campaign)
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["launched"]
    one = only(runtime, campaign)
    assert [row["recipient_id"] for row in factories.rows_of(runtime, one)] == [person(n) for n in range(5)]
    assert select(runtime, "SELECT count(*) AS n FROM delivery") == [{"n": 5}]
    assert moments(runtime)[0]["token"] == launched_plan(runtime, one).token


def test_the_process_does_what_is_due(runtime, folder):
    campaign = launched(runtime, folder)
    environment = os.environ | ENVIRONMENT
    command = [sys.executable, "-m", "workers.occurrence", campaign.ref]
    subprocess.run(command, env=environment, check=True, timeout=60, capture_output=True)
    assert states_of_moments(runtime) == ["launched"]


def test_one_process_at_a_time_works_on_a_series(runtime, folder):
    campaign = launched(runtime, folder)
    with (runtime.storage / "campaigns" / campaign.ref / "series.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert not work(runtime, campaign, ENVIRONMENT)
        assert moments(runtime) == []
    does(runtime, campaign)


@pytest.mark.parametrize("broken", ["missing", "broken"])
def test_a_list_that_cannot_be_read_parks_its_moment_and_later_ones_go_on(runtime, folder, broken):
    campaign = launched(runtime, folder)
    path = folder / "people.csv"
    path.unlink()
    if broken == "broken":
        path.write_bytes(b"")
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["parked"]
    why = moments(runtime)[0]["sentence"]
    assert "people.csv" in why
    assert sentences(runtime, "series.parked")[0].endswith(f"is not sent: {why} Later ones go on.")
    with runtime.reading() as conn:
        assert why in status(conn, campaign.id, 0).sentence
    factories.write_list(path, factories.people(5))
    write(runtime, "UPDATE series SET next_at = :now", now=factories.now(runtime))
    assert due(runtime) == [campaign.ref]
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["parked", "launched"]


def test_a_moment_with_nobody_to_send_to_is_parked_and_its_draft_stays(runtime, folder):
    campaign = launched(runtime, folder)
    factories.write_list(folder / "people.csv", factories.people(2, last_inbound_at=LONG_AGO))
    does(runtime, campaign)
    assert "Nobody on the list can get this message" in moments(runtime)[0]["sentence"]
    one = only(runtime, campaign)
    assert one.state == "draft"
    # Whoever submits a file of its name takes it from nobody.
    store(runtime, factories.checked(runtime, folder, content(name=one.title)), "test")
    assert present(runtime, one).ref == one.ref


def test_planning_that_dies_again_and_again_is_given_up(runtime, folder):
    campaign = launched(runtime, folder)
    for _ in range(ATTEMPTS):
        with pytest.raises(InterruptedError):
            work(Breaking(runtime.settings, runtime.engine, budget=[3]), campaign, ENVIRONMENT)
    assert due(runtime) == [campaign.ref]
    does(runtime, campaign)
    assert states_of_moments(runtime) == ["parked"]
    assert f"ended {ATTEMPTS} times" in moments(runtime)[0]["sentence"]
    assert due(runtime) == []


class TestLate:
    AGO = 3 * DAY + HOUR

    @both
    def test_the_last_of_those_missed_asks_and_the_others_are_left_out(self, runtime, folder):
        campaign, start = missed(runtime, folder, self.AGO)
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

    def test_it_is_skipped(self, runtime, folder):
        campaign, _ = missed(runtime, folder, self.AGO, schedule={"late_start": "skip"})
        does(runtime, campaign)
        assert states_of_moments(runtime) == ["skipped"] * 4
        assert moments(runtime)[3]["sentence"].endswith("late_start says skip.")
        assert select(runtime, "SELECT count(*) AS n FROM campaign") == [{"n": 1}]

    def test_one_of_the_last_ten_minutes_is_not_missed(self, runtime, folder):
        campaign = launched(runtime, folder, MISSED_MS - MINUTE, schedule={"late_start": "skip"})
        does(runtime, campaign)
        assert states_of_moments(runtime) == ["launched"]

    def test_it_is_sent(self, runtime, folder):
        campaign, _ = missed(runtime, folder, self.AGO, schedule={"late_start": "send"})
        does(runtime, campaign)
        tick(runtime)
        assert only(runtime, campaign).state == "sending"
        assert "late_start says send" in sentences(runtime, "campaign.late")[-1]

    def test_those_before_one_in_time_are_left_out(self, runtime, folder):
        campaign, _ = missed(runtime, folder, 2 * DAY + MINUTE)
        does(runtime, campaign)
        assert states_of_moments(runtime) == ["skipped", "skipped", "launched"]
        tick(runtime)
        assert only(runtime, campaign).state == "sending"

    @pytest.mark.parametrize(("waited", "state"), [(MISSED_MS - MINUTE, "sending"), (MISSED_MS + MINUTE, "paused")])
    def test_that_planning_took_long_makes_no_start_late(self, runtime, folder, waited, state):
        campaign = launched(runtime, folder)
        does(runtime, campaign)
        start = campaign.start_at
        write(runtime, "UPDATE occurrence SET began_at = :at", at=start)
        write(runtime, "UPDATE campaign SET launched_at = :at WHERE id <> :id", at=start + 2 * HOUR, id=campaign.id)
        tick(runtime, start + 2 * HOUR + waited)
        assert only(runtime, campaign).state == state


class TestVerbs:
    @both
    def test_a_pause_holds_what_is_under_way_and_what_comes(self, runtime, folder):
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

    def test_what_somebody_paused_before_stays_paused(self, runtime, folder):
        campaign = launched(runtime, folder)
        does(runtime, campaign)
        tick(runtime)
        one = only(runtime, campaign)
        control.pause(runtime, one, "ann")
        control.pause(runtime, campaign, "test")
        assert control.resume(runtime, campaign, "test").also == ()
        assert present(runtime, one).state == "paused"

    def test_what_was_being_planned_waits_for_the_end_of_a_pause(self, runtime, folder):
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
    def test_whenever_it_is_cancelled_nothing_of_it_goes_out(self, runtime, folder, then):
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

    def test_nothing_starts_that_was_planned_when_its_series_was_paused(self, runtime, folder):
        campaign = launched(runtime, folder)
        does(runtime, campaign)
        write(runtime, "UPDATE campaign SET state = 'paused' WHERE id = :id", id=campaign.id)
        tick(runtime)
        assert only(runtime, campaign).state == "scheduled"

    @both
    def test_a_cancelled_series_ends_with_what_is_under_way(self, runtime, folder):
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
    def test_what_was_being_planned_when_it_was_cancelled_never_goes_out(self, runtime, folder, after):
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

    def test_a_clone_repeats(self, runtime, folder):
        campaign = launched(runtime, folder)
        again, notes = clone(runtime, campaign, "test")
        assert notes == []
        assert factories.let_go(runtime, again).state == "scheduled"
        assert sorted(due(runtime)) == sorted([campaign.ref, again.ref])

    def test_a_draft_may_be_discarded(self, runtime, folder):
        draft = factories.checked(runtime, folder, file(runtime))
        discard(runtime, store(runtime, draft, "test"), draft)
        assert select(runtime, "SELECT * FROM series") == []


def test_the_clock_neither_begins_nor_ends_a_series(runtime, folder):
    campaign = launched(runtime, folder, schedule={"not_after": written(factories.now(runtime) + MINUTE)})
    tick(runtime, factories.now(runtime) + HOUR)
    assert present(runtime, campaign).state == "scheduled"
    control.pause(runtime, campaign, "test")
    tick(runtime)
    assert present(runtime, campaign).state == "paused"


@both
def test_after_the_last_moment_it_is_finished_and_that_one_still_goes_out(runtime, folder):
    campaign = launched(runtime, folder, rule="FREQ=DAILY;COUNT=1")
    does(runtime, campaign)
    assert present(runtime, campaign).state == "finished"
    assert due(runtime) == []
    tick(runtime)
    assert only(runtime, campaign).state == "sending"


def test_nobody_need_be_eligible_yet(runtime, folder):
    draft = factories.submitted(runtime, folder, factories.people(2, last_inbound_at=LONG_AGO), file(runtime))
    assert factories.let_go(runtime, draft).state == "scheduled"


def test_a_series_with_no_moment_left_is_not_launched(runtime, folder):
    ended = file(runtime, 3 * DAY, "FREQ=DAILY;COUNT=2")
    with pytest.raises(InputError, match="no moment of it is left"):
        factories.launched(runtime, folder, factories.people(1), ended)


def test_a_launch_needs_the_token_of_the_plan(runtime, folder):
    draft = factories.submitted(runtime, folder, factories.people(1), file(runtime))
    now = factories.now(runtime)
    with pytest.raises(StateError, match="is not that of the present plan"):
        launch(runtime, draft, "another", ENVIRONMENT, now=now, actor="test")
    token = plan(runtime, draft, ENVIRONMENT, now).plan.token
    for _ in range(2):
        assert launch(runtime, draft, token, ENVIRONMENT, now=now, actor="test").state == "scheduled"


def test_its_plan_is_that_of_the_next_moment(runtime, folder):
    opened = f"{datetime.fromtimestamp(factories.now(runtime) / 1000 + 86_400, UTC):%Y-%m-%dT%H:%M:%SZ}"
    rows = factories.people(5, window_closes_at=opened)
    terms = {"not_after": written(factories.now(runtime) - HOUR + 10 * MINUTE)}
    draft = factories.submitted(runtime, folder, rows, file(runtime, HOUR, schedule=terms))
    planned = plan(runtime, draft, ENVIRONMENT, factories.now(runtime))
    assert planned.start_ms == draft.start_at + DAY
    assert planned.plan.eligible == 5
    assert planned.plan.findings[-2].startswith("It repeats. The next moments: ")


def test_a_changed_list_is_no_other_series_but_a_changed_rule_is(runtime, folder):
    first = file(runtime)
    campaign = factories.launched(runtime, folder, factories.people(5), first)
    factories.write_list(folder / "people.csv", factories.people(6))
    assert recognise(runtime, factories.checked(runtime, folder, first)).campaign.ref == campaign.ref
    changed = first | {"schedule": first["schedule"] | {"repeat": "FREQ=DAILY;INTERVAL=2"}}
    with pytest.raises(StateError, match="when it repeats changed"):
        recognise(runtime, factories.checked(runtime, folder, changed))


def test_a_draft_whose_rule_changed_is_another(runtime, folder):
    first = file(runtime)
    store(runtime, factories.checked(runtime, folder, first), "test")
    changed = first | {"schedule": first["schedule"] | {"repeat": "FREQ=DAILY;INTERVAL=2"}}
    assert recognise(runtime, factories.checked(runtime, folder, first)).campaign is not None
    assert recognise(runtime, factories.checked(runtime, folder, changed)).campaign is None


def test_to_exclude_a_series_is_to_exclude_whom_it_reached(runtime, folder):
    campaign = launched(runtime, folder)
    does(runtime, campaign)
    other = factories.submitted(
        runtime, folder, factories.people(7), content(name="Autumn", audience={"exclude": ["Spring"]})
    )
    assert plan(runtime, other, ENVIRONMENT, factories.now(runtime)).plan.skipped == {"excluded": 5}


def test_how_it_stands_names_the_next_moment_and_the_last_ones(runtime, folder):
    campaign = launched(runtime, folder)
    does(runtime, campaign)
    with runtime.reading() as conn:
        now = status(conn, campaign.id, factories.now(runtime), staffed=False)
        stands = repetition(conn, campaign.id)
    shown = written(campaign.start_at + DAY)
    assert now.sentence.startswith("Repeats: the next goes out on ")
    assert f"({shown}). No worker runs here" in now.sentence
    one = only(runtime, campaign)
    assert [(each.at, each.campaign, each.sentence) for each in stands.moments] == [
        (campaign.start_at, one.ref, f"{one.name} is scheduled.")
    ]
