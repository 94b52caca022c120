"""One person in one campaign: every fact, in sentences."""

import pytest

from campaigns import report
from campaigns.errors import InputError
from schemas import recipient_list as columns
from tests.campaigns.report_factory import NOW, Spring

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def spring(tmp_path, dialect):  # noqa: ARG001 - it sets the environment
    return Spring(tmp_path)


def explained(spring, recipient_id):
    with spring.connected() as conn:
        return report.explain(conn, spring.folder, 1, recipient_id)


def test_a_person_who_saw_the_message(spring):
    closes = NOW + 3_600_000
    spring.person(
        "read", recipient_id="1784", attempts=1, message_ids="m1", request_id="r1", sent_at=NOW, accepted_at=NOW + 150,
        delivered_at=NOW + 200, read_at=NOW + 9_000, replied_at=NOW + 10_000, reply="YES", closes_at=closes,
        **{columns.INBOUND_AT: closes - 86_400_000},
    )  # fmt: skip
    spring.store()
    spring.insert(
        "event", {"at": NOW - 1, "campaign_id": 1, "kind": "campaign.launched", "actor": "a", "sentence": "Go."}
    )
    told = explained(spring, "1784")
    line = told.lines[0]
    assert (line.line, line.page, line.state, line.message_ids) == (2, "acme", "read", ["m1"])
    assert line.sentence == "Instagram accepted the message and the person saw it."
    assert line.window_source == "the list's column last_inbound_at (2026-11-30 15:00:00 UTC)"
    assert line.delivered_at is None
    assert [moment.sentence for moment in line.timeline] == [
        "Go.",
        "Sent.",
        "Instagram accepted it.",
        "The person saw it.",
        "The person wrote back: YES",
        "The messaging window closes.",
    ]


def test_a_person_who_was_refused_and_is_suppressed(spring):
    spring.person("failed", "opted_out", page=2, chunk=2, recipient_id="1784", provider_code="551")
    spring.store()
    spring.insert(
        "suppression", {"recipient_id": "1784", "sender_id": 2, "source": "provider", "note": "551", "at": NOW}
    )
    told = explained(spring, "1784")
    assert told.lines[0].reason_sentence == "The person opted out."
    assert told.lines[0].next_step == "Nothing: a person who opted out is never messaged."
    assert told.suppressed == [
        "Must not be messaged by the account of page beta since 2026-12-01 14:00:00 UTC, from provider (551)."
    ]


def test_one_person_on_two_pages_and_twice_in_the_list(spring):
    spring.person("accepted", recipient_id="1784", accepted_at=NOW)
    spring.person("pending", page=2, chunk=2, recipient_id="1784")
    spring.double()
    told = explained(spring.store(), "1784")
    assert [(line.line, line.page, line.state) for line in told.lines] == [
        (2, "acme", "accepted"),
        (3, "beta", "pending"),
        (4, None, "duplicate"),
    ]


def test_a_rejected_row_is_found_by_its_value(spring):
    spring.person()
    spring.unusable("damaged_id", "1.78E+16")
    line = explained(spring.store(), "1.78E+16").lines[0]
    assert (line.state, line.reason) == ("rejected", "damaged_id")
    assert line.next_step == "Export the list again with the id column as text."


def test_the_plan_says_why_a_row_is_no_delivery(spring):
    spring.person()
    spring.unusable("wrong_page", "gamma")
    assert (
        explained(spring.store(), "gamma").lines[0].reason_sentence
        == "The line names a page this campaign does not know."
    )


def test_somebody_who_is_not_on_the_list(spring):
    spring.person()
    spring.store()
    with pytest.raises(InputError, match="does not name 999"):
        explained(spring, "999")


@pytest.mark.parametrize("state", ["pending", "sending", "accepted", "skipped", "failed", "unknown", "assumed_sent"])
def test_every_state_has_a_sentence(spring, state):
    spring.person(state, recipient_id="1784")
    assert explained(spring.store(), "1784").lines[0].sentence
