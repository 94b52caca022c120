"""Nothing ran for six hours, and a start lay in them: what becomes of it, and what people are told."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaigns.runtime import now_of
from tests.cli.conftest import database
from tests.e2e.test_run import nothing_wrong
from tests.factories import people, person
from tests.workers.notices.receiver import Receiver

__all__ = ["database"]

HOUR = 3_600_000
TOLD = "its start was missed by 6 h 00 min; 3 windows closed meanwhile"
LEFT = {person(n) for n in range(3, 10)}


@pytest.fixture
def receiver(monkeypatch):
    monkeypatch.setenv("PAGECAST_PRIVATE_RECEIVERS", "true")
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def missed(desk, pagecast, database, receiver):
    """Launch a campaign, and move its start six hours back; three of ten windows closed since."""

    def launch(late_start):
        soon = datetime.now(UTC) + timedelta(hours=1)
        desk.write(people(10), schedule={"start": soon.isoformat(timespec="seconds"), "late_start": late_start})
        pagecast("notices", "add", "ops", "--url", receiver.url)
        pagecast("submit", desk.file)
        token = pagecast("plan", "last", "--json").document["token"]
        assert pagecast("launch", "last", "--plan", token, "--json").document["state"] == "scheduled"
        with database() as conn:
            now = now_of(conn)
            conn.execute(text("UPDATE campaign SET start_at = :at"), {"at": now - 6 * HOUR - 1000})
            closed = {"at": now - 3 * HOUR, "last": person(2)}
            conn.execute(text("UPDATE delivery SET closes_at = :at WHERE recipient_id <= :last"), closed)

    return launch


def ended(ran):
    return ran.code, ran.document["state"], {state: n for state, n in ran.document["counts"].items() if n}


def notices(receiver, wait_until, *kinds):
    wait_until(lambda: len(receiver.documents) >= len(kinds), "the notices arrived", 10)
    assert [each["type"] for each in receiver.documents] == list(kinds)
    return receiver.documents[0]["data"]


def test_ask_holds_everybody_until_a_person_says_so(desk, missed, pagecast, receiver, wait_until):
    missed("ask")
    assert "passed while nothing ran" in pagecast("status", "last", "--json").document["sentence"]
    ran = desk.run()
    assert ended(ran) == (5, "paused", {"pending": 10})
    ref = ran.document["id"]
    said = f"Paused: {TOLD}. `pagecast resume {ref}` sends to those who are left, `pagecast cancel {ref}` ends it."
    assert ran.document["sentence"] == said
    assert pagecast("status", ref, "--json").document["sentence"] == said
    assert desk.platform.arrivals == []
    assert notices(receiver, wait_until, "campaign.late")["sentence"] == said

    again = desk.run()
    assert ended(again) == (0, "finished", {"accepted": 7, "skipped": 3})
    assert again.document["reasons"] == {"window_closed": 3}
    assert desk.platform.people == LEFT
    nothing_wrong(desk)


@pytest.mark.long
@pytest.mark.databases("sqlite", "postgresql")
def test_skip_sends_to_nobody_and_counts_everybody(desk, missed, receiver, wait_until):
    missed("skip")
    ran = desk.run()
    assert ended(ran) == (0, "finished", {"cancelled": 10})
    assert ran.document["reasons"] == {"stale_start": 10}
    assert desk.platform.arrivals == []
    told = notices(receiver, wait_until, "campaign.finished")["sentence"]
    assert told == "Its start was missed by 6 h 00 min and late_start says skip: 10 people are not sent to."
    assert desk.run().code == 0
    assert desk.platform.arrivals == []


@pytest.mark.long
@pytest.mark.databases("sqlite", "postgresql")
def test_send_sends_to_those_who_are_left(desk, missed, receiver, wait_until):
    missed("send")
    ran = desk.run()
    assert ended(ran) == (0, "finished", {"accepted": 7, "skipped": 3})
    assert desk.platform.people == LEFT
    told = notices(receiver, wait_until, "campaign.late", "campaign.finished")["sentence"]
    assert told == f"I{TOLD[1:]}, and late_start says send."
    nothing_wrong(desk)
