"""`keep_open_until`: a campaign stays open for people whose window is closed, and they get it when they write."""

import datetime as dt

import pytest

from campaigns import report
from campaigns.errors import InputError
from campaigns.inbound import openings
from campaigns.inbound.events import Arrival, keep
from campaigns.lifecycle import control, find, retry
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.clone import clone
from campaigns.lifecycle.meeting import Meeting
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.recognise import recognise, refresh
from campaigns.runtime import now_of
from schemas.decision import Scope
from schemas.inbound import Inbound, InboundKind
from tests import factories
from tests.factories import ACCOUNT, ENVIRONMENT, content, person, select
from tests.lifecycle.aftermath import adds_up, becomes, ends, write

FAR = "2099-12-05 18:00 Europe/Paris"
SAID = "2099-12-05 17:00:00 UTC"
UNTIL = int(dt.datetime(2099, 12, 5, 17, tzinfo=dt.UTC).timestamp() * 1000)


def people(n, late):
    """Return n people, the last `late` of whom wrote three days ago."""
    rows = factories.people(n)
    for row in rows[n - late :]:
        row["last_inbound_at"] -= 3 * 86_400
    return rows


def file(until=FAR, **schedule):
    return content(schedule={"keep_open_until": until, **schedule})


def hears(runtime, n):
    """Let the n-th person write now, as a webhook tells it."""
    with runtime.writing() as conn:
        now = now_of(conn)
        event = Inbound(InboundKind.MESSAGE, "instagram", ACCOUNT, person(n), now, mid=f"in_{n}", text="hello")
        openings.take(conn, keep(conn, [Arrival("meta", now, 1, event)]), now)


def tick(runtime, at=None):
    with runtime.writing() as conn:
        advance(conn, at or now_of(conn))


def status(runtime, campaign):
    with runtime.reading() as conn:
        return report.status(conn, campaign.id, now_of(conn))


@pytest.fixture
def kept(runtime, folder):
    """Launch a campaign for five people, three of whom are late, and send to the others."""
    campaign = factories.launched(runtime, folder, people(5, late=3), file())
    for n in (0, 1):
        becomes(runtime, n, "accepted")
    write(runtime, "UPDATE chunk SET state = 'done'")
    return campaign


@pytest.mark.databases("sqlite", "postgresql")
def test_it_stays_open_until_then_and_says_so(runtime, kept):
    tick(runtime)
    now = status(runtime, kept)
    assert (now.state, now.eta) == ("sending", None)
    assert now.sentence == f"Open until {SAID}: 3 people get it when they write."
    assert report.exit_code(now) == 0
    tick(runtime, UNTIL - 1)
    assert status(runtime, kept).state == "sending"
    tick(runtime, UNTIL)
    assert status(runtime, kept).sentence == "Finished: 2 accepted, 3 skipped."


@pytest.mark.databases("sqlite", "postgresql")
def test_who_writes_meanwhile_gets_it(runtime, kept):
    tick(runtime)
    hears(runtime, 4)
    assert factories.states(runtime, kept)[person(4)] == "pending"
    assert status(runtime, kept).sentence.startswith("Sending ")
    becomes(runtime, 4, "accepted")
    assert status(runtime, kept).sentence == f"Open until {SAID}: 2 people get it when they write."
    adds_up(runtime, kept)


def test_it_ends_when_the_last_has_it(runtime, kept):
    for n in (2, 3, 4):
        hears(runtime, n)
        becomes(runtime, n, "accepted")
        assert status(runtime, kept).state == "sending"
        tick(runtime)
    assert status(runtime, kept).sentence == "Finished: 5 accepted."


def test_who_was_set_aside_for_another_reason_keeps_nothing_open(runtime, folder):
    rows = factories.people(3)
    rows[2]["first_name"] = ""
    campaign = factories.launched(runtime, folder, rows, file())
    for n in (0, 1):
        becomes(runtime, n, "accepted")
    tick(runtime)
    assert status(runtime, campaign).state == "finished"


def test_without_the_key_it_ends(runtime, folder):
    campaign = factories.launched(runtime, folder, people(2, late=1))
    becomes(runtime, 0, "accepted")
    tick(runtime)
    assert status(runtime, campaign).state == "finished"


def test_a_plan_for_nobody_yet_may_be_launched(runtime, folder):
    campaign = factories.submitted(runtime, folder, people(3, late=3), file())
    drawn = plan(runtime, campaign, ENVIRONMENT, factories.now(runtime))
    assert (drawn.plan.eligible, drawn.waiting) == (0, 3)
    assert f"3 people whose window is not open get it when they write, until {SAID}." in drawn.plan.findings
    campaign = factories.let_go(runtime, campaign)
    tick(runtime)
    hears(runtime, 0)
    assert factories.states(runtime, campaign)[person(0)] == "pending"
    adds_up(runtime, campaign)


@pytest.mark.parametrize("schedule", [{}, {"keep_open_until": FAR}])
def test_a_plan_for_nobody_ever_may_not(runtime, folder, schedule):
    rows = people(2, late=2)
    for row in rows:
        row["opted_out" if schedule else "first_name"] = "yes"
    campaign = factories.submitted(runtime, folder, rows, content(schedule=schedule))
    with pytest.raises(InputError, match="Nobody on the list"):
        factories.let_go(runtime, campaign)


def test_a_remainder_says_that_they_may_yet_get_it(runtime, kept):
    def still_open():
        with runtime.reading() as conn:
            return report.remainder(conn, runtime.storage, kept.id, None).open

    assert still_open() == 3
    control.cancel(runtime, kept, "test")
    assert still_open() == 0


def test_cancel_ends_it(runtime, kept):
    tick(runtime)
    control.cancel(runtime, kept, "test")
    tick(runtime)
    hears(runtime, 4)
    assert status(runtime, kept).sentence == "Cancelled: 2 accepted, 3 skipped."


def test_a_pause_holds_those_who_write_until_it_is_resumed(runtime, kept):
    control.pause(runtime, kept, "test")
    tick(runtime)
    hears(runtime, 4)
    assert factories.states(runtime, kept)[person(4)] == "pending"
    assert status(runtime, kept).state == "paused"


WRONG = {
    "no zone": ({"keep_open_until": "2099-12-05 18:00"}, "keep_open_until"),
    "past": ({"keep_open_until": "2020-12-05 18:00 UTC"}, "has passed"),
    "after not_after": ({"keep_open_until": FAR, "not_after": "2099-12-05 16:59 UTC"}, "later than schedule.not_after"),
    "an end in the past": ({"not_after": "2020-12-05 18:00 UTC"}, "not_after = 2020-12-05 18:00 UTC has passed"),
    "an end before the start": ({"start": FAR, "not_after": "2099-12-05 16:59 UTC"}, "no later than schedule.start"),
    "a start in the past": ({"start": "2020-12-05 18:00 UTC"}, "start = 2020-12-05 18:00 UTC has passed"),
    "a late start is skipped": ({"start": "2020-12-05 18:00 UTC", "late_start": "skip"}, "has passed"),
    "before the start": ({"keep_open_until": FAR, "start": FAR}, "no later than schedule.start"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_moments_that_contradict_each_other_are_refused(runtime, folder, wrong):
    schedule, sentence = WRONG[wrong]
    with pytest.raises(InputError, match=sentence):
        factories.submitted(runtime, folder, people(2, late=1), content(schedule=schedule))
    assert select(runtime, "SELECT * FROM campaign") == []


@pytest.mark.parametrize("schedule", [{"late_start": "send"}, {"repeat": "FREQ=DAILY"}])
def test_a_start_in_the_past_may_be_meant(runtime, folder, schedule):
    file = content(schedule={"start": "2020-12-05 18:00 UTC", **schedule})
    assert factories.submitted(runtime, folder, people(2, late=0), file)


def test_not_after_may_be_the_same_moment(runtime, folder):
    assert factories.submitted(runtime, folder, people(2, late=1), file(not_after=FAR)).keep_open_until == UNTIL


def test_the_file_of_a_run_that_is_over_may_have_a_moment_that_has_passed(runtime, folder):
    campaign = factories.launched(runtime, folder, people(2, late=1), content())
    past = file(until="2020-12-05 18:00 UTC")
    assert recognise(runtime, factories.checked(runtime, folder, past)).meeting is Meeting.UNFINISHED
    ends(runtime)
    assert recognise(runtime, factories.checked(runtime, folder, past)).campaign.ref == campaign.ref


def test_a_run_that_goes_on_takes_the_files_present_moment(runtime, folder, kept):
    refresh(runtime, kept, factories.checked(runtime, folder, file(until="2098-01-01 00:00 UTC")))
    with runtime.reading() as conn:
        assert find.by_id(conn, kept.id).keep_open_until < UNTIL


def test_a_clone_keeps_the_moment_unless_it_has_passed(runtime, kept):
    made, notes = clone(runtime, kept, "test")
    assert (made.keep_open_until, notes) == (UNTIL, [])
    write(runtime, "UPDATE campaign SET keep_open_until = 1 WHERE id = :id", id=kept.id)
    with runtime.reading() as conn:
        stale = find.by_id(conn, kept.id)
    made, notes = clone(runtime, stale, "test", "Another")
    assert made.keep_open_until is None
    assert notes == ["schedule.keep_open_until has passed and is left out."]


@pytest.mark.databases("sqlite", "postgresql")
def test_a_retry_brings_back_who_has_written_since_it_ended(runtime, folder):
    campaign = factories.launched(runtime, folder, people(4, late=3))
    becomes(runtime, 0, "accepted")
    ends(runtime)
    for n in (2, 3):
        hears(runtime, n)
    assert factories.states(runtime, campaign)[person(2)] == "skipped(window_closed)"
    retrial = retry.examine(runtime, campaign, Scope.SKIPPED, ENVIRONMENT)
    assert (retrial.again, retrial.kept) == ({"window_closed": 2}, {"window_closed": 1})
    assert retry.retry(runtime, campaign, retrial, "test").people == 2
    contact = select(runtime, "SELECT closes_at FROM contact WHERE recipient_id = :id", id=person(2))[0]
    rows = {row["recipient_id"]: row for row in factories.rows_of(runtime, campaign)}
    assert (rows[person(2)]["state"], rows[person(2)]["closes_at"]) == ("pending", contact["closes_at"])
    assert rows[person(1)]["state"] == "skipped"
    adds_up(runtime, campaign)
