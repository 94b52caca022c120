"""A campaign that repeats: what its launch, its plan and its standing say, and when it ends."""

from datetime import UTC, datetime

import pytest

from campaigns.errors import InputError, StateError
from campaigns.lifecycle import control
from campaigns.lifecycle.launch import launch
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.recognise import recognise
from campaigns.lifecycle.submit import store
from campaigns.report.series import repetition
from campaigns.report.standing import status
from tests import factories
from tests.factories import ENVIRONMENT, content
from tests.lifecycle.repetition import (
    DAY,
    HOUR,
    LONG_AGO,
    MINUTE,
    does,
    due,
    file,
    launched,
    only,
    present,
    tick,
    written,
)

both = pytest.mark.databases("sqlite", "postgresql")


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
