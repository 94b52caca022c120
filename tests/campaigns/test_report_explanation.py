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
    kept = "Nothing. An opt-out in a list holds for that list alone; to have it kept, suppress the person."
    assert told.lines[0].next_step == kept
    assert told.suppressed == [
        "Must not be messaged by the account of page beta since 2026-12-01 14:00:00 UTC, from provider (551)."
    ]


def test_a_person_who_is_suppressed_everywhere(spring):
    spring.person("skipped", "opted_out", chunk=None, recipient_id="1784")
    spring.insert("suppression", {"recipient_id": "1784", "sender_id": 0, "source": "cli", "note": "", "at": NOW})
    assert explained(spring.store(), "1784").suppressed == [
        "Must not be messaged by any account since 2026-12-01 14:00:00 UTC, from cli."
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


def test_who_was_settled_as_not_sent_may_be_retried(spring):
    spring.person("failed", "outcome_unknown", recipient_id="1784", provider_code="timeout")
    line = explained(spring.store("finished"), "1784").lines[0]
    assert line.sentence == "Somebody settled that the message was not sent."
    assert line.next_step == "A retry of those who failed sends it again."


def test_who_is_sent_to_again_is_no_beginner(spring):
    spring.person("pending", recipient_id="1784", attempts=1, sent_at=NOW)
    assert "again" in explained(spring.store(), "1784").lines[0].sentence


def test_a_draft_has_screened_nobody(spring):
    spring.unusable("bad_page", "1784")
    for _ in range(2):
        spring.listed.append(spring.listed[0] | {columns.LINE: len(spring.listed) + 2, columns.RULE: None})
    spring.listed[1] |= {columns.RECIPIENT: "1784"}
    spring.listed[2] |= {columns.RECIPIENT: "1784"}
    spring.person(recipient_id="9")
    told = explained(spring.store("draft", launched_at=None), "1784")
    assert [(line.line, line.state) for line in told.lines] == [(2, "rejected"), (3, "pending"), (4, "duplicate")]
    assert told.lines[1].sentence.startswith("The campaign is a draft: nobody was screened yet")


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


def moments(spring):
    return [moment.sentence for moment in explained(spring, "1784").lines[0].timeline]


def test_what_came_in_stands_in_the_timeline_with_its_message(spring):
    line = spring.person(
        "read", page=2, chunk=2, recipient_id="1784", sent_at=NOW, accepted_at=NOW + 100, delivered_at=NOW + 200,
        read_at=NOW + 300, replied_at=NOW + 400, reply="YES", message_ids="m1",
    )  # fmt: skip
    spring.store()
    spring.heard(line, "echo", at=NOW + 150, mid="m1")
    spring.heard(line, "delivered", at=NOW + 200, mid="", facts='{"mids": ["m1", "m2"]}')
    spring.heard(line, "read", at=NOW + 300, mid="")
    spring.heard(line, "quick_reply", "Yes", "YES", at=NOW + 400, mid="in1")
    spring.heard(line, "message", "STOP", at=NOW + 500, mid="in2", consent="opted_out")
    spring.heard(line, "message", "ok\n    Sent.", at=NOW + 600, mid="in3")
    spring.heard(line, "message", at=NOW + 700, mid="in4")
    assert moments(spring) == [
        "Sent.",
        "Messenger accepted it.",
        "The message came back as an echo [m1].",
        "Messenger delivered it [m1 m2].",
        "The person read it.",
        "The person tapped: Yes (YES) [in1].",
        "The person wrote: STOP [in2]. That counts as an opt-out.",
        "The person wrote: ok Sent. [in3].",
        "The person wrote [in4].",
    ]


def test_a_lost_answer_is_told_with_the_echo_that_proves_the_message(spring):
    line = spring.person(
        "accepted", recipient_id="1784", sent_at=NOW, accepted_at=NOW + 131_000, provider_code="ReadTimeout"
    )
    spring.store()
    spring.heard(line, "echo", at=NOW + 131_000, mid="m1")
    proven = "The answer was lost; the echo of 14:02:11 UTC proves it went out [m1]."
    assert moments(spring) == ["Sent.", proven]
    assert explained(spring, "1784").lines[0].sentence == proven


def test_an_echo_of_the_moment_of_the_answer_proves_nothing_new(spring):
    line = spring.person("accepted", recipient_id="1784", sent_at=NOW, accepted_at=NOW + 100)
    spring.store()
    spring.heard(line, "echo", at=NOW + 100, mid="m1")
    assert moments(spring) == ["Sent.", "Instagram accepted it.", "The message came back as an echo [m1]."]


def test_what_names_no_message_counts_since_the_launch_and_for_the_account(spring):
    spring.person("skipped", "window_closed", chunk=None, recipient_id="1784")
    spring.person("skipped", "window_closed", chunk=None, recipient_id="1785")
    spring.store()
    about = {"person": "1784", "campaign_id": None, "delivery_id": None}
    spring.heard(2, "story_mention", at=NOW, mid="s1", **about)
    spring.heard(2, "story_reply", "wow", at=NOW + 1, mid="s2", **about)
    spring.heard(2, "opted_out", at=NOW + 2, **about)
    spring.heard(2, "reaction", at=NOW + 3, **about)
    spring.heard(2, "message", "long ago", at=NOW - 86_400_000, **about)
    spring.heard(2, "message", "to another account", **about | {"sender_id": 2})
    spring.heard(3, "message", "of somebody else", **about | {"person": "1785"})
    assert moments(spring) == [
        "The person mentioned the account in a story [s1].",
        "The person replied to a story: wow [s2].",
        "The person opted out by the platform's own switch.",
    ]


def test_a_status_of_the_provider_is_a_receipt_or_its_own_word(spring):
    line = spring.person(
        "failed", "person_unavailable", page=2, chunk=2, recipient_id="1784", sent_at=NOW, accepted_at=NOW + 1,
        delivered_at=NOW + 2, provider_code="131026",
    )  # fmt: skip
    spring.store()
    spring.heard(line, "status", at=NOW + 2, mid="m1", provider="orbit", facts='{"status": "delivered"}')
    spring.heard(line, "status", at=NOW + 3, mid="m1", provider="orbit", facts='{"status": "failed", "code": "131026"}')
    assert moments(spring) == [
        "Sent.",
        "Messenger accepted it.",
        "Messenger delivered it [m1].",
        "Orbit reports: failed (131026) [m1].",
    ]


def test_instagram_delivers_nothing_in_the_timeline_either(spring):
    line = spring.person("read", recipient_id="1784", sent_at=NOW, accepted_at=NOW, read_at=NOW + 9, delivered_at=NOW)
    spring.store()
    spring.heard(line, "delivered", at=NOW, mid="m1")
    spring.heard(line, "read", at=NOW + 9, mid="m1")
    assert moments(spring) == ["Sent.", "Instagram accepted it.", "The person saw it [m1]."]


def test_a_moment_to_come_is_that_of_the_arrival(spring):
    line = spring.person("accepted", recipient_id="1784", sent_at=NOW, accepted_at=NOW)
    spring.store()
    spring.heard(line, "message", "soon", at=NOW + 86_400_000, received_at=NOW + 5)
    assert explained(spring, "1784").lines[0].timeline[-1].at == "2026-12-01T14:00:00.005Z"
