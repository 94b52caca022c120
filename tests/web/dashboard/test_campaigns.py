"""What the list of campaigns says about each, and how often it asks the database for that."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.lifecycle import control, find
from campaigns.web.dashboard import chips, moments
from campaigns.web.dashboard.screens.campaigns import Progress, line_of
from campaigns.web.dashboard.standings import FRESH, Standings
from schemas.campaign import CampaignState
from schemas.delivery import COUNTED
from schemas.lane import LaneState
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
NOON = 1_795_953_600_000
"""29 November 2026, 12:00 UTC."""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def told(runtime, campaign):
    with runtime.reading() as conn:
        found = find.exactly(conn, campaign.ref)
    return line_of(found, Standings(runtime).of([found])[found.ref], factories.now(runtime))


@pytest.mark.databases("sqlite", "postgresql")
def test_a_scheduled_one_says_when_and_by_whose_clock(runtime, tmp_path):
    start = datetime.now(PARIS) + timedelta(hours=3)
    file = factories.content(schedule={"start": f"{start:%Y-%m-%d %H:%M} Europe/Paris"})
    line = told(runtime, factories.launched(runtime, tmp_path, factories.people(3), file))
    assert line.next[0].startswith("Starts in 2 h ")
    assert line.next[1].endswith(f"{start:%b %Y, %H:%M} Europe/Paris")


def test_who_is_set_aside_is_not_waited_for(runtime, tmp_path):
    people = [*factories.people(3), *factories.people(1, recipient_id="17850000000000009", opted_out="yes")]
    people = [{"opted_out": "no"} | person for person in people]
    campaign = factories.launched(runtime, tmp_path, people)
    assert told(runtime, campaign).progress == Progress(through=0, goal=3, aside=1)
    control.cancel(runtime, campaign, "key:maria")
    assert told(runtime, campaign).progress == Progress(through=0, goal=0, aside=4)


def test_who_was_refused_is_no_one_set_aside(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(5))
    status = Standings(runtime).of([campaign])[campaign.ref]
    counts = status.counts | {"accepted": 1, "failed": 1, "unknown": 1, "skipped": 1, "pending": 1}
    line = line_of(campaign, status.model_copy(update={"counts": counts}), NOON)
    assert line.progress.words == "1 of 4 accepted, 1 failed, 1 in doubt, 1 not sent"


def test_one_whose_pages_are_all_parked_needs_a_person(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(2))
    assert not told(runtime, campaign).stuck
    with runtime.writing() as conn:
        conn.execute(factories.text("UPDATE page SET parked_at = 1, parked_code = '190', parked_sentence = 'x'"))
    assert told(runtime, campaign).stuck
    control.pause(runtime, campaign, "key:maria")
    assert not told(runtime, campaign).stuck


def test_a_draft_says_that_it_is_one(runtime, tmp_path):
    line = told(runtime, factories.submitted(runtime, tmp_path, factories.people(1)))
    assert line.next == ("Draft: not launched yet.", "")


def test_those_who_look_at_the_same_moment_share_one_look(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(2))
    clock = Clock()
    standings = Standings(runtime, clock)
    first = standings.of([campaign])[campaign.ref]
    assert standings.of([campaign])[campaign.ref] is first
    clock.now += FRESH
    assert standings.of([campaign])[campaign.ref] is not first


def test_a_change_of_state_is_seen_at_once(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(2))
    standings = Standings(runtime, Clock())
    standings.of([campaign])
    control.pause(runtime, campaign, "key:maria")
    with runtime.reading() as conn:
        paused = find.exactly(conn, campaign.ref)
    assert standings.of([paused])[campaign.ref].state is CampaignState.PAUSED


def test_one_that_ended_again_after_a_retry_is_seen_at_once(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(2))
    ended = campaign.model_copy(update={"state": CampaignState.FINISHED, "finished_at": NOON})
    standings = Standings(runtime, Clock())
    first = standings.of([ended])[campaign.ref]
    assert standings.of([ended])[campaign.ref] is first
    again = ended.model_copy(update={"finished_at": NOON + 5_000})
    assert standings.of([again])[campaign.ref] is not first


def test_a_name_is_found_by_a_part_of_it(runtime, tmp_path):
    for name in ("Spring 100%", "Autumn"):
        words = {"text": f"{name} {{{{ first_name }}}}"}
        factories.submitted(runtime, tmp_path, factories.people(1), factories.content(name=name, message=words))
    with runtime.reading() as conn:
        for part, names in (("SPRING", ["Spring 100%"]), ("0%", ["Spring 100%"]), ("%", ["Spring 100%"]), ("_", [])):
            assert [each.name for each in find.latest(conn, containing=part)] == names


@pytest.mark.parametrize(
    ("ms", "said"),
    [(NOON, "now"), (NOON + 7_800_000, "in 2 h 10 min"), (NOON - 300_000, "5 min ago")],
)
def test_how_far_a_moment_is(ms, said):
    assert moments.away(ms, NOON) == said


def test_a_moment_names_its_zone():
    assert moments.stamp(NOON) == "Sun 29 Nov 2026, 12:00 UTC"
    assert moments.stamp(NOON, ZoneInfo("Asia/Kolkata")) == "Sun 29 Nov 2026, 17:30 Asia/Kolkata"
    assert moments.epoch("2026-11-29T12:00:00.000Z") == NOON


def test_every_state_has_a_chip():
    assert set(chips.CAMPAIGN) == set(CampaignState)
    assert set(chips.DELIVERY) == set(COUNTED)
    assert set(chips.LANE) == set(LaneState)
