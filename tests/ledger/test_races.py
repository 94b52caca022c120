"""Two who write at once, on PostgreSQL: one has not committed yet when the other begins."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, text

from campaigns import locks
from campaigns.errors import StateError
from campaigns.ledger import chunks, evidence, revival, rewording, withdrawal
from campaigns.ledger.claims import claim
from campaigns.ledger.evidence import Proof
from campaigns.ledger.revival import Return
from campaigns.ledger.rewording import Rewording
from campaigns.ledger.settlements import Settlement, settle
from campaigns.ledger.writer import Writer
from campaigns.lifecycle import control
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.change import Wishes, change
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests import factories

pytestmark = pytest.mark.databases("postgresql")

Step = Callable[[Connection], Any]
_WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def crossing(desk, first: Step, second: Step) -> tuple[Any, Any]:
    """Begin `second` when `first` has done its work and not committed; return what both gave."""
    with ThreadPoolExecutor(1) as pool:
        with desk.runtime.writing() as conn:
            gave = first(conn)
            other = pool.submit(write, desk, second)
            waited_for(desk, other)
        return gave, other.result(10)


def write(desk, step: Step) -> Any:
    with desk.runtime.writing() as conn:
        return step(conn)


def waited_for(desk, other: "Future[Any]") -> None:
    """Return once the other transaction is through, or stands before a lock of ours."""
    through = threading.Event()
    other.add_done_callback(lambda _: through.set())
    for _ in range(500):
        with desk.runtime.reading() as conn:
            if conn.execute(_WAITS).scalar_one():
                return
        if through.wait(0.01):
            return
    raise AssertionError("the other transaction neither ends nor waits")


def acquiring(chunk_id: int, owner: str) -> Step:
    return lambda conn: chunks.acquire(conn, chunk_id, owner, now_of(conn))


def claiming(held, name: str, want: int = 50) -> Step:
    return lambda conn: claim(conn, held, lambda row, _i: row, name=name, want=want, now=now_of(conn), after=0)


def settling(held, row, state: DeliveryState = DeliveryState.ACCEPTED, name: str = "claim-1") -> Step:
    done = row.part if state is DeliveryState.ACCEPTED else 0
    return lambda conn: settle(conn, [Settlement(row.id, name, held.place, state, done)])


def test_one_chunk_goes_to_one_worker(desk):
    first, second = crossing(desk, acquiring(1, "here:1"), acquiring(1, "there:1"))
    assert (first.owner, second) == ("here:1", None)


def test_two_chunks_of_an_unproven_lane_are_not_both_taken(desk):
    first, second = crossing(desk, acquiring(1, "here:1"), acquiring(2, "there:1"))
    assert (first.chunk_id, second) == (1, None)


def test_of_a_proven_lane_two_run_and_no_third(desk):
    desk.prove()
    desk.held(1)
    first, second = crossing(desk, acquiring(2, "here:1"), acquiring(3, "there:1"))
    assert (first.chunk_id, second) == (2, None)


def test_a_trial_is_counted_over_both_chunks(desk):
    desk.prove()
    one, two = desk.held(1), desk.held(2)
    desk.write("UPDATE lane SET proven = false, trial = 3")
    first, second = crossing(desk, claiming(one, "a"), claiming(two, "b"))
    assert (len(first.rows), len(second.rows), second.awaiting) == (3, 0, True)


def test_a_probe_is_one_message(desk):
    desk.prove()
    one, two = desk.held(1), desk.held(2)
    desk.write("UPDATE page SET parked_at = 1, parked_code = '190', probe_at = 1")
    first, second = crossing(desk, claiming(one, "a"), claiming(two, "b"))
    assert (len(first.rows), second.held) == (1, False)


def test_a_claim_and_a_sweep_do_not_meet(desk):
    desk.prove()
    held = desk.held()
    _, swept = crossing(desk, claiming(held, "a", 2), lambda conn: chunks.recover(conn, 1, held.owner, now_of(conn)))
    assert swept is None, "the owner lives: the chunk is looked at again"
    assert desk.counts() == {"pending": 10, "sending": 2}
    assert desk.recover(held) == 2


def test_who_claims_while_the_chunk_is_taken_back_gets_nobody(desk):
    desk.prove()
    held = desk.held()
    _, late = crossing(desk, lambda conn: chunks.recover(conn, 1, held.owner, now_of(conn)), claiming(held, "late"))
    assert not late.held
    assert desk.counts() == {"pending": 12}


def test_an_answer_before_the_sweep_stays(desk):
    desk.prove()
    held = desk.held()
    row = desk.claim(held, 1).rows[0]
    crossing(desk, settling(held, row), lambda conn: chunks.recover(conn, 1, held.owner, now_of(conn)))
    desk.recover(held)
    assert desk.row(row.id)["state"] == "accepted"


def test_an_answer_during_the_sweep_counts_as_evidence(desk):
    desk.prove()
    held = desk.held()
    row = desk.claim(held, 1).rows[0]
    _, taken = crossing(desk, lambda conn: chunks.recover(conn, 1, held.owner, now_of(conn)), settling(held, row))
    assert taken == 1
    assert desk.row(row.id)["state"] == "accepted"


def withdrawing(conn: Connection) -> int:
    return withdrawal.withdraw(conn, 1, DeliveryState.CANCELLED, Reason.CANCELLED)


def test_who_is_being_claimed_is_not_cancelled(desk):
    desk.prove()
    held = desk.held()
    crossing(desk, claiming(held, "a", 2), withdrawing)
    write(desk, withdrawing)
    assert desk.counts() == {"sending": 2, "cancelled": 10}


def test_who_is_being_cancelled_is_not_claimed(desk):
    desk.prove()
    held = desk.held()
    _, claimed = crossing(desk, withdrawing, claiming(held, "a", 2))
    assert claimed.rows == []
    assert desk.counts() == {"cancelled": 12}


def test_two_settlements_of_one_call_are_one(desk):
    desk.prove()
    held = desk.held()
    row = desk.claim(held, 1).rows[0]
    taken = crossing(desk, settling(held, row), settling(held, row, DeliveryState.FAILED))
    assert taken == (1, 0)
    assert desk.row(row.id)["state"] == "accepted"


def test_a_campaign_does_not_finish_while_people_come_back(desk):
    desk.prove()
    everybody = [Return(row["id"], "[]", None) for row in factories.rows_of(desk.runtime, desk.campaign)]
    write(desk, withdrawing)

    def bringing_back(conn: Connection) -> int:
        locks.campaign(conn, desk.campaign.id)
        return revival.revive(conn, desk.campaign.id, DeliveryState.CANCELLED, everybody)

    crossing(desk, bringing_back, lambda conn: advance(conn, now_of(conn)))
    assert factories.select(desk.runtime, "SELECT state FROM campaign") == [{"state": "sending"}]


def test_a_chunk_is_not_done_while_people_come_back_to_it(desk):
    desk.prove()
    held = desk.held()
    for row in desk.claim(held).rows:
        desk.settle(held, row, DeliveryState.FAILED, reason=Reason.PROVIDER_ERROR)
    again = [Return(1, "[]", None)]
    crossing(
        desk,
        lambda conn: revival.revive(conn, desk.campaign.id, DeliveryState.FAILED, again),
        lambda conn: chunks.release(conn, held, now_of(conn)),
    )
    assert desk.chunk()["state"] == "ready"


def test_a_verdict_and_an_echo_count_a_row_in_doubt_once(desk):
    desk.prove()
    held = desk.held()
    row = desk.claim(held, 1).rows[0]
    desk.settle(held, row, DeliveryState.UNKNOWN)
    judging = (desk.campaign.id, DeliveryState.ASSUMED_SENT, None, [row.id])
    judged, shown = crossing(
        desk,
        lambda conn: revival.decide(conn, *judging),
        lambda conn: evidence.accept(conn, [Proof(row.id, "m_1", at=7)]),
    )
    assert (judged, shown.accepted, desk.row(row.id)["state"]) == (1, (), "assumed_sent")


def test_who_turns_out_to_have_it_while_the_words_change_is_not_set_aside(desk):
    rows = factories.rows_of(desk.runtime, desk.campaign)
    faulty = [Rewording(row["line"], "[]", Reason.BLANK_VARIABLE) for row in rows]
    _, aside = crossing(
        desk,
        lambda conn: evidence.accept(conn, [Proof(rows[0]["id"], "m_1", at=7)]),
        lambda conn: rewording.reword(conn, desk.campaign.id, faulty),
    )
    assert aside == 11
    assert desk.counts() == {"accepted": 1, "skipped": 11}


def test_a_campaign_that_is_ending_is_not_called_changed(desk):
    def changed(_: Connection) -> str:
        with pytest.raises(StateError, match="is finished; only a launched campaign"):
            change(desk.runtime, desk.campaign, Wishes(rate=0.01), factories.ENVIRONMENT, "ana")
        return "refused"

    ending = "UPDATE campaign SET state = 'finished'"
    assert crossing(desk, lambda conn: conn.execute(text(ending)).rowcount, changed) == (1, "refused")


def test_a_campaign_that_is_being_cancelled_is_not_paused_with_all_others(desk):
    cancelling = text("UPDATE campaign SET state = 'cancelled'")
    crossing(desk, lambda conn: conn.execute(cancelling).rowcount, lambda _: control.pause_all(desk.runtime, "ana"))
    assert factories.select(desk.runtime, "SELECT state FROM campaign") == [{"state": "cancelled"}]


def test_two_clocks_ring_a_chunk_once(desk):
    rung = crossing(desk, *[lambda conn: chunks.ring(conn, 1, 1, now_of(conn), 5)] * 2)
    assert rung == ([1], [])


def test_two_writers_that_wait_for_each_other_both_get_through(desk):
    """One holds the page and wants the lane, the other the lane and wants the page."""
    gates = [threading.Event(), threading.Event()]

    def holding(first: Step, second: Step, mine: int) -> Step:
        def step(conn: Connection) -> str:
            first(conn)
            gates[mine].set()
            gates[1 - mine].wait(5)
            second(conn)
            return "done"

        return step

    def page(conn: Connection) -> None:
        locks.page(conn, 1)

    def lane(conn: Connection) -> None:
        locks.lane(conn, 1, 1)

    writers = [Writer(desk.runtime), Writer(desk.runtime)]
    futures = [writers[0].submit(holding(page, lane, 0)), writers[1].submit(holding(lane, page, 1))]
    assert [future.result(10) for future in futures] == ["done", "done"]
    for writer in writers:
        writer.close()
