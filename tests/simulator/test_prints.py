from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from campaigns.simulator.prints import Prints


@given(things=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 300)), max_size=400))
def test_counts_like_a_counter(things):
    prints, counter = Prints(), Counter()
    for thing in things:
        counter[thing] += 1
        assert prints.add(thing) == counter[thing]
    assert len(prints) == len(counter)


def test_keeps_counts_through_growth_and_stops_at_255():
    prints = Prints()
    for person in range(60_000):
        assert prints.add(("page", person)) == 1
        if person % 97 == 0:
            assert prints.add(("page", person)) == 2
    assert len(prints) == 60_000
    assert all(prints.add(("page", person)) == 3 for person in range(0, 60_000, 97))
    assert [prints.add("one") for _ in range(300)] == [*range(1, 256), *[255] * 45]


def test_twenty_thousand_things_take_less_than_half_a_megabyte():
    prints = Prints()
    for person in range(20_000):
        prints.add(("page", person))
    slots = sum(len(shard.words) for shard in prints._shards)
    assert slots * 9 < 500_000
