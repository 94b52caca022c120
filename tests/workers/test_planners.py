"""A clock has series planned by processes of their own, one for each, and is held up by none."""

import pytest

from tests import factories
from tests.factories import ENVIRONMENT, select
from tests.lifecycle.repetition import file
from workers import planners
from workers.clock import Clock
from workers.planners import Planners


@pytest.fixture
def runtime(tmp_path):
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def series(runtime, tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", ENVIRONMENT["ACME_TOKEN"])
    return factories.launched(runtime, tmp_path, factories.people(3), file(runtime))


def moments(runtime):
    return [row["state"] for row in select(runtime, "SELECT state FROM occurrence")]


def ended(own):
    own.start([])
    return not own.running


def test_what_is_due_is_planned_by_a_process_of_its_own(runtime, series, wait_until):
    own = Planners(runtime.settings.home)
    own.start([series.ref])
    own.start([series.ref])
    assert own.running == {series.ref}
    wait_until(lambda: moments(runtime) == ["launched"], "it is launched", 30)
    wait_until(lambda: ended(own), "the process has ended")


def test_the_clock_starts_it_and_then_the_campaign(runtime, series, wait_until):
    clock = Clock(runtime, None, 0)
    clock._have_planned()
    assert clock.planners.running == {series.ref}
    wait_until(lambda: moments(runtime) == ["launched"], "it is launched", 30)
    clock._have_planned()
    wait_until(lambda: ended(clock.planners), "the process has ended")
    clock._have_planned()
    assert clock.planners.running == frozenset()


def test_one_that_fails_is_not_started_again_at_once(runtime, monkeypatch, wait_until):
    own = Planners(runtime.settings.home)
    own.start(["nobody"])
    wait_until(lambda: ended(own), "it has failed", 30)
    own.start(["nobody"])
    assert own.running == frozenset()
    later = planners.time.monotonic() + planners.PATIENCE
    monkeypatch.setattr(planners.time, "monotonic", lambda: later)
    own.start(["nobody"])
    assert own.running == {"nobody"}
    for process in own._running.values():
        process.kill()
        process.wait()
