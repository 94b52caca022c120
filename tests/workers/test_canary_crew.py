"""A canary over two pages and several worker processes: never one more than it says, whoever dies."""

import os
import signal

import pytest

from campaigns.lifecycle import control, find
from campaigns.simulator import Scenario, start
from tests import factories
from tests.workers.crew import at_work

CANARY, PEOPLE = 50, 120
"""Of the canary, and on each of two pages."""
RATE = 40

pytestmark = [pytest.mark.long, pytest.mark.databases("postgresql", "sqlite")]


@pytest.fixture
def platform():
    with start(Scenario(cap=4 * RATE, latency=0.2)) as running:
        yield running


@pytest.fixture
def crew(tmp_path, valkey_url, dialect, platform):  # noqa: ARG001 - it sets the environment
    runtime = factories.opened(tmp_path / "home")
    with at_work(runtime, tmp_path, valkey_url, platform) as crew:
        yield crew
    runtime.close()


@pytest.fixture
def campaign(crew, wait_until):
    """A campaign of two pages, launched under the eyes of three workers."""
    url = crew.platform.meta_url
    pages = {"acme": factories.page(url, rate=RATE), "burger": factories.other_page(url, rate=RATE)}
    rows = [row | {"page": name} for name in pages for row in factories.people(PEOPLE)]
    draft = crew.draft(rows, page=None, pages=pages, limits={"canary": CANARY})
    crew.hire(3)
    wait_until(crew.ready, "the workers are there", 20)
    return crew.launch(draft)


def counts(crew, campaign):
    with crew.runtime.reading() as conn:
        factories.tallies_add_up(conn, campaign.id)
    states = [row["state"] for row in factories.rows_of(crew.runtime, campaign)]
    return {state: states.count(state) for state in set(states)}


def held(crew, campaign, wait_until):
    wait_until(lambda: crew.standing(campaign)["state"] == "paused", "it holds", 30)
    return crew.standing(campaign)


def test_it_holds_at_its_number_and_goes_on_to_everybody(crew, campaign, wait_until):
    now = held(crew, campaign, wait_until)
    assert now["sentence"].startswith(f"Canary: the first {CANARY} are out: {CANARY} accepted.")
    assert crew.platform.stats()["accepted"] == CANARY
    assert len({message["account"] for message in crew.platform.accepted()}) == 2
    assert counts(crew, campaign) == {"accepted": CANARY, "pending": 2 * PEOPLE - CANARY}
    with crew.runtime.reading() as conn:
        present = find.by_id(conn, campaign.id)
    control.resume(crew.runtime, present, "test")
    wait_until(lambda: crew.standing(campaign)["state"] == "finished", "all are out", 30)
    assert counts(crew, campaign) == {"accepted": 2 * PEOPLE}
    assert crew.platform.stats()["doubles"] == 0


def test_a_worker_killed_in_the_middle_of_it_makes_it_no_larger(crew, campaign, wait_until):
    wait_until(lambda: crew.platform.stats()["accepted"] >= CANARY // 3, "a third of it is out", 20)
    for worker in crew.workers[:2]:
        os.kill(worker.pid, signal.SIGKILL)
    now = held(crew, campaign, wait_until)
    states = counts(crew, campaign)
    doubtful = states.get("unknown", 0)
    assert states["accepted"] + doubtful == CANARY
    assert f"{doubtful} unknown" in now["sentence"] or not doubtful
    assert crew.platform.stats()["arrivals"] <= CANARY
    assert crew.platform.stats()["doubles"] == 0
