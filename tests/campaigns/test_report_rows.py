"""The ledger's rows by state and reason: found through the tallies, they are those that a look at every row finds."""

import random

import pytest
from sqlalchemy import text

from campaigns.report import rows as found_rows
from campaigns.report.rows import rows
from campaigns.report.tallies import IMPLIED
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests import factories
from tests.factories import content, launched, other_page, page, people, person

BOTH = pytest.mark.databases("sqlite", "postgresql")
STATES = [None, *DeliveryState]
REASONS = [None, Reason.OPTED_OUT, Reason.NO_SUCH_PERSON, Reason.OUTCOME_UNKNOWN, Reason.CANCELLED, Reason.QUIET_HOURS]
_COUNTED = text("""
    INSERT INTO tally (campaign_id, page_id, chunk_id, state, reason, n)
    SELECT campaign_id, page_id, COALESCE(chunk_id, 0), state, COALESCE(reason, ''), count(*)
    FROM delivery GROUP BY 1, 2, 3, 4, 5
""")


@pytest.fixture
def mixed(runtime, tmp_path):
    """A campaign of two pages in chunks of six, some set aside, one of these come back into a chunk of its own."""
    cells = [
        {**row, "page": ["acme", "burger"][n % 2], "opted_out": "x" * (n % 9 == 4)} for n, row in enumerate(people(90))
    ]
    pages = {"acme": page(rate=0.1), "burger": other_page(rate=0.1)}
    file = content(pages=pages, limits={"rate": 0.1})
    file.pop("page")
    made = launched(runtime, tmp_path, cells, file)
    dice = random.Random(7)
    with runtime.writing() as conn:
        sent = conn.execute(text("SELECT id FROM delivery WHERE chunk_id IS NOT NULL ORDER BY id")).scalars().all()
        for row_id in dice.sample(sent, 40):
            state, reason = dice.choice(
                [
                    ("accepted", None),
                    ("failed", "no_such_person"),
                    ("unknown", None),
                    ("cancelled", None),
                    ("skipped", "opted_out"),
                ]
            )
            facts = {"id": row_id, "state": state, "reason": reason}
            conn.execute(text("UPDATE delivery SET state = :state, reason = :reason WHERE id = :id"), facts)
        conn.execute(
            text("""
            UPDATE delivery SET chunk_id = (SELECT MAX(chunk_id) FROM delivery), state = 'pending', reason = NULL
            WHERE id = (SELECT MIN(id) FROM delivery WHERE chunk_id IS NULL)
        """)
        )
        conn.execute(text("DELETE FROM tally"))
        conn.execute(_COUNTED)
    return made


def everybody(runtime, campaign, state, reason):
    """Return the ids of those that a look at every row finds."""
    return [
        row["id"]
        for row in factories.rows_of(runtime, campaign)
        if state in {None, row["state"]} and reason in {None, row["reason"] or IMPLIED.get(row["state"])}
    ]


def paged(runtime, campaign, most, **which):
    """Return the ids of all pages; one that is not full is the last."""
    found, full = [], True
    with runtime.reading() as conn:
        while full:
            some = rows(conn, campaign, after=found[-1] if found else 0, most=most, **which)
            found += [row.id for row in some]
            full = len(some) == most
            assert len(found) <= campaign.total, "the same rows come again"
    return found


@BOTH
@pytest.mark.parametrize("near", [0, 7, 2_000])
def test_whatever_is_asked_for_everybody_of_it_is_found_in_order(runtime, mixed, near, monkeypatch):
    monkeypatch.setattr(found_rows, "_NEAR", near)
    sizes = set()
    for state in STATES:
        for reason in REASONS:
            expected = everybody(runtime, mixed, state, reason)
            sizes.add(len(expected))
            assert paged(runtime, mixed, 5, state=state, reason=reason) == expected
            assert paged(runtime, mixed, 200, state=state, reason=reason) == expected
    assert len(sizes) > 5
    assert 90 in sizes


@BOTH
def test_one_person_is_found_by_their_whole_id(runtime, mixed):
    ids = {row["recipient_id"]: row["id"] for row in factories.rows_of(runtime, mixed)}
    assert paged(runtime, mixed, 5, recipient=person(4)) == [ids[person(4)]]
    assert paged(runtime, mixed, 5, recipient=person(4), reason=Reason.QUIET_HOURS) == []
    assert paged(runtime, mixed, 5, recipient=person(4)[:-1]) == []
