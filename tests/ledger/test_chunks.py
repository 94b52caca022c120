"""Who runs which chunk: bells, leases, fences, crashes."""

import pytest

from campaigns.ledger import chunks
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState


def ring(desk, limit=10, later=0):
    with desk.runtime.writing() as conn:
        return chunks.ring(conn, 1, 1, now_of(conn) + later, limit)


def lane(desk):
    with desk.runtime.writing() as conn:
        return chunks.running(conn)


def test_no_more_bells_than_chunks_that_may_run(desk):
    desk.prove()
    assert ring(desk) == [1, 2]
    assert ring(desk) == []


def test_an_unproven_lane_gets_one_bell(desk):
    assert ring(desk) == [1]
    assert ring(desk) == []


def test_no_more_bells_than_are_asked_for(desk):
    desk.prove()
    assert ring(desk, limit=1) == [1]
    assert ring(desk, limit=0) == []


def test_a_bell_that_nobody_answered_is_rung_again_after_thirty_seconds(desk):
    desk.prove()
    assert ring(desk) == [1, 2]
    assert ring(desk, later=29_000) == []
    assert ring(desk, later=31_000) == [1, 2]


@pytest.mark.parametrize(
    ("hold", "go_on"),
    [
        ("UPDATE campaign SET hold_until = 9000000000000", "UPDATE campaign SET hold_until = NULL"),
        ("UPDATE campaign SET state = 'paused'", "UPDATE campaign SET state = 'sending'"),
    ],
)
def test_a_bell_that_came_while_the_campaign_held_is_rung_again_at_once(desk, hold, go_on):
    assert ring(desk) == [1]
    desk.write(hold)
    assert desk.acquire(1) is None
    assert ring(desk) == []
    desk.write(go_on)
    assert ring(desk) == [1]


def test_running_chunks_and_bells_count_together_draining_ones_do_not(desk):
    desk.prove()
    held = desk.held(1)
    assert ring(desk) == [2]
    with desk.runtime.writing() as conn:
        chunks.drain(conn, held)
    assert ring(desk) == [3]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE campaign SET state = 'paused'",
        "UPDATE page SET parked_at = 1, parked_code = '190'",
        "UPDATE chunk SET due_at = 9000000000000",
        "UPDATE chunk SET state = 'stopped'",
    ],
)
def test_what_may_not_run_is_neither_rung_nor_acquired(desk, change):
    desk.write(change)
    assert ring(desk) == []
    assert desk.acquire() is None


def test_a_parked_page_whose_probe_is_due_is_rung(desk):
    desk.write("UPDATE page SET parked_at = 1, parked_code = '190', probe_at = 1")
    assert ring(desk) == [1]
    assert desk.acquire() is not None


def test_one_owner_at_a_time_and_a_rising_fence(desk):
    desk.prove()
    first = desk.held(owner="here:1")
    assert desk.acquire(owner="here:2") is None
    desk.release(first)
    second = desk.held(owner="here:2")
    assert second.fence == first.fence + 1


def test_one_chunk_of_an_unproven_lane_runs_two_of_a_proven_one(desk):
    desk.held(1)
    assert desk.acquire(2) is None
    desk.prove()
    desk.held(2)
    assert desk.acquire(3) is None


def test_the_next_chunk_follows_in_order(desk):
    desk.prove()
    held = desk.held(1)
    with desk.runtime.writing() as conn:
        chunks.drain(conn, held)
        following = chunks.acquire_next(conn, held, now_of(conn))
    assert following.chunk_id == 2


def test_a_lease_is_renewed_only_by_its_owner(desk):
    held = desk.held()
    before = desk.chunk()["lease_until"]
    with desk.runtime.writing() as conn:
        assert chunks.renew(conn, held, now_of(conn) + 10_000)
    assert desk.chunk()["lease_until"] > before
    desk.recover(held)
    with desk.runtime.writing() as conn:
        assert not chunks.renew(conn, held, now_of(conn))


def test_a_chunk_with_nothing_left_is_done(desk):
    held = desk.held()
    for row in desk.claim(held).rows:
        desk.settle(held, row, DeliveryState.ACCEPTED)
    desk.release(held)
    chunk = desk.chunk()
    assert (chunk["state"], chunk["owner"], chunk["lease_until"]) == ("done", None, None)


def test_a_released_chunk_is_ready_at_once(desk):
    desk.release(desk.held())
    assert (desk.chunk()["state"], desk.chunk()["due_at"]) == ("ready", None)


def test_a_chunk_whose_rows_are_all_deferred_comes_back_with_the_first_of_them(desk):
    held = desk.held()
    later = 9_000_000_000_000
    for i, row in enumerate(desk.claim(held).rows):
        desk.settle(held, row, DeliveryState.PENDING, due_at=later + i)
    desk.release(held, due_at=5)
    assert (desk.chunk()["state"], desk.chunk()["due_at"]) == ("ready", later)


def test_a_chunk_with_some_rows_deferred_waits_for_none_of_them(desk):
    desk.prove()
    held = desk.held()
    desk.settle(held, desk.claim(held, 1).rows[0], DeliveryState.PENDING, due_at=9_000_000_000_000)
    desk.release(held)
    assert (desk.chunk()["state"], desk.chunk()["due_at"]) == ("ready", None)


def test_a_release_by_an_old_fence_changes_nothing(desk):
    old = desk.held()
    desk.recover(old)
    new = desk.held(owner="here:2")
    desk.release(old, crashed=True)
    chunk = desk.chunk()
    assert (chunk["state"], chunk["owner"], chunk["fence"], chunk["crashes"]) == ("running", "here:2", new.fence, 1)


def test_a_row_that_its_run_forgot_is_in_doubt_when_the_chunk_is_given_back(desk):
    held = desk.held()
    desk.claim(held)
    desk.release(held)
    assert desk.counts() == {"pending": 9, "unknown": 3}
    assert desk.chunk()["state"] == "done"


def test_three_crashes_stop_a_chunk_with_a_sentence(desk):
    for expected in ("ready", "ready", "stopped"):
        desk.release(desk.held(), crashed=True)
        assert desk.chunk()["state"] == expected
    assert "resume" in desk.chunk()["sentence"]


def test_the_death_of_worker_after_worker_lets_a_chunk_wait_before_it_stops(desk):
    waits = []
    for _ in range(5):
        desk.recover(desk.held(), now=1_000)
        waits.append(desk.chunk()["due_at"])
    assert waits == [None, None, 31_000, 121_000, 481_000]
    assert desk.chunk()["sentence"] == "5 workers died, one after the other, before any answer came"
    desk.recover(desk.held())
    assert (desk.chunk()["state"], desk.chunk()["sentence"][:6]) == ("stopped", "6 runs")


def test_who_waits_after_such_deaths_goes_on_at_a_resume(desk):
    for _ in range(3):
        desk.recover(desk.held())
    assert desk.acquire() is None
    with desk.runtime.writing() as conn:
        assert chunks.restart(conn, 1) == 1
    assert desk.held()
    assert desk.chunk()["crashes"] == 0


def test_a_crash_with_nobody_left_stops_nothing(desk):
    desk.write("UPDATE chunk SET crashes = 2")
    held = desk.held()
    for row in desk.claim(held).rows:
        desk.settle(held, row, DeliveryState.PENDING, attempt=0)
    desk.write("UPDATE delivery SET state = 'cancelled' WHERE chunk_id = 1")
    desk.write("UPDATE tally SET state = 'cancelled' WHERE chunk_id = 1 AND n > 0")
    desk.release(held, crashed=True)
    assert desk.chunk()["state"] == "done"


def test_restart_gives_a_stopped_chunk_three_more(desk):
    desk.write("UPDATE chunk SET state = 'stopped', crashes = 3, sentence = 'x' WHERE id = 1")
    with desk.runtime.writing() as conn:
        assert chunks.restart(conn, 1) == 1
    chunk = desk.chunk()
    assert (chunk["state"], chunk["crashes"], chunk["sentence"]) == ("ready", 0, None)


def test_recovery_doubts_what_was_on_the_wire_and_only_that(desk):
    desk.prove()
    held = desk.held()
    desk.claim(held, 2)
    assert desk.recover(held) == 2
    assert desk.counts() == {"pending": 10, "unknown": 2}
    chunk, row = desk.chunk(), desk.row(1)
    assert (chunk["state"], chunk["crashes"], chunk["owner"]) == ("ready", 1, None)
    assert (row["provider_code"], row["attempts"]) == ("interrupted", 1)


def test_recovery_returns_a_row_whose_part_never_opened(desk):
    desk.prove()
    held = desk.held()
    desk.claim(held, 1)
    desk.write("UPDATE delivery SET part_open = part_done WHERE id = 1")
    assert desk.recover(held) == 0
    assert (desk.row(1)["state"], desk.row(1)["claim"]) == ("pending", None)


def test_recovery_happens_once(desk):
    held = desk.held()
    desk.claim(held)
    assert desk.recover(held) == 3
    assert desk.recover(held) is None
    assert desk.chunk()["crashes"] == 1


def test_recovery_of_a_chunk_that_another_owner_has_meanwhile_leaves_it_alone(desk):
    held = desk.held(owner="here:1")
    desk.release(held)
    desk.held(owner="here:2")
    assert desk.recover(held) is None
    assert desk.chunk()["owner"] == "here:2"
    assert [chunk.owner for chunk in lane(desk)] == ["here:2"]
