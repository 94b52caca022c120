"""A long backlog is applied while campaigns send: on SQLite they find as much time between its slices as it takes."""

import time
from itertools import pairwise

import pytest
from sqlalchemy import event

from campaigns.inbound.apply import SLICE

pytestmark = pytest.mark.databases("sqlite")

SLICES = 3


@pytest.fixture
def spells(post):
    """When the database was written to: pairs of moments."""
    spells = []
    event.listen(post.runtime.engine, "begin", lambda _: spells.append([time.monotonic()]))
    event.listen(post.runtime.engine, "commit", lambda _: spells[-1].append(time.monotonic()))
    return spells


def come(post):
    post.come(*(post.says(str(10**16 + n), "hello", seconds=n) for n in range(SLICE * SLICES)))


def test_a_campaign_that_sends_finds_its_turn(post, spells):
    come(post)
    assert len(spells) == SLICES
    for (began, ended), (following, _) in pairwise(spells):
        # The commit belongs to the spell, and the clock begins only with the lock.
        assert following - ended > 0.5 * (ended - began)


def test_where_none_sends_nothing_is_waited_for(post, spells):
    post.write("UPDATE campaign SET state = 'paused'")
    spells.clear()
    come(post)
    # Whoever waits does so after every slice; a machine that is busy elsewhere does not.
    assert any(following[0] - ended < 0.5 * (ended - began) for (began, ended), following in pairwise(spells))
