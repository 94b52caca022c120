"""Pause and cancel in mid-send: what is in flight is named, and the ledger knows exactly who got it."""

import time
from datetime import datetime

import pytest

from campaigns import report
from campaigns.lifecycle import control, find
from campaigns.simulator import Scenario, start
from tests import factories
from tests.workers.crew import at_work

RATE = 60.0
EACH = 900
SETTLES = 1.0
"""Seconds after a verb within which the last slots leased before it are gone."""

pytestmark = [pytest.mark.long, pytest.mark.databases("sqlite", "postgresql")]


@pytest.fixture
def crew(tmp_path, valkey_url, dialect):  # noqa: ARG001 - it sets the environment
    runtime = factories.opened(tmp_path / "home")
    with (
        start(Scenario(cap=2 * RATE, latency=0.5)) as platform,
        at_work(runtime, tmp_path, valkey_url, platform) as crew,
    ):
        yield crew
    runtime.close()


def present(crew, campaign):
    with crew.runtime.reading() as conn:
        return find.by_id(conn, campaign.id)


def status(crew, campaign):
    with crew.runtime.reading() as conn:
        return report.status(conn, campaign.id, factories.now(crew.runtime))


def got_it(crew, campaign):
    """Return who has it by the ledger."""
    return {who for who, state in factories.states(crew.runtime, campaign).items() if state == "accepted"}


def at_the_platform(crew, campaign):
    everybody = factories.states(crew.runtime, campaign).keys()
    return {message["recipient_id"] for message in crew.platform.accepted()} & everybody


def settled(crew, campaign, wait_until):
    wait_until(lambda: status(crew, campaign).in_flight == 0, "nothing is in flight")


def test_who_got_it_is_known_after_a_pause_and_after_a_cancel(crew, wait_until):
    crew.hire(2)
    wait_until(crew.ready, "the workers are there", 20)
    page = {"acme": factories.page(crew.platform.meta_url, rate=RATE)}
    drafts = [crew.draft(range(n * EACH, (n + 1) * EACH), name=f"c{n}", pages=page) for n in range(2)]
    first, second = (crew.launch(draft) for draft in drafts)
    wait_until(lambda: crew.platform.stats()["accepted"] > 4 * RATE, "both send", 20)

    change = control.pause(crew.runtime, first, "test")
    paused, had = time.time(), len(got_it(crew, first))
    assert 0 < change.in_flight <= 64
    settled(crew, first, wait_until)
    assert got_it(crew, first) == at_the_platform(crew, first)
    assert len(got_it(crew, first)) <= had + change.in_flight
    wait_until(lambda: max(crew.arrived(second)) > paused + 3, "the other sends")
    assert max(crew.arrived(first)) < paused + SETTLES + 0.5, "the platform answers after half a second"

    cancelled = control.cancel(crew.runtime, present(crew, second), "test")
    assert cancelled.in_flight > 0
    settled(crew, second, wait_until)
    wait_until(lambda: status(crew, second).counts["pending"] == 0, "what came back is withdrawn")
    assert got_it(crew, second) == at_the_platform(crew, second)
    counts = status(crew, second).counts
    assert counts["accepted"] + counts["cancelled"] == EACH

    control.resume(crew.runtime, present(crew, first), "test")
    sent = len(got_it(crew, first))
    wait_until(lambda: len(got_it(crew, first)) > sent + 3 * RATE, "it goes on")
    told = status(crew, first)
    left = told.counts["pending"] + told.counts["sending"]
    assert datetime.fromisoformat(told.eta).timestamp() - time.time() == pytest.approx(left / RATE, rel=0.2, abs=1)
    wait_until(lambda: crew.standing(first)["state"] == "finished", "all are out", 30)
    assert got_it(crew, first) == at_the_platform(crew, first)
    assert len(got_it(crew, first)) == EACH
    assert crew.platform.stats()["doubles"] == 0
