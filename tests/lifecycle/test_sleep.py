"""A machine that slept says so, and how many windows closed meanwhile."""

from campaigns.lifecycle.advance import wake
from tests import factories

HOUR = 3_600_000


def test_a_sending_campaign_learns_what_it_slept_through(runtime, tmp_path):
    rows = factories.people(10)
    wrote = int(rows[0]["last_inbound_at"])
    rows += factories.people(4, last_inbound_at=wrote - 20 * 3600)
    for n, row in enumerate(rows):
        row["recipient_id"] = factories.person(n)
    campaign = factories.launched(runtime, tmp_path, rows)
    since = factories.now(runtime)
    with runtime.writing() as conn:
        wake(conn, since, since + 6 * HOUR)
    said = factories.select(runtime, "SELECT sentence FROM event WHERE kind = 'campaign.asleep'")
    assert [each["sentence"] for each in said] == ["Asleep 6 h 00 min; 4 windows closed meanwhile."]
    assert set(factories.states(runtime, campaign).values()) == {"pending"}


def test_a_paused_campaign_sleeps_anyway(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(3))
    with runtime.writing() as conn:
        conn.exec_driver_sql("UPDATE campaign SET state = 'paused'")
        wake(conn, 0, HOUR)
    assert not factories.select(runtime, "SELECT 1 FROM event WHERE kind = 'campaign.asleep'")
    assert campaign.ref
