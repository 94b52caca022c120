"""testers: whom a page may send tests to."""

import pytest

from tests.factories import ACCOUNT

US = "17900000000000777"


@pytest.fixture
def page(pagecast):
    words = (
        "--channel",
        "instagram",
        "--provider",
        "meta",
        "--token",
        "@{secret:T}",
        "--account-id",
        ACCOUNT,
    )
    assert pagecast("pages", "add", "acme", *words).code == 0
    return "acme"


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.usefixtures("dialect")
def test_add_list_and_remove(pagecast, page, database):
    run = pagecast("testers", "add", US, "--page", page, "--note", "Ann's phone", "--json")
    assert (run.code, run.document["added"]) == (0, True)
    again = pagecast("testers", "add", US, "--page", page, "--note", "Ann")
    assert again.out == f"{US} was already a tester of page acme.\n"
    (listed,) = pagecast("testers", "list", "--json").document
    assert (listed["recipient_id"], listed["page"], listed["note"]) == (US, "acme", "Ann")
    assert listed["tested_at"] is None
    assert US in pagecast("testers", "list").out
    assert pagecast("testers", "remove", US, "--page", page).out == f"{US} is no longer a tester.\n"
    assert pagecast("testers", "list", "--json").document == []
    with database() as conn:
        kinds = conn.exec_driver_sql("SELECT kind FROM event ORDER BY id").scalars().all()
    assert kinds == ["page.added", "tester.added", "tester.removed"]


def test_a_dry_run_changes_nothing(pagecast, page, count):
    assert "would be" in pagecast("testers", "add", US, "--page", page, "--dry-run").out
    assert count("tester") == 0
    assert pagecast("testers", "add", US, "--page", page).code == 0
    assert pagecast("testers", "remove", US, "--dry-run").code == 0
    assert count("tester") == 1


def test_what_cannot_be(pagecast, page):
    assert pagecast("testers", "add", "1.7E+16", "--page", page).code == 3
    assert pagecast("testers", "add", US, "--page", "nobody").code == 3
    assert "is no tester" in pagecast("testers", "remove", US).err
    assert "No testers yet" in pagecast("testers", "list").err
