"""Several campaigns as one report: the sums add up however they are added, and so do the rows."""

import io
from datetime import UTC, datetime

import polars as pl
import pytest
from sqlalchemy import text

from schemas.delivery import COUNTED
from tests import factories
from tests.factories import content, launched, people, submitted

BOTH = pytest.mark.databases("sqlite", "postgresql")
DAY = 86_400_000


def at(day):
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def two(runtime, tmp_path):
    """Two campaigns of two pages; the first began on 1 December, the second six days later at noon."""
    spring = launched(runtime, tmp_path, [*people(3, city="Lyon"), {"recipient_id": "nobody", "city": "Nice"}])
    pages = {"acme": factories.page(), "burger": factories.other_page()}
    rows = [each | {"page": name, "campaign": "mine"} for each in people(2) for name in ("acme", "burger")]
    rows.append({"recipient_id": "nobody", "page": "nowhere"})
    summer = launched(runtime, tmp_path, rows, content(name="Summer", page=None, pages=pages))
    with runtime.writing() as conn:
        for made, moment in ((spring, at("2026-12-01")), (summer, at("2026-12-07T12:00:00"))):
            facts = {"id": made.id, "at": moment}
            conn.execute(text("UPDATE campaign SET started_at = :at, launched_at = :at WHERE id = :id"), facts)
    return spring, summer


def accept_one(runtime, campaign):
    """Let one person of a campaign have it."""
    with runtime.writing() as conn:
        (row,) = conn.execute(
            text("SELECT id, chunk_id, page_id FROM delivery WHERE campaign_id = :id ORDER BY id LIMIT 1"),
            {"id": campaign.id},
        ).all()
        facts = {"row": row.id, "chunk": row.chunk_id, "page": row.page_id, "id": campaign.id}
        conn.execute(text("UPDATE delivery SET state = 'accepted', accepted_at = 1 WHERE id = :row"), facts)
        conn.execute(
            text("UPDATE tally SET n = n - 1 WHERE chunk_id = :chunk AND page_id = :page AND state = 'pending'"), facts
        )
        conn.execute(
            text("""INSERT INTO tally (campaign_id, chunk_id, page_id, state, reason, n)
                    VALUES (:id, :chunk, :page, 'accepted', '', 1)"""),
            facts,
        )


def whole(told):
    """Compare the totals with the sums over campaigns and over pages."""
    assert sum(told["counts"].values()) == told["total"] == sum(each["total"] for each in told["campaigns"])
    assert sum(each["total"] for each in told["pages"]) == told["total"]
    for state in COUNTED:
        for lines in (told["campaigns"], told["pages"]):
            assert sum(line["counts"][state] for line in lines) == told["counts"][state]


@BOTH
def test_the_totals_of_two_campaigns_add_up(viewer, two, runtime):
    spring, summer = two
    accept_one(runtime, spring)
    told = viewer.get("/reports", campaign=[summer.ref, spring.ref])
    whole(told)
    assert told["equation"] == "9 rows = 2 rejected + 6 pending + 1 accepted"
    assert [each["name"] for each in told["campaigns"]] == ["Summer", "Spring"]
    assert {each["name"]: (each["total"], each["campaigns"]) for each in told["pages"]} == {
        "acme": (6, 2),
        "burger": (2, 1),
        None: (1, 2),
    }
    assert [(each["reason"], each["rows"]) for each in told["reasons"]] == [("bad_id", 2)]
    assert (told["since"], told["replied"], told["opted_out"]) == (None, 0, 0)


@BOTH
@pytest.mark.usefixtures("two")
def test_a_week_is_every_campaign_that_began_in_it(viewer):
    def names(since, until):
        told = viewer.get("/reports", **{"from": since, "to": until})
        whole(told)
        return [each["name"] for each in told["campaigns"]]

    assert names("2026-12-01", "2026-12-07") == ["Spring", "Summer"]
    assert names("2026-12-01", "2026-12-06") == ["Spring"]
    assert names("2026-12-01T00:00:00Z", "2026-12-07T12:00:00Z") == ["Spring"]
    assert names("2026-12-07 13:00 Europe/Paris", "2026-12-08") == ["Summer"]
    assert names("2025-01-01", "2025-01-07") == []


@BOTH
def test_the_rows_of_two_campaigns_are_one_file(viewer, two):
    spring, summer = two
    query = {"campaign": [spring.ref, summer.ref]}
    rows = pl.read_parquet(io.BytesIO(viewer("GET", "/reports/results.parquet", params=query).content))
    assert rows["campaign"].to_list() == [spring.ref] * 4 + [summer.ref] * 5
    assert rows["campaign_name"].unique().sort().to_list() == ["Spring", "Summer"]
    assert rows["city"].to_list() == ["Lyon"] * 3 + ["Nice"] + [None] * 5
    assert rows["list_campaign"].to_list() == [None] * 4 + ["mine"] * 4 + [None]
    answer = viewer("GET", "/reports/results.csv", params=query)
    lines = answer.text.splitlines()
    assert lines[0].startswith("campaign,campaign_name,line,page,recipient_id,state,")
    assert len(lines) == 10
    week = viewer("GET", "/reports/results.csv", params={"from": "2025-01-01", "to": "2025-01-02"})
    assert week.text.splitlines() == ["campaign,campaign_name"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"from": "2026-12-01"}, 400),
        ({"campaign": ["nothing"], "from": "2026-12-01", "to": "2026-12-02"}, 400),
        ({"campaign": ["nothing"]}, 404),
        ({"from": "2026-12-02", "to": "2026-12-01"}, 422),
        ({"from": "2026-13-45", "to": "2026-12-01"}, 422),
        ({"from": "soon", "to": "later"}, 422),
    ],
)
def test_what_names_no_campaigns_is_refused(viewer, query, status):
    for path in ("/reports", "/reports/results.csv"):
        assert viewer("GET", path, params=query).status_code == status


def test_a_draft_and_a_campaign_said_twice_are_refused(viewer, two, runtime, tmp_path):
    spring, _ = two
    draft = submitted(runtime, tmp_path, people(2), content(name="Later"))
    answer = viewer("GET", "/reports", params={"campaign": [spring.ref, draft.ref]})
    assert (answer.status_code, "Later" in answer.json()["error"]["message"]) == (409, True)
    assert viewer("GET", "/reports", params={"campaign": [spring.ref, spring.ref]}).status_code == 400
