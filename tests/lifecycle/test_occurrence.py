"""A moment that has come is one campaign, planned when it comes, whatever is killed when."""

import fcntl
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from campaigns import contacts
from campaigns.contacts import Heard
from campaigns.lifecycle.launch import launched_plan
from campaigns.lifecycle.occurrence import ATTEMPTS, work
from campaigns.lifecycle.submit import store
from campaigns.report.standing import status
from tests import factories
from tests.factories import ACCOUNT, ENVIRONMENT, content, person, select
from tests.lifecycle.aftermath import Breaking, write
from tests.lifecycle.repetition import (
    DAY,
    HOUR,
    LONG_AGO,
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
