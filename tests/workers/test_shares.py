"""Campaigns on one page share it by their weights: the real script on a clock of the test's own."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
import redis

from tests.workers.test_throttle_exact import SECOND, Model
from workers.lease import Share

EARLY = 120_000
"""Microseconds before the end of its slots at which a run asks for more, as `workers.sender.course` does."""


@dataclass(frozen=True)
class Campaign:
    """Two runs ask for it from second `begins` to second `ends`, for slots of all buckets of `through`."""

    name: str
    weight: float
    begins: float = 0.0
    ends: float = 1e9
    through: tuple[str, ...] = ("page",)


def sent(
    model: Model, campaigns: Sequence[Campaign], seconds: float, want: int = 9
) -> Iterator[tuple[float, str, int]]:
    """Yield when slots were leased (seconds from the start), by whom, and how many."""
    began = model.now
    asking = [
        (began + int(each.begins * SECOND) + 1_000 * n, n, each) for n, each in enumerate((*campaigns, *campaigns))
    ]
    heapq.heapify(asking)
    while asking and asking[0][0] < began + seconds * SECOND:
        at, n, each = heapq.heappop(asking)
        if at - began >= each.ends * SECOND:
            continue
        model.now = max(at, model.now)
        ((count, start, step, *_),) = model.lease((each.through, want), share=Share(each.name, each.weight))
        if count:
            yield (start - began) / SECOND, each.name, count
            start += count * step - EARLY
        heapq.heappush(asking, (max(start, model.now + 1_000), n, each))


def counted(leases: Sequence[tuple[float, str, int]], since: float = 0.0, until: float = 1e9) -> Counter[str]:
    total: Counter[str] = Counter()
    for at, name, count in leases:
        total[name] += count if since <= at < until else 0
    return total


@pytest.fixture
def model(valkey_url: str) -> Iterator[Model]:
    with redis.Redis.from_url(valkey_url) as client:
        yield Model(client)


@pytest.mark.parametrize("weights", [(1, 1), (3, 1), (1, 5), (2, 1, 1), (0.5, 1.5)])
def test_pages_are_shared_by_weight(model, weights):
    campaigns = [Campaign(f"c{n}", weight) for n, weight in enumerate(weights)]
    total = counted(list(sent(model, campaigns, 180)))
    for each in campaigns:
        assert total[each.name] / total.total() == pytest.approx(each.weight / sum(weights), rel=0.02)


def test_nothing_is_lost_by_sharing(model):
    alone = counted(list(sent(model, [Campaign("c0", 1)], 30))).total()
    model.__post_init__()
    shared = counted(list(sent(model, [Campaign("c0", 3), Campaign("c1", 1)], 30))).total()
    assert shared == pytest.approx(alone, rel=0.01)


def test_who_comes_later_has_no_claim_on_the_past(model):
    leases = list(sent(model, [Campaign("c0", 1), Campaign("c1", 1, begins=20)], 40))
    late = counted(leases, since=21)
    assert late["c1"] / late.total() == pytest.approx(0.5, rel=0.03)


def test_who_stops_leaves_the_page_to_the_others(model):
    leases = list(sent(model, [Campaign("c0", 1, ends=10), Campaign("c1", 1)], 30))
    assert counted(leases, since=12, until=28) == Counter(c1=counted(leases, since=12, until=28).total())
    per_second = counted(leases, since=12, until=28)["c1"] / 16
    assert per_second == pytest.approx(counted(leases, until=10).total() / 10, rel=0.03)
    assert counted(leases, since=10.2, until=11.2)["c1"] > 0.85 * per_second, "at once"


def test_who_is_held_lower_by_a_limit_of_its_own_leaves_the_rest_to_the_others(model):
    slow = Campaign("c0", 3, through=("page", "key"))
    total = counted(list(sent(model, [slow, Campaign("c1", 1)], 60)))
    assert total["c0"] == pytest.approx(60 * 1.2, abs=3)
    # Each of its slots is taken up to a quarter of a second ahead, and those before it are nobody's.
    assert total["c1"] > 0.8 * 60 * (36 - 1.2)


def test_a_limit_above_its_share_changes_nothing(model):
    total = counted(list(sent(model, [Campaign("c0", 1, through=("page", "ceiling")), Campaign("c1", 3)], 60)))
    assert total["c0"] / total.total() == pytest.approx(0.25, rel=0.05)


def test_nobody_owes_the_others_more_than_a_second(model):
    slow, free = Campaign("c0", 1, ends=30, through=("page", "key")), Campaign("c0", 1, begins=30)
    leases = list(sent(model, [slow, free, Campaign("c1", 1)], 50))
    assert counted(leases, since=31, until=32)["c1"] > 0
    assert counted(leases, since=33)["c1"] / counted(leases, since=33).total() == pytest.approx(0.5, rel=0.03)


def test_shares_are_forgotten(model):
    list(sent(model, [Campaign("c0", 1), Campaign("c1", 1)], 2))
    assert 0 < model.client.pttl("page:shares") <= 10_000
