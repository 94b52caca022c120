"""A claim counts once more what each person had lately, of campaigns that reached them since the plan."""

import threading

import pytest

from campaigns.ledger.claims import Ask, claim_all
from campaigns.runtime import now_of
from schemas.campaign_file import PerPerson
from schemas.reason import Reason
from tests import factories
from tests.factories import person

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = 86_400_000
ONCE = PerPerson(count=1, days=7)


def prepare(row, _i):
    return Reason.FREQUENCY_CAP if row.capped else row


@pytest.fixture
def crossing(desk, tmp_path):
    """Another campaign to the same twelve people, each of whom it reached so many days ago (None: not at all)."""
    desk.prove()

    def made(*days, name="Crossing", state="accepted"):
        other = factories.launched(desk.runtime, tmp_path, factories.people(12), factories.content(name=name))
        for n, ago in enumerate(days):
            if ago is not None:
                at = factories.now(desk.runtime) - round(ago * DAY)
                desk.write(
                    "UPDATE delivery SET state = :state, sent_at = :at WHERE id = :id",
                    state=state,
                    at=at,
                    id=other.first_id + n,
                )
        # What the fixture compares in the end is about the campaign on the desk alone.
        return other

    return made


def claimed(desk, held, cap, want=50, after=0):
    with desk.runtime.writing() as conn:
        return claim_all(conn, [Ask(held, prepare, f"c{want}.{after}", want, after, cap)], now_of(conn))[0]


def test_who_was_reached_by_another_campaign_meanwhile_is_skipped(desk, crossing):
    crossing(1, None, 8)
    found = claimed(desk, desk.held(), ONCE)
    assert [row.recipient_id for row in found.rows] == [person(1), person(2)]
    assert (found.skipped, desk.row(1)["state"], desk.row(1)["reason"]) == (1, "skipped", "frequency_cap")
    assert desk.row(2)["state"] == "sending"


def test_so_is_one_of_a_page_that_claims_one_by_one(desk, crossing):
    crossing(1)
    held = desk.held()
    first = claimed(desk, held, ONCE, want=1)
    assert (first.skipped, [row.recipient_id for row in first.rows]) == (1, [person(1)])


def test_so_many_are_allowed(desk, crossing):
    crossing(1, 1)
    crossing(2, None, name="Second")
    found = claimed(desk, desk.held(), PerPerson(count=2, days=7))
    assert [row.recipient_id for row in found.rows] == [person(1), person(2)]


def test_without_a_cap_nobody_is_counted(desk, crossing):
    crossing(1, 1, 1)
    assert len(claimed(desk, desk.held(), None).rows) == 3


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        ("sending", True),
        ("unknown", True),
        ("assumed_sent", True),
        ("read", True),
        ("failed", False),
        ("pending", False),
    ],
)
def test_what_may_have_arrived_counts(desk, crossing, state, counts):
    crossing(1, state=state)
    assert claimed(desk, desk.held(), ONCE).skipped == counts


def test_who_has_had_a_part_gets_the_others(desk, crossing):
    crossing(1)
    desk.write("UPDATE delivery SET part_done = 1, part_open = 1 WHERE id = 1")
    assert claimed(desk, desk.held(), ONCE).skipped == 0


@pytest.mark.databases("postgresql")
def test_two_campaigns_that_claim_one_person_at_once_see_each_other(desk, crossing):
    other = crossing()
    desk.write("UPDATE lane SET proven = true")
    there = factories.select(desk.runtime, "SELECT MIN(id) AS id FROM chunk WHERE campaign_id = :id", id=other.id)[0][
        "id"
    ]
    asks = [Ask(desk.held(), prepare, "here", 3, 0, ONCE), Ask(desk.held(there), prepare, "there", 3, 0, ONCE)]
    looked, got = threading.Event(), []

    def second():
        looked.wait(10)
        with desk.runtime.writing() as conn:
            got.append(claim_all(conn, asks[1:], now_of(conn))[0])

    thread = threading.Thread(target=second)
    thread.start()
    with desk.runtime.writing() as conn:
        first = claim_all(conn, asks[:1], now_of(conn))[0]
        looked.set()
        # Without a turn the other would claim now, and see nothing of what is not committed.
        thread.join(0.3)
    thread.join(10)
    assert len(first.rows) == 3
    assert {row.recipient_id for row in first.rows}.isdisjoint(row.recipient_id for row in got[0].rows)


@pytest.mark.parametrize("want", [1, 3])
def test_so_do_two_that_claim_in_one_statement(desk, crossing, want):
    other = crossing()
    desk.write("UPDATE lane SET proven = true")
    query = "SELECT MIN(id) AS id FROM chunk WHERE campaign_id = :id"
    there = factories.select(desk.runtime, query, id=other.id)[0]["id"]
    names = {"here": desk.held(), "there": desk.held(there), "free": desk.held(2)}
    asks = [Ask(held, prepare, name, want, 0, None if name == "free" else ONCE) for name, held in names.items()]
    with desk.runtime.writing() as conn:
        here, second, free = claim_all(conn, asks, now_of(conn))
    got = [[row.recipient_id for row in claimed.rows] for claimed in (here, second, free)]
    assert [len(people) for people in got[::2]] == [want, want]
    assert set(got[0]).isdisjoint(got[1])
