"""A campaign whose start was missed asks, is skipped, or sends to those who are left."""

import time

import pytest

from campaigns.errors import InputError
from campaigns.ledger import withdrawal
from campaigns.lifecycle import control, find
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.late import MISSED_MS
from tests import factories
from tests.factories import content, page
from tests.lifecycle.aftermath import adds_up, write

HOUR = 3_600_000


@pytest.fixture
def scheduled(runtime, tmp_path):
    """Launch a campaign that starts in an hour, for ten people; the windows of three close two hours after that."""

    def launch(**schedule):
        rows = factories.people(10)
        for row in rows[:3]:
            row["last_inbound_at"] = int(time.time()) - 21 * 3600 + 60
        file = content(schedule=schedule, pages={"acme": page(rate=0.05)})
        campaign = factories.launched(runtime, tmp_path, rows, file)
        start = factories.now(runtime) + HOUR
        write(runtime, "UPDATE campaign SET state = 'scheduled', started_at = NULL, start_at = :at", at=start)
        return present(runtime, campaign), start

    return launch


def present(runtime, campaign):
    with runtime.reading() as conn:
        return find.by_id(conn, campaign.id)


def tick(runtime, at):
    with runtime.writing() as conn:
        advance(conn, at)


def sentences(runtime, kind):
    return [row["sentence"] for row in factories.select(runtime, "SELECT * FROM event WHERE kind = :kind", kind=kind)]


@pytest.mark.parametrize("late_start", ["ask", "skip", "send"])
@pytest.mark.parametrize("late", [0, MISSED_MS])
def test_a_start_within_ten_minutes_is_a_start(runtime, scheduled, late_start, late):
    campaign, start = scheduled(late_start=late_start)
    tick(runtime, start + late)
    campaign = present(runtime, campaign)
    assert (campaign.state, campaign.started_at) == ("sending", start + late)
    assert sentences(runtime, "campaign.started") == ["Started as scheduled."]


def test_a_missed_start_asks(runtime, scheduled):
    campaign, start = scheduled()
    tick(runtime, start + 3 * HOUR + 5 * 60_000)
    campaign = present(runtime, campaign)
    assert campaign.state == "paused"
    assert campaign.sentence == (
        "Paused: its start was missed by 3 h 05 min; 3 windows closed meanwhile. "
        f"`pagecast resume {campaign.ref}` sends to those who are left, `pagecast cancel {campaign.ref}` ends it."
    )
    assert sentences(runtime, "campaign.late") == [campaign.sentence]
    tick(runtime, start + 4 * HOUR)
    assert len(sentences(runtime, "campaign.late")) == 1
    assert set(factories.states(runtime, campaign).values()) == {"pending"}


def test_who_resumes_a_missed_start_begins_it(runtime, scheduled):
    campaign, _ = scheduled()
    past = factories.now(runtime) - HOUR
    write(runtime, "UPDATE campaign SET start_at = :at", at=past)
    tick(runtime, past + HOUR)
    before = factories.now(runtime)
    control.resume(runtime, present(runtime, campaign), "test")
    campaign = present(runtime, campaign)
    assert campaign.state == "sending"
    assert campaign.started_at >= before


def test_a_missed_start_is_skipped_and_everybody_counted(runtime, scheduled, monkeypatch):
    monkeypatch.setattr(withdrawal, "CHUNKS", 1)
    campaign, start = scheduled(late_start="skip")
    tick(runtime, start + HOUR)
    assert present(runtime, campaign).state == "scheduled"
    for _ in range(5):
        tick(runtime, start + HOUR)
    campaign = present(runtime, campaign)
    assert (campaign.state, campaign.started_at) == ("finished", None)
    assert set(factories.states(runtime, campaign).values()) == {"cancelled(stale_start)"}
    assert sentences(runtime, "campaign.finished") == [
        "Its start was missed by 1 h 00 min and late_start says skip: 10 people are not sent to."
    ]
    adds_up(runtime, campaign)


def test_nothing_starts_while_a_skip_goes_on(runtime, scheduled, monkeypatch):
    monkeypatch.setattr(withdrawal, "CHUNKS", 0)
    campaign, start = scheduled(late_start="skip")
    tick(runtime, start + HOUR)
    assert present(runtime, campaign).state == "scheduled"
    assert set(factories.states(runtime, campaign).values()) == {"pending"}


def test_a_missed_start_may_send_to_who_is_left(runtime, scheduled):
    campaign, start = scheduled(late_start="send")
    tick(runtime, start + 3 * HOUR)
    campaign = present(runtime, campaign)
    assert (campaign.state, campaign.started_at) == ("sending", start + 3 * HOUR)
    assert sentences(runtime, "campaign.started") == ["Started late by 3 h 00 min; 3 windows closed meanwhile."]
    assert sentences(runtime, "campaign.late") == [
        "Its start was missed by 3 h 00 min; 3 windows closed meanwhile, and late_start says send."
    ]


def test_another_word_is_refused(runtime, tmp_path):
    with pytest.raises(InputError, match=r"schedule.late_start`: input should be 'ask', 'skip' or 'send'"):
        factories.submitted(runtime, tmp_path, factories.people(1), content(schedule={"late_start": "maybe"}))
