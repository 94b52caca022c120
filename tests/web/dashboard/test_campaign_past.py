"""What the screen of a campaign reads of its past: the pace, the latest refusals, and what people wrote."""

import pytest

from campaigns import report
from campaigns.lifecycle import control
from campaigns.report import latest, letters, paces
from campaigns.report.outstanding import outstanding
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests import factories
from tests.inbound.conftest import Post

pytestmark = pytest.mark.databases("sqlite", "postgresql")

PEOPLE = 40


@pytest.fixture
def post(runtime, tmp_path):
    """A campaign of one chunk: 20 accepted over 19 s, 6 refused, 2 in doubt."""
    made = Post(runtime, factories.launched(runtime, tmp_path, factories.people(PEOPLE)))
    made.write("UPDATE lane SET proven = true")
    for n in range(20):
        made.send(1, accepted_at=made.at(n))
    made.send(5, DeliveryState.FAILED, reason=Reason.PERSON_UNAVAILABLE, code="551", request_id="AbC")
    made.send(1, DeliveryState.FAILED, reason=Reason.NO_SUCH_PERSON, code="100-2018001")
    made.send(2, DeliveryState.UNKNOWN)
    yield made
    made.check()


def read(post, what):
    with post.runtime.reading() as conn:
        return what(conn)


def accepted(post):
    query = "SELECT count(*) AS n FROM delivery WHERE accepted_at IS NOT NULL"
    return factories.select(post.runtime, query)[0]["n"]


def test_the_pace_is_counted_where_the_campaign_is_small(post):
    found = read(post, lambda conn: paces.paces(conn, post.campaign))
    assert found.exact
    assert sum(found.accepted) == accepted(post) == 20
    assert found.step == 1_000
    assert [rate for _, rate in found.rates()] == [1.0] * 20


def test_the_pace_of_a_large_campaign_has_the_exact_sum(post):
    large = post.campaign.model_copy(update={"total": paces.FEW + 1})
    found = read(post, lambda conn: paces.paces(conn, large))
    assert not found.exact
    assert sum(found.accepted) == pytest.approx(accepted(post))


def test_before_anything_was_accepted_there_is_no_pace(runtime, tmp_path):
    made = factories.launched(runtime, tmp_path, factories.people(3))
    with runtime.reading() as conn:
        assert paces.paces(conn, made) is None
        assert latest.refusals(conn, made.id) == []
        assert letters.letters(conn, made.id) == []


def test_refusals_are_grouped_by_code(post):
    found = read(post, lambda conn: latest.refusals(conn, post.campaign.id))
    assert {(each.reason, each.code, each.n, each.request_id) for each in found} == {
        ("person_unavailable", "551", 5, "AbC"),
        ("no_such_person", "100-2018001", 1, ""),
        ("outcome_unknown", "", 2, ""),
    }
    assert all(each.last.endswith("Z") and each.sentence for each in found)


def test_what_people_wrote_comes_a_page_at_a_time_the_latest_first(post):
    who = [factories.person(n) for n in range(3)]
    for n, person in enumerate(who):
        said = post.says(person, "STOP" if n == 1 else f"Hello {n}", seconds=30 + n)
        post.come(said | {"timestamp": post.at(30 + n)})
    found = read(post, lambda conn: letters.letters(conn, post.campaign.id, most=2))
    assert [(each.person, each.text, each.opted_out) for each in found] == [
        (who[2], "Hello 2", False),
        (who[1], "STOP", True),
    ]
    rest = read(post, lambda conn: letters.letters(conn, post.campaign.id, before=found[-1].id))
    assert [(each.text, each.page) for each in rest] == [("Hello 0", "acme")]


@pytest.mark.parametrize(("verb", "n"), [(None, 4), (control.pause, 4), (control.cancel, 0)])
def test_whom_a_campaign_may_still_send_to_is_what_the_remainder_counts(runtime, tmp_path, verb, n):
    rows = factories.people(4)
    rows[3]["last_inbound_at"] = "2020-01-01 10:00"
    made = factories.launched(runtime, tmp_path, rows)
    if verb:
        verb(runtime, made, "test")
    with runtime.reading() as conn:
        told = report.status(conn, made.id, now_of(conn))
        left = report.remainder(conn, runtime.storage, made.id, None)
    assert told.counts["skipped"] == 1
    assert outstanding(told.state, told.counts, told.reasons) == left.open == n
