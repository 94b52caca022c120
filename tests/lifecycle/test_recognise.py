"""What a campaign file finds when it comes again: a run to go on with, a finished one, a changed one."""

import pytest

from campaigns.errors import StateError
from campaigns.lifecycle import control
from campaigns.lifecycle.meeting import Meeting
from campaigns.lifecycle.recognise import recognise, refresh
from tests import factories
from tests.factories import checked, content, page, select


def write(runtime, statement, **facts):
    with runtime.writing() as conn:
        conn.execute(factories.text(statement), facts)


@pytest.fixture
def run(runtime, folder):
    return factories.launched(runtime, folder, factories.people(5))


def same(runtime, folder, **changes):
    """Meet the file again with the list that is there."""
    return recognise(runtime, checked(runtime, folder, content(**changes)))


@pytest.mark.usefixtures("run")
def test_a_new_name_is_new(runtime, folder):
    assert same(runtime, folder, name="Autumn").meeting is Meeting.NEW


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("state", ["scheduled", "sending", "paused", "awaiting_approval"])
def test_an_unfinished_run_goes_on(runtime, folder, state):
    write(runtime, "UPDATE campaign SET state = :state", state=state)
    assert same(runtime, folder).meeting is Meeting.UNFINISHED


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("state", ["finished", "cancelled"])
def test_an_ended_run_is_finished(runtime, folder, state):
    write(runtime, "UPDATE campaign SET state = :state", state=state)
    assert same(runtime, folder).meeting is Meeting.FINISHED


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    "change",
    [
        {"limits": {"rate": 5}},
        {"pages": {"acme": page("http://127.0.0.1:10/v26.0")}},
        {"pages": {"acme": page(token="@{secret:BURGER_TOKEN}")}},
        {"pages": {"acme": page(rate=3)}},
        {"schedule": {"not_after": "2099-01-01 09:00 Europe/Paris"}},
    ],
)
def test_token_address_and_limits_may_change(runtime, folder, change):
    assert same(runtime, folder, **change).meeting is Meeting.UNFINISHED


@pytest.mark.parametrize(
    ("change", "people", "named"),
    [
        ({"message": {"text": "Hello {{ first_name }}"}}, 5, "the message"),
        ({}, 6, "the list"),
        ({"page": "burger", "pages": {"burger": factories.other_page()}}, 5, "the accounts"),
    ],
)
def test_an_unfinished_run_that_changed_is_refused_with_what_changed(runtime, folder, run, change, *, people, named):
    if people != 5:
        factories.write_list(folder / "people.csv", factories.people(people))
    with pytest.raises(StateError, match=named) as refused:
        same(runtime, folder, **change)
    assert run.ref in str(refused.value)
    others = {"the message", "the list", "the accounts"} - {named}
    assert not any(f"{other} changed" in str(refused.value) for other in others)


def test_a_finished_run_that_changed_counts_who_was_reached(runtime, folder, run):
    write(runtime, "UPDATE campaign SET state = 'finished'")
    write(runtime, "UPDATE delivery SET state = 'accepted' WHERE id <= 2")
    write(runtime, "UPDATE delivery SET state = 'unknown' WHERE id = 3")
    write(runtime, "UPDATE delivery SET state = 'failed' WHERE id = 4")
    known = same(runtime, folder, message={"text": "Hello {{ first_name }}"})
    assert (known.meeting, known.campaign.ref, known.overlap) == (Meeting.CHANGED_SINCE, run.ref, 3)


def test_a_changed_run_gets_a_number(runtime, folder, run):
    write(runtime, "UPDATE campaign SET state = 'finished'")
    campaign = factories.submitted(
        runtime, folder, factories.people(5), content(message={"text": "Hello {{ first_name }}"})
    )
    assert (run.name, campaign.name, campaign.title) == ("Spring", "Spring #2", "Spring")


def test_a_draft_that_differs_is_no_run(runtime, folder):
    factories.submitted(runtime, folder, factories.people(5))
    assert same(runtime, folder).meeting is Meeting.UNFINISHED
    assert same(runtime, folder, message={"text": "Hello {{ first_name }}"}).meeting is Meeting.NEW


def test_going_on_takes_the_files_present_routes_and_limits(runtime, folder, run):
    file = content(limits={"rate": 2, "margin": "1m"}, pages={"acme": page("http://127.0.0.1:10/v26.0", rate=7)})
    refresh(runtime, run, checked(runtime, folder, file))
    campaign = select(runtime, "SELECT rate, margin_ms FROM campaign")[0]
    lane = select(runtime, "SELECT route, asked, buckets FROM lane")[0]
    assert campaign == {"rate": 2, "margin_ms": 60_000}
    assert "127.0.0.1:10" in lane["route"]
    assert lane["asked"] == 2
    assert "host:127.0.0.1:10" in lane["buckets"]


def test_going_on_lets_a_parked_page_try_once_and_a_paused_one_not(runtime, folder, run):
    write(runtime, "UPDATE page SET parked_at = 1, parked_code = '190', parked_sentence = 'x'")
    refresh(runtime, run, checked(runtime, folder, content()))
    assert select(runtime, "SELECT probe_at FROM page")[0]["probe_at"] is not None
    write(runtime, "UPDATE page SET parked_code = 'paused', probe_at = NULL")
    refresh(runtime, run, checked(runtime, folder, content()))
    assert select(runtime, "SELECT probe_at FROM page")[0]["probe_at"] is None


ALLOWED = {
    control.pause: {"sending", "scheduled"},
    control.resume: {"paused"},
    control.cancel: {"draft", "scheduled", "awaiting_approval", "sending", "paused"},
}
STATES = ["draft", "scheduled", "awaiting_approval", "sending", "paused", "finished", "cancelled"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", ALLOWED, ids=lambda verb: verb.__name__)
def test_verbs_keep_to_the_states_they_are_for(runtime, run, verb, state):
    write(runtime, "UPDATE campaign SET state = :state", state=state)
    if state in ALLOWED[verb]:
        change = verb(runtime, run, "cli:ann")
        assert select(runtime, "SELECT state FROM campaign")[0]["state"] == change.state
    else:
        with pytest.raises(StateError, match=f"is {state}"):
            verb(runtime, run, "cli:ann")
        assert select(runtime, "SELECT state FROM campaign")[0]["state"] == state


def test_cancel_ends_who_has_had_no_turn_and_counts_what_is_out(runtime, run):
    write(runtime, "UPDATE delivery SET state = 'sending' WHERE id = 1")
    write(runtime, "UPDATE tally SET n = 4 WHERE state = 'pending'")
    write(runtime, "INSERT INTO tally VALUES (1, 1, 1, 'sending', '', 1)")
    change = control.cancel(runtime, run, "cli:ann")
    assert (change.in_flight, change.withdrawn) == (1, 4)
    assert sorted(factories.states(runtime, run).values()) == ["cancelled(cancelled)"] * 4 + ["sending"]


def test_resume_before_the_start_waits_for_it(runtime, folder):
    rows = factories.people(3, last_inbound_at="", window_closes_at="2099-02-01T00:00:00Z")
    campaign = factories.launched(runtime, folder, rows, content(schedule={"start": "2099-01-01 09:00 Europe/Paris"}))
    control.pause(runtime, campaign, "cli:ann")
    assert control.resume(runtime, campaign, "cli:ann").state == "scheduled"


@pytest.mark.usefixtures("run")
def test_pause_all(runtime, folder):
    factories.launched(runtime, folder, factories.people(5), content(name="Autumn"))
    assert control.pause_all(runtime, "cli:ann") == 2
    assert {row["state"] for row in select(runtime, "SELECT state FROM campaign")} == {"paused"}
    assert control.pause_all(runtime, "cli:ann") == 0
