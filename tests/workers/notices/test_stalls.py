"""A campaign that stands still is told once, and so is its end."""

import fcntl

import pytest
from sqlalchemy import text

from campaigns.lifecycle.advance import advance
from campaigns.notices.stalls import LASTING, Stalls
from tests import factories
from tests.factories import select
from tests.workers.notices.occasions import add, stored, writing

BOTH = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def staffed(runtime):
    """A supervisor is there, as far as the state folder can tell."""
    with (runtime.settings.home / "supervisor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@BOTH
@pytest.mark.usefixtures("staffed")
def test_a_stall_is_told_once_and_so_is_its_end(runtime, tmp_path):
    add(runtime, "https://hooks.example.org/x", on="stalled,moving")
    factories.launched(runtime, tmp_path, factories.people(5))
    with writing(runtime) as (conn, now):
        advance(conn, now)
        conn.execute(text("UPDATE campaign SET started_at = :at"), {"at": now - 3_600_000})
        conn.execute(text("UPDATE event SET at = :at"), {"at": now - 3_600_000})

    def told():
        return [row["kind"] for row in stored(runtime)]

    stalls = Stalls(runtime)
    stalls.look(1000.0)
    stalls.look(1000.0 + LASTING - 1)
    assert told() == []
    stalls.look(1000.0 + LASTING + 20)
    again = Stalls(runtime)
    for moment in (0.0, 100.0, 200.0):
        again.look(moment)
    assert told() == ["campaign.stalled"], "another clock does not repeat it"
    (event,) = select(runtime, "SELECT * FROM event WHERE kind = 'campaign.stalled'")
    assert event["sentence"].startswith("Waiting: no progress for 1 h, because ")
    with writing(runtime) as (conn, now):
        conn.execute(text("UPDATE chunk SET state = 'running', lease_until = :at"), {"at": now + 60_000})
        conn.execute(text("UPDATE delivery SET sent_at = :now"), {"now": now})
    again.look(300.0)
    again.look(400.0)
    assert told() == ["campaign.stalled", "campaign.moving"]


@pytest.mark.usefixtures("staffed")
def test_a_campaign_that_sends_or_waits_for_a_known_moment_is_not_stalled(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(5))
    stalls = Stalls(runtime)
    stalls.look(0.0)
    with writing(runtime) as (conn, now):
        conn.execute(text("UPDATE event SET at = 0"))
        conn.execute(text("UPDATE campaign SET started_at = 0"))
        conn.execute(text("UPDATE chunk SET due_at = :at"), {"at": now + 3_600_000})
    stalls.look(100.0)
    stalls.look(200.0)
    assert select(runtime, "SELECT * FROM event WHERE kind LIKE 'campaign.%stalled'") == []
    assert campaign.ref
