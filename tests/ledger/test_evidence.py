"""Evidence is a merge: it moves rows right only, in any order and any number of times."""

from itertools import permutations

import pytest

from campaigns.ledger import evidence, revival
from campaigns.ledger.evidence import Proof, Receipt, Reply
from campaigns.ledger.revival import Return
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests import factories

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ACCEPTED, DELIVERED, READ, FAILED, UNKNOWN, SKIPPED = (
    DeliveryState.ACCEPTED,
    DeliveryState.DELIVERED,
    DeliveryState.READ,
    DeliveryState.FAILED,
    DeliveryState.UNKNOWN,
    DeliveryState.SKIPPED,
)


def accept(desk, *proofs):
    with desk.runtime.writing() as conn:
        return evidence.accept(conn, proofs)


def receive(desk, *receipts):
    with desk.runtime.writing() as conn:
        return evidence.receive(conn, receipts)


def test_an_echo_settles_a_row_in_doubt(desk, held, row):
    desk.settle(held, row, UNKNOWN, code="ServerDisconnectedError")
    assert accept(desk, Proof(row.id, "m_1", at=7)).accepted == (row.id,)
    got = desk.row(row.id)
    assert (got["state"], got["message_ids"], got["accepted_at"], got["part_done"]) == ("accepted", "m_1", 7, 1)


def test_an_echo_is_faster_than_the_answer(desk, held, row):
    accept(desk, Proof(row.id, "m_1", at=7))
    assert desk.row(row.id)["state"] == "accepted"
    assert desk.settle(held, row, UNKNOWN, code="TimeoutError") == 0
    assert desk.row(row.id)["state"] == "accepted"


def test_an_echo_of_a_row_thought_not_sent_keeps_it_from_being_sent_again(desk, held, row):
    desk.settle(held, row, DeliveryState.PENDING, attempt=0)
    accept(desk, Proof(row.id, "m_1", at=7))
    assert row.id not in {each.id for each in desk.claim(held).rows}


@pytest.mark.parametrize("state", [FAILED, SKIPPED])
def test_an_echo_against_our_word_is_a_finding_and_changes_nothing(desk, row, state):
    desk.write("UPDATE delivery SET state = :state, reason = 'window_closed' WHERE id = :id", state=state, id=row.id)
    desk.write("UPDATE tally SET n = n - 1 WHERE state = 'sending'")
    place = {"c": desk.campaign.id, "state": state.value}
    desk.write("INSERT INTO tally VALUES (:c, 1, 1, :state, 'window_closed', 1)", **place)
    assert accept(desk, Proof(row.id, "m_1", at=7)).contradicted == (row.id,)
    assert desk.row(row.id)["state"] == state.value


def test_the_echo_of_a_first_part_lets_the_row_go_on_with_the_second(desk, held, row):
    desk.settle(held, row, UNKNOWN, code="TimeoutError")
    desk.release(held)
    assert accept(desk, Proof(row.id, "m_1", at=7, part=1, parts=2)).accepted == ()
    got = desk.row(row.id)
    assert (got["state"], got["part_done"], got["message_ids"]) == ("pending", 1, "m_1")
    assert desk.chunk()["state"] == "ready"


def test_the_echo_of_a_first_part_of_a_finished_campaign_is_noted_and_sends_nothing(desk, held, row):
    desk.settle(held, row, UNKNOWN, code="TimeoutError")
    desk.write("UPDATE campaign SET state = 'finished'")
    accept(desk, Proof(row.id, "m_1", at=7, part=1, parts=2))
    assert (desk.row(row.id)["state"], desk.row(row.id)["part_done"]) == ("unknown", 1)


def test_a_second_part_must_wait_for_the_first(desk, row):
    assert accept(desk, Proof(row.id, "m_2", at=7, part=2, parts=2)).early == (row.id,)
    assert desk.row(row.id)["state"] == "sending"


def test_message_ids_lead_back_to_their_rows(desk, held, row):
    desk.settle(held, row, UNKNOWN, code="TimeoutError")
    accept(desk, Proof(row.id, "m_1", at=7))
    with desk.runtime.reading() as conn:
        assert evidence.messages(conn, ["m_1", "m_2"]) == {"m_1": row.id}


RECEIPTS = (Receipt(1, DELIVERED, 20), Receipt(1, READ, 30), Receipt(1, READ, 25), Receipt(1, FAILED, 22, code="X"))


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_receipts_in_any_order_end_in_one_row(desk, held, row, order):
    desk.settle(held, row, ACCEPTED, message_ids="m_1", accepted_at=10)
    for at in order:
        receive(desk, RECEIPTS[at])
        receive(desk, RECEIPTS[at])
    got = desk.row(row.id)
    assert (got["state"], got["reason"], got["delivered_at"], got["read_at"]) == ("read", None, 20, 25)


def test_the_provider_may_say_failed_after_it_accepted(desk, held, row):
    desk.settle(held, row, ACCEPTED, message_ids="m_1", accepted_at=10)
    receive(desk, Receipt(row.id, FAILED, 20, Reason.OPTED_OUT, "IG_RECIPIENT_OPTED_OUT"))
    got = desk.row(row.id)
    assert (got["state"], got["reason"], got["provider_code"]) == ("failed", "opted_out", "IG_RECIPIENT_OPTED_OUT")


class TestFailedAfterAll:
    """What Orbit accepted and calls failed later may be sent again, and its old message is spoken of no more."""

    @pytest.fixture
    def failed(self, desk, held, row):
        desk.settle(held, row, ACCEPTED, message_ids="m_1", accepted_at=5)
        self.fails(desk, row, "m_1")
        assert desk.row(row.id)["state"] == "failed"
        return row

    def fails(self, desk, row, mid):
        receive(desk, Receipt(row.id, FAILED, at=9, reason=Reason.PROVIDER_ERROR, code="X", mid=mid))

    def again(self, desk, row):
        with desk.runtime.writing() as conn:
            revival.revive(conn, desk.campaign.id, FAILED, [Return(row.id, "[]", None)])

    def test_its_part_goes_out_once_more(self, desk, held, failed):
        self.again(desk, failed)
        (claimed,) = desk.claim(held, 1).rows
        assert (claimed.id, claimed.part) == (failed.id, 1)

    def test_what_is_said_of_the_first_message_is_not_about_the_second(self, desk, held, failed):
        self.again(desk, failed)
        (claimed,) = desk.claim(held, 1).rows
        desk.settle(held, claimed, ACCEPTED, message_ids="m_1 m_2", accepted_at=6)
        self.fails(desk, failed, "m_1")
        assert desk.row(failed.id)["state"] == "accepted"
        self.fails(desk, failed, "m_2")
        assert desk.row(failed.id)["state"] == "failed"

    def test_a_part_that_is_out_is_not_repeated_for_another(self, desk, held, row):
        desk.settle(held, row, ACCEPTED, part_done=2, message_ids="m_1 m_2", accepted_at=5)
        self.fails(desk, row, "m_1")
        self.again(desk, row)
        assert desk.row(row.id)["state"] == "failed"


def test_a_receipt_says_nothing_of_a_row_in_doubt(desk, held, row):
    desk.settle(held, row, UNKNOWN, code="TimeoutError")
    assert receive(desk, Receipt(row.id, READ, 20)) == 0
    assert desk.row(row.id)["state"] == "unknown"


def test_a_watermark_speaks_of_what_was_sent_before_it(desk, held, row):
    desk.settle(held, row, ACCEPTED, message_ids="m_1", accepted_at=10)
    desk.write("UPDATE delivery SET sent_at = 1000 WHERE id = :id", id=row.id)
    with desk.runtime.writing() as conn:
        assert evidence.up_to(conn, row.sender_id, row.recipient_id, 999) == []
        assert evidence.up_to(conn, row.sender_id, row.recipient_id, 1000) == [row.id]


@pytest.mark.parametrize(
    ("state", "part_done", "waits"),
    [("sending", 0, True), ("unknown", 0, True), ("pending", 1, True), ("pending", 0, False), ("accepted", 1, False)],
)
def test_a_watermark_waits_for_what_is_not_settled(desk, row, state, part_done, waits):
    facts = {"state": state, "part_done": part_done, "id": row.id}
    desk.write("UPDATE delivery SET sent_at = 1000, state = :state, part_done = :part_done WHERE id = :id", **facts)
    with desk.runtime.writing() as conn:
        assert evidence.in_hand(conn, row.sender_id, row.recipient_id, 1000) == waits
        assert not evidence.in_hand(conn, row.sender_id, row.recipient_id, 999)
        conn.rollback()
    desk.write("UPDATE delivery SET state = 'sending', part_done = 0 WHERE id = :id", id=row.id)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("order", list(permutations([(30, "late"), (20, "b"), (20, "a")])))
def test_the_first_answer_stays(desk, row, order):
    for at, words in order:
        with desk.runtime.writing() as conn:
            evidence.answer(conn, [Reply(row.id, at, words)])
    assert (desk.row(row.id)["replied_at"], desk.row(row.id)["reply"]) == (20, "a")


def test_a_later_closing_gives_pending_people_more_time(desk):
    person, before = desk.row(5)["recipient_id"], desk.row(5)["closes_at"]
    for closes_at in (before + 5_000, before + 1_000):
        with desk.runtime.writing() as conn:
            evidence.extend(conn, {(desk.row(5)["sender_id"], person): closes_at})
    assert desk.row(5)["closes_at"] == before + 5_000


def test_many_rows_are_taken_at_once(desk, held):
    rows = desk.claim(held).rows
    with desk.runtime.writing() as conn:
        evidence.accept(conn, [Proof(row.id, f"m_{row.id}", at=7) for row in rows for _ in range(2)])
    assert desk.counts()["accepted"] == len(rows)
    with desk.runtime.reading() as conn:
        assert evidence.messages(conn, [f"m_{n}" for n in range(2_000)]) == {f"m_{row.id}": row.id for row in rows}
        factories.tallies_add_up(conn, desk.campaign.id)


def test_a_settled_message_is_known_by_its_id(desk, held, row):
    desk.settle(held, row, ACCEPTED, message_ids="m_1 m_2")
    with desk.runtime.reading() as conn:
        assert evidence.messages(conn, ["m_2"]) == {"m_2": row.id}
