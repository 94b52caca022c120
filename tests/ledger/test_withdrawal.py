"""Taking back what has not been sent, and returning what a message's own fault made fail."""

import pytest

from campaigns.ledger import withdrawal
from schemas.delivery import DeliveryState
from schemas.reason import Reason

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def withdraw(desk):
    with desk.runtime.writing() as conn:
        return withdrawal.withdraw(conn, 1, DeliveryState.CANCELLED, Reason.CANCELLED)


def test_only_pending_rows_are_withdrawn(desk):
    held = desk.held()
    rows = desk.claim(held).rows
    desk.settle(held, rows[0], DeliveryState.ACCEPTED)
    assert withdraw(desk) == 9
    assert desk.counts() == {"accepted": 1, "sending": 2, "cancelled": 9}
    assert desk.row(12)["reason"] == "cancelled"
    assert withdraw(desk) == 0


def test_a_few_chunks_a_transaction(desk, monkeypatch):
    monkeypatch.setattr(withdrawal, "CHUNKS", 3)
    assert [withdraw(desk), withdraw(desk), withdraw(desk)] == [9, 3, 0]


def test_waiting_chunks_are_done_and_a_running_one_is_left_to_its_owner(desk):
    held = desk.held(1)
    withdraw(desk)
    assert [desk.chunk(n)["state"] for n in (1, 2)] == ["running", "done"]
    desk.release(held)
    assert desk.chunk(1)["state"] == "done"


def test_a_withdrawn_row_is_not_brought_back_by_a_late_answer(desk):
    held = desk.held()
    row = desk.claim(held).rows[0]
    name = desk.last_claim
    desk.settle(held, row, DeliveryState.PENDING, attempt=0)
    withdraw(desk)
    assert desk.settle(held, row, DeliveryState.ACCEPTED, name) == 0
    assert desk.row(row.id)["state"] == "cancelled"


def test_refused_rows_return_with_their_chunk_and_others_stay(desk):
    held = desk.held()
    codes = [(Reason.MESSAGE_REJECTED, "100"), (Reason.MESSAGE_REJECTED, "506"), (Reason.NO_SUCH_PERSON, "100")]
    for row, (reason, code) in zip(desk.claim(held).rows, codes, strict=True):
        desk.settle(held, row, DeliveryState.FAILED, reason=reason, code=code)
    desk.release(held)
    assert desk.chunk()["state"] == "done"
    with desk.runtime.writing() as conn:
        assert withdrawal.failed_with(conn, 1, "100") == 1
        withdrawal.return_failed(conn, 1, "100")
        assert withdrawal.failed_with(conn, 1, "100") == 0
    assert desk.counts() == {"pending": 10, "failed": 2}
    assert desk.chunk()["state"] == "ready"
    assert (desk.row(1)["claim"], desk.row(1)["reason"]) == (None, None)
