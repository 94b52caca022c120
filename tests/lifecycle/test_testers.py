"""Whom a page, and whom a campaign, may send tests to."""

import pytest

from campaigns import testers
from campaigns.lifecycle import admission, allowlist
from tests import factories
from tests.factories import content, other_page, page

pytestmark = pytest.mark.databases("sqlite", "postgresql")

OURS = "17900000000000777"
OTHERS = [f"1790000000000{n}" for n in range(1_000, 1_005)]


@pytest.fixture
def campaign(runtime, tmp_path):
    """A campaign from the second page of an account; burger's testers were added before those of the account."""
    other = content(name="Burger", page="burger", pages={"burger": other_page()})
    for file in (other, content(), content(name="Second", page="second", pages={"second": page()})):
        made = factories.submitted(runtime, tmp_path, factories.people(1), file)
    now = factories.now(runtime)
    for n, (name, person) in enumerate([*(("burger", each) for each in OTHERS), ("acme", OURS)]):
        with runtime.writing() as conn:
            allowlist.allow(conn, name, person, note="Ann", now=now + n, actor="cli:ann")
    return made


def test_a_second_page_of_an_account_has_the_testers_of_its_first(runtime, campaign):
    with runtime.reading() as conn:
        (found,) = admission.allowed(conn, campaign, most=3)
        assert tuple(found) == (OURS, "second", "Ann")
        assert admission.lane_of(conn, campaign, OURS, "second").name == "second"


@pytest.mark.usefixtures("campaign")
def test_no_more_are_listed_than_asked_for_the_first_added_first(runtime, tmp_path):
    both = content(name="Both", pages={"second": page(), "burger": other_page()})
    del both["page"]
    rows = [row | {"page": name} for row, name in zip(factories.people(2), both["pages"], strict=True)]
    made = factories.submitted(runtime, tmp_path, rows, both)
    with runtime.reading() as conn:
        found = [(row.recipient_id, row.page) for row in admission.allowed(conn, made, most=4)]
        assert len(admission.allowed(conn, made, most=100)) == len(OTHERS) + 1
    assert found == [(each, "burger") for each in OTHERS[:4]]


@pytest.mark.usefixtures("campaign")
def test_others_testers_take_no_place_in_a_page_s_list(runtime):
    account = factories.select(runtime, "SELECT channel, account_id FROM page WHERE name = 'acme'")[0]
    with runtime.reading() as conn:
        (found,) = testers.listed(conn, account=tuple(account.values()), most=3)
        assert (found.recipient_id, found.page) == (OURS, "acme")
        assert len(testers.listed(conn)) == len(OTHERS) + 1
