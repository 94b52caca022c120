"""A claim says who may be called, screens once more, and asks for everybody's leave first."""

import pytest

from campaigns import lanes, pages, suppression
from campaigns.ledger import chunks
from campaigns.ledger.claims import Hold
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests.factories import person

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def test_a_claim_takes_the_first_rows_and_says_so_durably(desk):
    desk.prove()
    held = desk.held()
    claimed = desk.claim(held, want=2)
    assert [row.recipient_id for row in claimed.rows] == [person(0), person(1)]
    assert (claimed.held, claimed.awaiting, claimed.skipped, claimed.last_id) == (True, False, 0, 2)
    row = desk.row(1)
    assert (row["state"], row["claim"], row["part_open"], row["part_done"]) == ("sending", desk.last_claim, 1, 0)
    assert desk.counts() == {"pending": 10, "sending": 2}


def test_who_is_held_back_after_a_throttle_waits_for_the_hours_alone(desk):
    desk.prove()
    held = desk.held()
    desk.settle(held, desk.claim(held, 1).rows[0], DeliveryState.PENDING, code="613", attempt=0)
    desk.claim(held, 1, prepare=lambda _row, _i: Hold(9_999_999_999_999))
    assert desk.row(1)["due_at"] == 9_999_999_999_999
    with desk.runtime.writing() as conn:
        chunks.hurry(conn, desk.campaign.id, held=True)
    assert desk.row(1)["due_at"] is None


def test_nobody_is_claimed_twice(desk):
    desk.prove()
    held = desk.held()
    assert [row.id for row in desk.claim(held, want=2).rows] == [1, 2]
    assert [row.id for row in desk.claim(held, want=2).rows] == [3]
    assert desk.claim(held, want=2).rows == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE campaign SET state = 'paused'",
        "UPDATE campaign SET state = 'cancelled'",
        "UPDATE chunk SET fence = fence + 1",
        "UPDATE chunk SET state = 'ready'",
        "UPDATE page SET parked_at = 1, parked_code = '190'",
        "UPDATE campaign SET not_after = 1",
    ],
)
def test_a_claim_gets_nobody_once_leave_is_withdrawn(desk, change):
    desk.prove()
    held = desk.held()
    desk.write(change)
    claimed = desk.claim(held)
    assert (claimed.held, claimed.rows) == (False, [])
    assert desk.counts() == {"pending": 12}


def test_who_opted_out_since_is_seen_by_the_claim(desk):
    desk.prove()
    held = desk.held()
    with desk.runtime.writing() as conn:
        suppression.add(conn, person(1), source="cli", now=now_of(conn))
        suppression.add(conn, person(2), 99, source="cli", now=now_of(conn))
    claimed = desk.claim(held, prepare=lambda row, _i: Reason.OPTED_OUT if row.opted_out else row)
    assert [row.recipient_id for row in claimed.rows] == [person(0), person(2)]
    assert (desk.row(2)["state"], desk.row(2)["reason"]) == ("skipped", "opted_out")


def test_slots_of_the_skipped_go_to_the_next(desk):
    desk.prove()
    held = desk.held()
    seen = []

    def prepare(row, i):
        seen.append((row.id, i))
        return Reason.WINDOW_CLOSED if row.id == 1 else row

    assert [row.id for row in desk.claim(held, 2, prepare=prepare).rows] == [2, 3]
    assert seen == [(1, 0), (2, 0), (3, 1)]


def test_who_has_had_a_part_is_failed_not_skipped(desk):
    desk.prove()
    held = desk.held()
    desk.write("UPDATE delivery SET part_done = 1, part_open = 1 WHERE id = 1")
    desk.claim(held, 1, prepare=lambda row, _i: Reason.WINDOW_CLOSED if row.id == 1 else row)
    assert (desk.row(1)["state"], desk.row(1)["reason"]) == ("failed", "window_closed")


def test_a_prepare_that_raises_changes_nothing(desk):
    desk.prove()
    held = desk.held()

    def prepare(row, _i):
        if row.id == 2:
            raise ZeroDivisionError
        return row

    with pytest.raises(ZeroDivisionError):
        desk.claim(held, prepare=prepare)
    assert desk.counts() == {"pending": 12}


def test_a_deferred_row_is_left_until_it_is_due(desk):
    desk.prove()
    held = desk.held()
    desk.write("UPDATE delivery SET due_at = :at WHERE id = 1", at=2**52)
    assert [row.id for row in desk.claim(held).rows] == [2, 3]


def test_an_unproven_lane_sends_three_and_waits(desk):
    held = desk.held()
    assert len(desk.claim(held).rows) == 3
    desk.write("UPDATE chunk SET state = 'draining' WHERE id = 1")
    following = desk.held(2)
    waiting = desk.claim(following)
    assert (waiting.held, waiting.awaiting, waiting.rows) == (True, True, [])


def test_an_unproven_lane_tries_again_once_nothing_is_out(desk):
    held = desk.held()
    for row in desk.claim(held, 2).rows:
        desk.settle(held, row, DeliveryState.UNKNOWN)
    assert [row.id for row in desk.claim(held).rows] == [3]


def test_after_doubt_one_is_tried(desk):
    desk.prove()
    held = desk.held()
    with desk.runtime.writing() as conn:
        lanes.unprove(conn, held.campaign_id, held.page_id)
    assert len(desk.claim(held).rows) == 1
    assert desk.claim(held).awaiting


@pytest.fixture
def parked(desk):
    desk.prove()
    held = desk.held()
    with desk.runtime.writing() as conn:
        pages.park(conn, held.page_id, "190", "The token is invalid.", now_of(conn))
        pages.probe(conn, held.page_id, now_of(conn))
    return held


def test_a_probe_lets_one_row_of_a_parked_page_through(desk, parked):
    assert len(desk.claim(parked).rows) == 1
    assert not desk.claim(parked).held


def test_a_probe_is_not_spent_where_there_was_nobody_to_send_to(desk, parked):
    assert desk.claim(parked, prepare=lambda _row, _i: Reason.OPTED_OUT).rows == []
    desk.write("UPDATE chunk SET state = 'draining' WHERE id = 1")
    following = desk.held(2)
    assert len(desk.claim(following).rows) == 1


def test_an_old_fence_claims_nothing(desk):
    desk.prove()
    old = desk.held()
    desk.recover(old)
    new = desk.held(owner="here:2")
    assert new.fence > old.fence
    assert not desk.claim(old).held
    with desk.runtime.writing() as conn:
        assert not chunks.renew(conn, old, now_of(conn))
