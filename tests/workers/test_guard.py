"""The guard never delays an honest pace, and stops a bug."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bucket import Pace
from workers.guard import Guard


async def passed(guard: Guard, paces: list[Pace], times: list[float], clock) -> int:
    """How many sends pass at these loop times."""
    count = 0
    for moment in times:
        clock(moment)
        if guard.has_room(paces):
            await guard.enter(paces)
            count += 1
    return count


def run(paces: list[Pace], times: list[float]) -> int:
    async def inside():
        loop = asyncio.get_running_loop()
        began, now = loop.time(), [0.0]
        real, loop.time = loop.time, lambda: began + now[0]
        try:
            return await passed(Guard(), paces, times, lambda moment: now.__setitem__(0, moment))
        finally:
            loop.time = real

    return asyncio.run(inside())


@given(st.sampled_from([0.05, 1.2, 36.0, 300.0]), st.lists(st.floats(0, 0.999), min_size=1, max_size=60))
def test_slots_up_to_an_interval_late_all_pass(rate, late):
    times = sorted((i + delay) / rate for i, delay in enumerate(late))
    assert run([Pace("page", "", rate)], times) == len(times)


@pytest.mark.parametrize(("rate", "most"), [(36.0, 39), (300.0, 309)])
def test_a_runaway_loop_is_held_to_the_rate(rate, most):
    assert run([Pace("page", "", rate)], [i / 10_000 for i in range(10_001)]) <= most


def test_every_limiting_bucket_counts_and_a_pausing_one_does_not():
    ample, tight, app = Pace("page", "", 1000.0), Pace("key", "", 1.0), Pace("app", "", None)
    assert run([ample, app, tight], [0.0] * 10) == 2
    assert run([app], [0.0] * 10) == 10


def test_a_changed_rate_begins_anew():
    async def inside():
        guard = Guard()
        slow, fast = Pace("page", "", 1.0), Pace("page", "", 100.0)
        for _ in range(2):
            await guard.enter([slow])
        return guard.has_room([slow]), guard.has_room([fast])

    assert asyncio.run(inside()) == (False, True)
