"""A campaign that is under way on SQLite and goes on with PostgreSQL."""

import csv

import pytest

from tests.e2e.test_run import nothing_wrong
from tests.factories import people, person

PEOPLE = 60


@pytest.mark.long
@pytest.mark.databases("sqlite")
def test_interrupted_and_moved_it_goes_on_there(desk, pagecast, wait_until, postgres, monkeypatch):
    desk.write(people(PEOPLE), limits={"rate": 20})
    running = desk.start("run", desk.file, "--yes", "--json")
    wait_until(lambda: len(desk.platform.arrivals) > 15, "fifteen messages arrived")
    running.interrupt()
    assert running.ended(30).code == 130
    there = pagecast("status", "last", "--json").document
    file = desk.home / "pagecast.sqlite3"
    with postgres.database() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("PAGECAST_FORCE_EMBEDDED", "true")
        assert pagecast("migrate", "--from", file, "--json").document["rows"]["delivery"] == PEOPLE
        assert pagecast("status", "last", "--json").document["counts"] == there["counts"]
        ran = desk.run()
    assert ran.code == 0, ran.err
    assert (ran.document["id"], file.exists()) == (there["id"], False)
    assert {state: n for state, n in ran.document["counts"].items() if n} == {"accepted": PEOPLE}
    with (desk.home / "reports" / there["id"] / "results.csv").open(newline="") as results:
        assert {row["recipient_id"] for row in csv.DictReader(results)} == desk.platform.people
    assert desk.platform.people == {person(n) for n in range(PEOPLE)}
    assert 0 < there["counts"]["accepted"] < PEOPLE
    nothing_wrong(desk)
