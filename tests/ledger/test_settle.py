"""Evidence is taken whoever brings it, as long as the row still carries its claim; nothing else moves a row."""

import pytest

from campaigns import contacts
from campaigns.contacts import Heard
from campaigns.ledger.settlements import Settlement, settle
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests import factories

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = 86_400_000
ACCEPTED, FAILED, PENDING, UNKNOWN = (
    DeliveryState.ACCEPTED,
    DeliveryState.FAILED,
    DeliveryState.PENDING,
    DeliveryState.UNKNOWN,
)


def test_accepted(desk, held, row):
    assert desk.settle(held, row, ACCEPTED, message_ids="m_1", request_id="r", accepted_at=5) == 1
    got = desk.row(row.id)
    assert (got["state"], got["message_ids"], got["request_id"], got["accepted_at"]) == ("accepted", "m_1", "r", 5)
    assert (got["attempts"], got["part_done"], got["part_open"]) == (1, 1, 1)


def test_what_the_platform_said_before_it_accepted_does_not_stand_beside_accepted(desk, held, row):
    desk.settle(held, row, PENDING, code="613", attempt=0)
    again = desk.claim(held, 1).rows[0]
    assert desk.row(row.id)["provider_code"] == "613"
    desk.settle(held, again, ACCEPTED, message_ids="m_1")
    assert desk.row(row.id)["provider_code"] is None


def test_failed_has_its_reason_and_raises_the_try(desk, held, row):
    desk.settle(held, row, FAILED, reason=Reason.NO_SUCH_PERSON, code="100-2018001", retry=1)
    got = desk.row(row.id)
    assert (got["state"], got["reason"], got["provider_code"]) == ("failed", "no_such_person", "100-2018001")
    assert (got["attempts"], got["tries"]) == (1, 1)


def _by_window(row, _slot):
    return Reason.WINDOW_CLOSED if row.closes_at == 1 else row


class TestTooLate:
    """The platform refuses a message because the window has closed."""

    def wrote(self, desk, row):
        with desk.runtime.writing() as conn:
            now = now_of(conn) + 60_000
            said = Heard("instagram", factories.ACCOUNT, row.recipient_id, now, DAY, "message", "in-1", "webhook")
            contacts.hear(conn, [said], now)
        return now + DAY

    def refused(self, desk, held, row):
        return desk.settle(held, row, FAILED, reason=Reason.WINDOW_CLOSED, code="10", retry=1)

    def test_who_wrote_during_the_call_is_sent_to_once_more(self, desk, held, row):
        closes_at = self.wrote(desk, row)
        self.refused(desk, held, row)
        got = desk.row(row.id)
        assert (got["state"], got["reason"], got["closes_at"], got["tries"]) == ("pending", None, closes_at, 1)
        (again,) = desk.claim(held, 1).rows
        assert again.id == row.id
        self.refused(desk, held, again)
        assert desk.row(row.id)["state"] == "failed"

    def test_who_wrote_before_the_call_has_had_that_window(self, desk, held, row):
        desk.settle(held, row, PENDING, attempt=0)
        desk.write("UPDATE delivery SET closes_at = 1 WHERE id = :id", id=row.id)
        self.wrote(desk, row)
        (again,) = desk.claim(held, 1, prepare=_by_window).rows
        self.refused(desk, held, again)
        assert desk.row(row.id)["state"] == "failed"

    def test_who_has_not_written_has_failed(self, desk, held, row):
        self.refused(desk, held, row)
        assert desk.row(row.id)["state"] == "failed"

    def test_a_window_that_has_closed_again_helps_nobody(self, desk, held, row):
        self.wrote(desk, row)
        desk.write("UPDATE contact SET closes_at = 3")
        desk.write("UPDATE delivery SET closes_at = 2 WHERE id = :id", id=row.id)
        self.refused(desk, held, row)
        assert desk.row(row.id)["state"] == "failed"

    def test_of_what_was_taken_back_a_refusal_stays_evidence(self, desk, held, row):
        self.wrote(desk, row)
        desk.recover(held)
        assert self.refused(desk, held, row) == 1
        assert desk.row(row.id)["state"] == "failed"


def test_a_throttled_row_returns_and_nothing_is_counted(desk, held, row):
    desk.settle(held, row, PENDING, code="613", attempt=0)
    got = desk.row(row.id)
    assert (got["state"], got["attempts"], got["tries"], got["part_open"]) == ("pending", 0, 0, 0)


def test_an_unknown_keeps_its_part_open(desk, held, row):
    desk.settle(held, row, UNKNOWN, code="ServerDisconnectedError")
    got = desk.row(row.id)
    assert (got["state"], got["part_open"], got["part_done"]) == ("unknown", 1, 0)


@pytest.mark.parametrize(("state", "facts"), [(ACCEPTED, {"message_ids": "m_1"}), (FAILED, {"reason": Reason.BAD_ID})])
def test_evidence_of_an_old_fence_is_taken(desk, held, row, state, facts):
    claim = desk.last_claim
    assert desk.recover(held) == 1
    desk.held(owner="here:2")
    assert desk.settle(held, row, state, claim, **facts) == 1
    assert (desk.row(row.id)["state"], desk.row(row.id)["attempts"]) == (state.value, 1)


@pytest.mark.parametrize("state", [PENDING, UNKNOWN])
def test_an_old_fence_returns_nothing_and_doubts_nothing(desk, held, row, state):
    desk.recover(held)
    assert desk.settle(held, row, state) == 0
    assert (desk.row(row.id)["state"], desk.row(row.id)["provider_code"]) == ("unknown", "interrupted")


def test_an_old_fence_that_saw_a_part_accepted_leaves_the_row_in_doubt_without_that_part(desk, held, row):
    desk.recover(held)
    assert desk.settle(held, row, PENDING, part_done=1, message_ids="m_1") == 0
    got = desk.row(row.id)
    assert (got["state"], got["part_done"], got["part_open"], got["message_ids"]) == ("unknown", 1, 1, "m_1")


@pytest.mark.parametrize("state", [ACCEPTED, FAILED, PENDING, UNKNOWN])
def test_a_row_with_another_claim_is_not_touched(desk, held, row, state):
    old = desk.last_claim
    desk.settle(held, row, PENDING)
    desk.claim(held, 1)
    assert desk.settle(held, row, state, old) == 0
    assert desk.row(row.id)["state"] == "sending"


@pytest.mark.parametrize("state", [FAILED, PENDING, UNKNOWN, ACCEPTED])
@pytest.mark.parametrize("stands", ["accepted", "delivered", "read", "cancelled", "assumed_sent"])
def test_what_stands_is_not_overwritten(desk, held, row, state, stands):
    desk.write("UPDATE delivery SET state = :state WHERE id = :id", state=stands, id=row.id)
    desk.write("UPDATE tally SET n = n - 1 WHERE state = 'sending' AND chunk_id = 1")
    desk.write("INSERT INTO tally VALUES (1, 1, 1, :state, '', 1)", state=stands)
    assert desk.settle(held, row, state) == 0
    assert desk.row(row.id)["state"] == stands


def test_the_first_of_two_settlements_counts(desk, held, row):
    with desk.runtime.writing() as conn:
        facts = {"id": row.id, "claim": desk.last_claim, "place": held.place}
        taken = settle(
            conn,
            [Settlement(state=ACCEPTED, part_done=1, **facts), Settlement(state=UNKNOWN, part_done=0, **facts)],
        )
    assert taken == 1
    assert desk.row(row.id)["state"] == "accepted"


def test_a_late_one_does_not_keep_its_neighbours_from_being_settled(desk, held):
    rows = desk.claim(held).rows
    name = desk.last_claim
    desk.settle(held, rows[1], ACCEPTED)
    with desk.runtime.writing() as conn:
        assert settle(conn, [Settlement(row.id, name, held.place, ACCEPTED, 1) for row in rows]) == 2
    assert desk.counts() == {"pending": 9, "accepted": 3}
    assert {desk.row(row.id)["attempts"] for row in rows} == {1}


def test_a_settled_row_forgets_the_crashes_of_its_chunk(desk, held, row):
    desk.write("UPDATE chunk SET crashes = 2")
    desk.settle(held, row, PENDING, attempt=0)
    assert desk.chunk()["crashes"] == 2
    again = desk.claim(held, 1).rows[0]
    desk.settle(held, again, ACCEPTED)
    assert desk.chunk()["crashes"] == 0
