from hypothesis import given
from hypothesis import strategies as st

from campaigns.simulator.limit import Busiest, Limit, tolerant

# Sixty-fourths of a second, so that sums and differences are exact.
gaps = st.lists(st.integers(0, 96), min_size=1, max_size=120)


def times_of(steps: list[int]) -> list[float]:
    now, times = 0, []
    for step in steps:
        now += step
        times.append(now / 64)
    return times


@given(
    steps=gaps, most=st.integers(1, 6), seconds=st.sampled_from([0.5, 1.0, 3.0]), penalty=st.sampled_from([0, 0.25, 1])
)
def test_limit_agrees_with_looking_at_the_whole_history(steps, most, seconds, penalty):
    limit = Limit(most, seconds, penalty)
    admitted: list[float] = []
    refused: list[float] = []
    for now in times_of(steps):
        crowded = sum(now - seconds < at <= now for at in admitted) >= most
        in_disgrace = bool(refused) and now < refused[-1] + penalty
        wait = limit.wait(now)
        assert (wait == 0) == (not crowded and not in_disgrace)
        (refused if wait else admitted).append(now)


@given(steps=gaps, most=st.integers(1, 6), penalty=st.sampled_from([0, 0.25, 1]))
def test_who_waits_as_told_is_admitted(steps, most, penalty):
    limit = Limit(most, 1.0, penalty)
    for now in times_of(steps):
        if wait := limit.wait(now):
            break
    else:
        return
    assert limit.wait(now + wait) == 0


def test_going_on_lengthens_the_block():
    limit = Limit(1, 1.0, penalty=1.0)
    assert limit.wait(0.0) == 0
    assert all(limit.wait(tenth / 10) > 0 for tenth in range(1, 50))
    assert limit.wait(5.9) == 0


@given(steps=gaps)
def test_busiest_second_is_the_most_in_any_second_that_ends_with_an_arrival(steps):
    busiest, times = Busiest(), times_of(steps)
    for now in times:
        busiest.add(now)
    assert busiest.most == max(sum(end - 1 < at <= end for at in times) for end in times)


def test_a_cap_lets_one_per_cent_and_one_more_through():
    assert [tolerant(cap) for cap in (1, 40, 80, 100, 0.05)] == [2, 41, 81, 102, 1]
