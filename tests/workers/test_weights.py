"""Two campaigns share one page by weight: real workers, judged by when messages arrive at the platform."""

import time
from bisect import bisect_left

import pytest

from campaigns.lifecycle import control
from campaigns.simulator import Scenario, start
from tests import factories
from tests.workers.crew import at_work

RATE = 60.0
SETTLED = 2.0
"""Seconds after which nothing of the start is left to see."""


@pytest.fixture(scope="module")
def running_platform():
    with start() as running:
        yield running


@pytest.fixture
def platform(running_platform):
    running_platform.change(**Scenario(cap=2 * RATE, latency=0.05).model_dump(mode="json"))
    running_platform.reset()
    return running_platform


@pytest.fixture
def crew(tmp_path, valkey_url, platform, dialect):  # noqa: ARG001 - it sets the environment
    runtime = factories.opened(tmp_path / "home")
    with at_work(runtime, tmp_path, valkey_url, platform) as crew:
        yield crew
    runtime.close()


def both(crew, heavy, light):
    """Launch two campaigns at once, of weights 3 and 1, for so many people."""
    page = {"acme": factories.page(crew.platform.meta_url, rate=RATE)}
    ranges = range(heavy), range(heavy, heavy + light)
    drafts = [
        crew.draft(people, name=f"weight {weight}", limits={"weight": weight}, pages=page)
        for people, weight in zip(ranges, (3, 1), strict=True)
    ]
    return [crew.launch(draft) for draft in drafts]


def counted(times, since, until):
    """Return how many of these times lie in [since, until)."""
    return bisect_left(times, until) - bisect_left(times, since)


def share(crew, campaigns, since, until):
    """Return the first campaign's part of what arrived in a span, and messages per second of both."""
    counts = [counted(crew.arrived(campaign), since, until) for campaign in campaigns]
    return counts[0] / sum(counts), sum(counts) / (until - since)


def test_a_page_is_shared_and_goes_to_the_other_when_one_is_paused(crew, wait_until):
    crew.hire()
    wait_until(crew.ready, "the worker is there")
    heavy, light = both(crew, 1000, 1000)
    wait_until(lambda: crew.platform.stats()["accepted"] > 3 * RATE, "they have sent for three seconds")
    before = time.time()
    change = control.pause(crew.runtime, heavy, "test")
    at = time.time()
    wait_until(lambda: max(crew.arrived(light)) > at + 2, "the other has the page")
    first = min(crew.arrived(light))
    part, pace = share(crew, (heavy, light), first + 1, before)
    assert part == pytest.approx(0.75, abs=0.08)
    assert pace > 0.9 * RATE
    assert change.in_flight <= RATE
    assert counted(crew.arrived(heavy), at + 1, at + 9) == 0
    alone = counted(crew.arrived(light), at + 1, at + 2)
    assert alone > 0.9 * RATE


@pytest.mark.long
def test_three_to_one_is_kept_within_two_hundredths(crew, wait_until):
    crew.hire(2)
    wait_until(crew.ready, "the workers are there")
    heavy, light = both(crew, round(27 * 0.75 * RATE), round(27 * 0.25 * RATE + 4 * RATE))
    wait_until(lambda: crew.standing(light)["state"] == "finished", "both are out", 60)
    first, last = crew.arrived(light)[0], crew.arrived(heavy)[-1]
    part, pace = share(crew, (heavy, light), first + SETTLED, last)
    after = counted(crew.arrived(light), last + 1, last + 3) / 2
    assert part == pytest.approx(0.75, rel=0.02)
    assert pace > 0.95 * RATE
    assert after > 0.95 * RATE
    assert crew.platform.stats()["doubles"] == 0
