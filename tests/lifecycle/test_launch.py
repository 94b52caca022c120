"""A launch writes exactly the plan's rows, once, whatever interrupted it before."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from campaigns.errors import InputError, StateError, VoidPlanError
from campaigns.ledger import record
from campaigns.lifecycle import control
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.launch import launch
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.submit import discard, store
from campaigns.runtime import Runtime, now_of
from tests import factories
from tests.factories import ENVIRONMENT, checked, content, page, select

pytestmark = pytest.mark.databases("sqlite", "postgresql")

PAGES = {"acme": page(rate=0.05)}


@dataclass(frozen=True)
class Breaking(Runtime):
    """A database that is gone after so many transactions, as when the process is killed."""

    budget: list[int] | None = None

    @contextmanager
    def writing(self):
        if self.budget:
            if self.budget[0] == 0:
                raise InterruptedError
            self.budget[0] -= 1
        with super().writing() as conn:
            yield conn


def state(runtime) -> str:
    return select(runtime, "SELECT state FROM campaign ORDER BY id DESC")[0]["state"]


def interrupted(runtime, campaign, after):
    """Launch, and die after so many transactions."""
    now = factories.now(runtime)
    token = plan(runtime, campaign, ENVIRONMENT, now).plan.token
    with pytest.raises(InterruptedError):
        launch(Breaking(runtime.settings, runtime.engine, [after]), campaign, token, ENVIRONMENT, now=now, actor="test")


def complete(runtime, campaign, people):
    """Whether the ledger holds these people once, in chunks that add up."""
    rows = factories.rows_of(runtime, campaign)
    assert [row["recipient_id"] for row in rows] == [factories.person(n) for n in range(people)]
    assert Counter(row["state"] for row in rows) == {"pending": people}
    assert select(runtime, "SELECT sum(size) AS n FROM chunk")[0]["n"] == people
    assert select(runtime, "SELECT count(*) AS n FROM delivery")[0]["n"] == people
    with runtime.reading() as conn:
        factories.tallies_add_up(conn, campaign.id)


@pytest.fixture
def small_slices(monkeypatch):
    monkeypatch.setattr(record, "SLICE", 4)
    monkeypatch.setattr(record, "SLICE_ALONE", 4)


BREAKS = range(7)


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("after", BREAKS)
def test_an_interrupted_launch_is_begun_again_from_nothing(runtime, folder, after):
    campaign = factories.submitted(runtime, folder, factories.people(12), content(pages=PAGES))
    interrupted(runtime, campaign, after)
    assert state(runtime) == "draft"
    again = factories.let_go(runtime, campaign)
    assert again.state == "sending"
    complete(runtime, again, 12)


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("after", BREAKS)
def test_a_draft_that_takes_the_place_of_an_interrupted_launch_is_not_mixed_with_it(runtime, folder, after):
    interrupted(runtime, factories.submitted(runtime, folder, factories.people(12), content(pages=PAGES)), after)
    changed = factories.submitted(
        runtime, folder, factories.people(7), content(pages=PAGES, message={"text": "Hello {{ first_name }}"})
    )
    complete(runtime, factories.let_go(runtime, changed), 7)


@pytest.mark.usefixtures("small_slices")
def test_a_discarded_interrupted_launch_leaves_no_rows_and_no_files(runtime, folder):
    factories.write_list(folder / "people.csv", factories.people(12))
    draft = checked(runtime, folder, content(pages=PAGES))
    campaign = store(runtime, draft, "test")
    interrupted(runtime, campaign, 4)
    assert select(runtime, "SELECT count(*) AS n FROM delivery")[0]["n"] > 0
    discard(runtime, campaign, draft)
    for table in ("delivery", "chunk", "tally", "campaign", "lane", "page"):
        assert select(runtime, f"SELECT count(*) AS n FROM {table}")[0]["n"] == 0, table
    assert [path for path in runtime.storage.rglob("*") if path.is_file() and path.parent.name != "lists"] == []


@pytest.mark.usefixtures("small_slices")
def test_a_cancelled_interrupted_launch_leaves_nobody_pending(runtime, folder):
    campaign = factories.submitted(runtime, folder, factories.people(12), content(pages=PAGES))
    interrupted(runtime, campaign, 4)
    control.cancel(runtime, campaign, "test")
    assert factories.rows_of(runtime, campaign) == []


def test_another_token_launches_nothing(runtime, folder):
    campaign = factories.submitted(runtime, folder, factories.people(5))
    with pytest.raises(VoidPlanError, match="wrong"):
        launch(runtime, campaign, "wrong", ENVIRONMENT, now=factories.now(runtime), actor="test")
    assert factories.rows_of(runtime, campaign) == []
    assert state(runtime) == "draft"


def test_a_suppression_since_the_plan_changes_the_token(runtime, folder):
    campaign = factories.submitted(runtime, folder, factories.people(5))
    now = factories.now(runtime)
    token = plan(runtime, campaign, ENVIRONMENT, now).plan.token
    with runtime.writing() as conn:
        conn.execute(
            factories.text("INSERT INTO suppression VALUES (:id, 0, 'cli', '', 1)"), {"id": factories.person(2)}
        )
    with pytest.raises(VoidPlanError, match=token):
        launch(runtime, campaign, token, ENVIRONMENT, now=now, actor="test")


def test_a_campaign_is_launched_once(runtime, folder):
    campaign = factories.launched(runtime, folder, factories.people(5))
    with pytest.raises(StateError, match="sending already"):
        launch(runtime, campaign, "other", ENVIRONMENT, now=factories.now(runtime), actor="test")
    complete(runtime, campaign, 5)


def test_a_launch_that_is_said_twice_is_the_same_launch(runtime, folder):
    campaign = factories.submitted(runtime, folder, factories.people(5))
    now = factories.now(runtime)
    token = plan(runtime, campaign, ENVIRONMENT, now).plan.token
    first = launch(runtime, campaign, token, ENVIRONMENT, now=now, actor="test")
    control.pause(runtime, first, "test")
    again = launch(runtime, campaign, token, ENVIRONMENT, now=now, actor="test")
    assert (again.ref, again.state) == (first.ref, "paused")
    assert len(select(runtime, "SELECT * FROM event WHERE kind = 'campaign.launched'")) == 1
    complete(runtime, campaign, 5)


def test_a_cancelled_interrupted_launch_was_none(runtime, folder):
    campaign = factories.submitted(runtime, folder, factories.people(5))
    token = plan(runtime, campaign, ENVIRONMENT, factories.now(runtime)).plan.token
    interrupted(runtime, campaign, 2)
    control.cancel(runtime, campaign, "test")
    with pytest.raises(StateError, match="cancelled already"):
        launch(runtime, campaign, token, ENVIRONMENT, now=factories.now(runtime), actor="test")


def test_nobody_eligible_is_refused_with_the_reasons(runtime, folder):
    rows = factories.people(3, last_inbound_at=1_600_000_000)
    campaign = factories.submitted(runtime, folder, rows)
    with pytest.raises(InputError, match="window has closed"):
        factories.let_go(runtime, campaign)
    assert factories.rows_of(runtime, campaign) == []
    assert state(runtime) == "draft"


def test_a_start_in_the_future_is_waited_for(runtime, folder):
    rows = factories.people(3, last_inbound_at="", window_closes_at="2099-02-01T00:00:00Z")
    file = content(schedule={"start": "2099-01-01 09:00 Europe/Paris"})
    campaign = factories.launched(runtime, folder, rows, file)
    assert (campaign.state, campaign.started_at) == ("scheduled", None)
    with runtime.writing() as conn:
        advance(conn, campaign.start_at - 1)
    assert state(runtime) == "scheduled"
    with runtime.writing() as conn:
        advance(conn, campaign.start_at)
    assert state(runtime) == "sending"


def test_a_passed_deadline_cancels_who_has_had_no_turn(runtime, folder):
    campaign = factories.launched(runtime, folder, factories.people(3))
    with runtime.writing() as conn:
        conn.execute(factories.text("UPDATE campaign SET not_after = :at"), {"at": now_of(conn) - 1})
        advance(conn, now_of(conn))
    assert set(factories.states(runtime, campaign).values()) == {"cancelled(deadline_passed)"}
    assert state(runtime) == "finished"
