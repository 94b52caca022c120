"""Claims written together get what each would have got alone."""

import pytest

from campaigns import lanes
from campaigns.ledger.claims import Ask, claim_all
from campaigns.runtime import now_of
from schemas.reason import Reason

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def ask(held, want=1, *, after=0, prepare=lambda row, _i: row):
    return Ask(held, prepare, f"{held.chunk_id}.{held.fence}.1", want, after)


def claim_together(desk, *asks):
    with desk.runtime.writing() as conn:
        return claim_all(conn, asks, now_of(conn))


@pytest.fixture
def two(desk):
    desk.prove()
    return desk.held(1), desk.held(2)


def test_each_gets_rows_of_its_own_chunk_under_its_own_claim(desk, two):
    first, second = two
    claimed = claim_together(desk, ask(second, 2), ask(first))
    assert [[row.id for row in each.rows] for each in claimed] == [[4, 5], [1]]
    assert [desk.row(n)["claim"] for n in (1, 4, 5)] == ["1.1.1", "2.1.1", "2.1.1"]
    assert desk.counts() == {"pending": 9, "sending": 3}


def test_one_that_lost_its_chunk_takes_nothing_from_the_others(desk, two):
    desk.write("UPDATE chunk SET fence = fence + 1 WHERE id = 1")
    lost, kept = claim_together(desk, *map(ask, two))
    assert (lost.held, lost.rows) == (False, [])
    assert [row.id for row in kept.rows] == [4]


def test_who_wants_one_gets_the_next_where_the_first_is_skipped(desk, two):
    skipping = ask(two[0], prepare=lambda row, _i: Reason.BLANK_VARIABLE if row.id == 2 else row, after=1)
    claimed, other = claim_together(desk, skipping, ask(two[1], after=4))
    assert ([row.id for row in claimed.rows], claimed.skipped, claimed.last_id) == ([3], 1, 3)
    assert [row.id for row in other.rows] == [5]
    assert desk.row(2)["reason"] == "blank_variable"


def test_a_chunk_without_more_rows_gets_none(desk, two):
    done, other = claim_together(desk, ask(two[0], after=3), ask(two[1]))
    assert (done.held, done.rows, done.last_id) == (True, [], 3)
    assert [row.id for row in other.rows] == [4]


def test_a_lane_in_doubt_tries_one_message_however_many_ask(desk, two):
    with desk.runtime.writing() as conn:
        lanes.unprove(conn, two[0].campaign_id, two[0].page_id)
    claimed = claim_together(desk, *map(ask, two))
    assert [len(each.rows) for each in claimed] == [1, 0]
    assert claimed[1].awaiting


def test_a_parked_page_is_probed_with_one_message_however_many_ask(desk, two):
    desk.write("UPDATE page SET parked_at = 1, parked_code = '190', probe_at = 1")
    claimed = claim_together(desk, *map(ask, two))
    assert [len(each.rows) for each in claimed] == [1, 0]
    assert not claimed[1].held
