"""What came back: receipts, answers, taps and opt-outs of one campaign, in numbers."""

import json

import pytest

from campaigns import report
from campaigns.report import replies
from campaigns.report.replies import Answered, answered
from tests.campaigns.report_factory import NOW, Spring

pytestmark = pytest.mark.databases("sqlite", "postgresql")

YES_OR_NO = json.dumps(
    {"parts": [{"text": "Hi", "quick_replies": [{"title": "Yes, please", "payload": "YES"}, {"title": "No"}]}]}
)


@pytest.fixture
def spring(tmp_path, dialect):  # noqa: ARG001 - it sets the environment
    return Spring(tmp_path)


def reached(spring, n, state="accepted", **facts):
    return [spring.person(state, **({"accepted_at": NOW} | facts)) for _ in range(n)]


def told(spring):
    with spring.connected() as conn:
        written = report.write(conn, spring.folder, 1, spring.folder / "out", NOW)
        counted = answered(conn, 1)
    # Both ways to count, that of `status` and that of the report, are one truth.
    back = written.summary.replies
    assert counted == Answered(back.replied, back.opted_out, back.wrote, back.tapped)
    return json.loads((spring.folder / "out/summary.json").read_text())["replies"]


def answer(spring, line, kind="message", said="Hello", payload="", *, at=NOW + 60_000, stop=False):
    """Let the person of a line answer, and the row know of it as `inbound` leaves it."""
    spring.heard(line, kind, said, payload, at=at, consent="opted_out" if stop else None)
    spring.change(
        "UPDATE delivery SET replied_at = :at WHERE line = :line AND (replied_at IS NULL OR replied_at > :at)",
        at=at, line=line,
    )  # fmt: skip


def test_answers_are_people_not_messages(spring):
    lines = reached(spring, 8)
    spring.store()
    for at in (60_000, 90_000):
        answer(spring, lines[0], at=NOW + at)
    answer(spring, lines[1], at=NOW + 30_000)
    answer(spring, lines[2], "quick_reply", "Yes", "YES", at=NOW + 20_000)
    answer(spring, lines[2], at=NOW + 40_000)
    back = told(spring)
    assert (back["accepted"], back["replied"], back["rate"]) == (8, 3, 0.375)
    assert (back["wrote"], back["tapped"], back["opted_out"]) == (3, 1, 0)
    assert back["median_seconds"] == 30.0, "of 20, 30 and 60 seconds"


def test_an_answer_before_the_last_part_was_accepted_took_no_time(spring):
    (line,) = reached(spring, 1)
    spring.store()
    answer(spring, line, at=NOW - 5_000)
    assert told(spring)["median_seconds"] == 0


def test_taps_are_counted_by_payload_and_title(spring):
    lines = reached(spring, 6)
    spring.store(message=YES_OR_NO)
    for line in lines[:3]:
        answer(spring, line, "quick_reply", "Yes, please", "YES")
    answer(spring, lines[0], "quick_reply", "Yes, please", "YES", at=NOW + 70_000)
    answer(spring, lines[3], "quick_reply", "Yes, pl", "YES")
    answer(spring, lines[4], "quick_reply", "", "YES")
    answer(spring, lines[5], "postback", "Get started", "START")
    shown = [(each["title"], each["payload"], each["people"], each["offered"]) for each in told(spring)["buttons"]]
    assert shown == [("Yes, please", "YES", 5, True), ("Get started", "START", 1, False), ("No", "No", 0, True)]


def test_the_same_payload_under_another_title_is_another_answer(spring):
    lines = reached(spring, 2)
    spring.store(message=YES_OR_NO)
    answer(spring, lines[0], "quick_reply", "Yes, please", "YES")
    answer(spring, lines[1], "quick_reply", "Oui", "YES")
    assert {(each["title"], each["people"]) for each in told(spring)["buttons"] if each["payload"] == "YES"} == {
        ("Yes, please", 1),
        ("Oui", 1),
    }


def test_an_opt_out_counts_where_it_was_taken_for_one(spring):
    lines = reached(spring, 4)
    spring.store()
    answer(spring, lines[0], said="STOP", stop=True)
    answer(spring, lines[0], said="stop!", at=NOW + 70_000, stop=True)
    answer(spring, lines[1], "quick_reply", "Stop", "STOP", stop=True)
    answer(spring, lines[2], said="stop by tomorrow")
    spring.heard(lines[2], "message", "START", consent="opted_in")
    spring.heard(None, "message", "STOP", consent="opted_out", person="1")
    back = told(spring)
    assert (back["opted_out"], back["replied"]) == (2, 3)


def test_another_campaigns_answers_and_receipts_are_no_answers_here(spring):
    line, _ = reached(spring, 2)
    spring.store()
    for kind in ("echo", "delivered", "read", "reaction"):
        spring.heard(line, kind)
    spring.heard(line, "message", campaign_id=2)
    back = told(spring)
    assert (back["wrote"], back["replied"], back["rate"]) == (0, 0, 0)


def test_instagram_never_tells_of_a_delivery(spring):
    reached(spring, 3)
    reached(spring, 2, "read", read_at=NOW, delivered_at=NOW)
    back = told(spring.store(pages=["acme"]))
    assert (back["delivery_known"], back["delivered"], back["read"]) == (0, None, 2)


def test_of_two_channels_a_delivery_is_known_for_one(spring):
    reached(spring, 3, "read")
    reached(spring, 4, page=2, chunk=2)
    reached(spring, 2, "delivered", page=2, chunk=2)
    reached(spring, 1, "read", page=2, chunk=2)
    back = told(spring.store())
    assert (back["accepted"], back["delivery_known"], back["delivered"], back["read"]) == (10, 7, 3, 4)
    assert back["pages"]["acme"]["delivered"] is None
    assert (back["pages"]["beta"]["delivered"], back["pages"]["beta"]["read"]) == (3, 1)


def test_pages_and_variants_add_up(spring):
    for page, variant, n in ((1, "a", 4), (1, "b", 3), (2, "a", 2), (2, "b", 1)):
        reached(spring, n, page=page, chunk=page, variant=variant)
    spring.store(message=YES_OR_NO)
    answer(spring, 2)
    answer(spring, 3, "quick_reply", "No", "No")
    answer(spring, 6, said="STOP", stop=True)
    answer(spring, 9)
    back = told(spring)
    names = ("accepted", "replied", "wrote", "tapped", "opted_out")
    for parts in (back["pages"], back["variants"]):
        assert {name: sum(part[name] for part in parts.values()) for name in names} == {
            name: back[name] for name in names
        }
    assert back["pages"]["beta"] | {"accepted": 3, "replied": 1, "wrote": 1} == back["pages"]["beta"]
    assert back["variants"]["b"] | {"accepted": 4, "replied": 1, "opted_out": 1} == back["variants"]["b"]


def test_without_variants_there_are_none(spring):
    reached(spring, 2)
    assert told(spring.store())["variants"] == {}


def test_an_answer_to_a_message_in_doubt_proves_nothing(spring):
    reached(spring, 1)
    line = spring.person("unknown")
    spring.store()
    answer(spring, line)
    back = told(spring)
    assert (back["replied"], back["rate"], back["doubtful"], back["wrote"]) == (0, 0, 1, 1)


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_nobody_reached_is_no_rate(spring, state):
    spring.person(state)
    back = told(spring.store())
    assert (back["rate"], back["median_seconds"], back["delivered"]) == (None, None, None)


def test_everybodys_old_buttons_make_no_endless_table(spring):
    reached(spring, 1)
    spring.store()
    for number in range(80):
        answer(spring, 2, "postback", f"Old {number}", f"P{number}", at=NOW + number)
    assert len(told(spring)["buttons"]) == 50


def test_status_says_in_a_line_who_answered(spring):
    lines = reached(spring, 40)
    spring.store()
    with spring.connected() as conn:
        assert not replies.told(conn, 1, 40)
    answer(spring, lines[0])
    with spring.connected() as conn:
        assert replies.told(conn, 1, 40) == "Replies: 1 (2.5 %)."
    answer(spring, lines[1], said="STOP", stop=True)
    with spring.connected() as conn:
        assert replies.told(conn, 1, 40) == "Replies: 2 (5.0 %), 1 opted out."
        assert replies.told(conn, 1, 0) == "Replies: 2, 1 opted out."
