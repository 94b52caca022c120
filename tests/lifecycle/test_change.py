"""A launched campaign's pace and hours change at once, or it says why they do not."""

import json
import re
from zoneinfo import ZoneInfo

import pytest

from campaigns import campaign_file, hours
from campaigns.errors import InputError, StateError
from campaigns.ledger import chunks
from campaigns.ledger.claims import Ask, claim_all
from campaigns.lifecycle import control, find
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.change import Wishes, change
from campaigns.lifecycle.plan import plan
from campaigns.report.standing import status
from campaigns.zones import local
from schemas.campaign_file import CampaignFile
from tests import factories
from tests.factories import ENVIRONMENT, content, page

HOUR = 3_600_000
EVENING = 1_795_370_400_000
"""2026-11-22 18:00 UTC, seven in the evening in Paris."""


@pytest.fixture
def campaign(runtime, tmp_path):
    return factories.launched(runtime, tmp_path, factories.people(10), content(limits={"rate": 5.0}))


def altered(runtime, campaign, *, dry_run=False, **wishes):
    return change(runtime, campaign, Wishes(**wishes), ENVIRONMENT, "ana", dry_run=dry_run)


def present(runtime, campaign):
    with runtime.reading() as conn:
        return find.by_id(conn, campaign.id)


def lane(runtime):
    return factories.select(runtime, "SELECT * FROM lane")[0]


def spec(runtime, campaign):
    return CampaignFile.model_validate_json(present(runtime, campaign).spec)


def write(runtime, statement, **facts):
    with runtime.writing() as conn:
        conn.execute(factories.text(statement), facts)


def lay(runtime, campaign, now):
    with runtime.writing() as conn:
        hours.lay(conn, campaign.id, spec(runtime, campaign), now)


def test_a_rate_is_the_campaigns_the_lanes_and_that_of_a_bucket_of_its_own(runtime, campaign):
    before = lane(runtime)
    write(runtime, "UPDATE chunk SET due_at = 9999999999999, rung_at = 1")
    done = altered(runtime, campaign, rate=12.0)
    after = lane(runtime)
    assert done.said == ("rate 5/s, now 12/s",)
    assert (present(runtime, campaign).rate, spec(runtime, campaign).limits.rate, after["asked"]) == (12.0, 12.0, 12.0)
    assert before["buckets"] != after["buckets"]
    assert present(runtime, campaign).changes == campaign.changes + 1
    assert {(row["due_at"], row["rung_at"]) for row in factories.select(runtime, "SELECT * FROM chunk")} == {
        (None, None)
    }
    said = [row["sentence"] for row in factories.select(runtime, "SELECT * FROM event WHERE kind = 'campaign.changed'")]
    assert said == ["Changed by ana: rate 5/s, now 12/s."]


def test_a_rate_above_the_platforms_is_obeyed_and_taken_back(runtime, campaign):
    assert "40" in " ".join(altered(runtime, campaign, rate=60.0).warnings)
    assert (json.loads(lane(runtime)["route"])["rate"], lane(runtime)["asked"]) == (60.0, 60.0)
    altered(runtime, campaign, rate=80.0)
    assert lane(runtime)["asked"] == 80.0
    altered(runtime, campaign, rate=2.0)
    assert (json.loads(lane(runtime)["route"])["rate"], lane(runtime)["asked"]) == (None, 2.0)


def test_a_rate_typed_for_the_page_stays_below_the_campaigns(runtime, tmp_path):
    file = content(limits={"rate": 5.0}, pages={"acme": page(rate=20)})
    campaign = factories.launched(runtime, tmp_path, factories.people(3), file)
    altered(runtime, campaign, rate=60.0)
    assert (json.loads(lane(runtime)["route"])["rate"], lane(runtime)["asked"]) == (20.0, 20.0)


def test_whoever_has_read_it_before_claims_nothing(runtime, campaign):
    altered(runtime, campaign, rate=12.0)
    with runtime.writing() as conn:
        now = factories.now_of(conn)
        held = chunks.acquire(conn, 1, "here:1", now)
        stale, fresh = (Ask(held, lambda row, _i: row, "a", 1, 0, changes=changes) for changes in (0, 1))
        old, new = claim_all(conn, [stale], now)[0], claim_all(conn, [fresh], now)[0]
    assert (old.held, old.changed, old.rows) == (False, True, [])
    assert len(new.rows) == 1


def test_quiet_time_holds_and_lets_go_and_a_claim_knows(runtime, campaign):
    altered(runtime, campaign, quiet="18:30-08:00", zone="Europe/Paris")
    lay(runtime, campaign, EVENING)
    held = present(runtime, campaign)
    assert (held.hold_until, held.open_until) == (EVENING + 13 * HOUR, None)
    with runtime.reading() as conn:
        said = status(conn, campaign.id, EVENING)
    assert said.sentence == "Quiet hours: sending goes on at 08:00 (Europe/Paris)."
    assert said.pages[0].until == "2026-11-23T07:00:00.000Z"
    with runtime.writing() as conn:
        assert chunks.ring(conn, campaign.id, 1, EVENING, 10) == []
        assert chunks.acquire(conn, 1, "here:1", EVENING) is None
        # Late is no harm: as long as nobody has let it go, it holds.
        assert chunks.acquire(conn, 1, "here:1", EVENING + 14 * HOUR) is None
        advance(conn, EVENING + 13 * HOUR)
    released = present(runtime, campaign)
    assert (released.hold_until, released.open_until) == (None, EVENING + 13 * HOUR + 10 * HOUR + HOUR // 2)
    with runtime.writing() as conn:
        # Nor is it where nobody has yet made it hold.
        assert chunks.acquire(conn, 1, "here:1", released.open_until) is None
        held = chunks.acquire(conn, 1, "here:1", released.open_until - 1)
        ask = Ask(held, lambda row, _i: row, "a", 1, 0)
        assert claim_all(conn, [ask], released.open_until)[0].held is False
        assert claim_all(conn, [ask], released.open_until - 1)[0].rows[0].open_until == released.open_until


def test_the_eta_leaves_out_the_nights(runtime, campaign):
    altered(runtime, campaign, rate=10 / 3600, hours="mon-fri 09:00-14:00", zone="Europe/Paris")
    lay(runtime, campaign, EVENING)
    write(runtime, "UPDATE delivery SET state = 'pending'")
    with runtime.reading() as conn:
        said = status(conn, campaign.id, EVENING)
    assert said.sentence == "Outside its hours: sending goes on at 09:00 (Europe/Paris)."
    assert said.eta == "2026-11-23T09:00:00.000Z"


def test_people_whom_quiet_time_held_back_are_looked_at_again(runtime, tmp_path):
    schedule = {"zone": "UTC", "quiet": {"from": "21:00", "to": "08:00", "zone": "recipient"}}
    rows = factories.people(4, timezone="Asia/Tokyo")
    campaign = factories.launched(runtime, tmp_path, rows, content(schedule=schedule, policy="provider"))
    zones = {row["zone"] for row in factories.rows_of(runtime, campaign)}
    assert zones == {"Asia/Tokyo"}
    write(runtime, "UPDATE delivery SET state = 'pending', reason = NULL, chunk_id = 1, due_at = 9999999999999")
    write(runtime, "UPDATE delivery SET provider_code = '613' WHERE line = 2")
    altered(runtime, campaign, quiet="22:00-07:00")
    assert spec(runtime, campaign).schedule.quiet.zone == "recipient"
    assert [row["due_at"] for row in factories.rows_of(runtime, campaign)] == [9999999999999, None, None, None]
    write(runtime, "UPDATE delivery SET due_at = 9999999999999")
    altered(runtime, campaign, quiet="none")
    assert spec(runtime, campaign).schedule.quiet is None
    assert [row["due_at"] for row in factories.rows_of(runtime, campaign)] == [9999999999999, None, None, None]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("09:00-20:00", "09:00-20:00"),
        ("mon-fri 9:00-20:00", "mon,tue,wed,thu,fri 9:00-20:00"),
        ("Sat-Mon 20:00 - 02:00", "sat,sun,mon 20:00-02:00"),
        ("tue, thursday 09:00-12:00", "tue,thu 09:00-12:00"),
    ],
)
def test_hours_are_written_in_a_line(runtime, campaign, written, stored):
    assert altered(runtime, campaign, hours=written, dry_run=True).said == (f"hours none, now {stored}",)
    assert present(runtime, campaign).changes == 0


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"hours": "9 to 5"}, 'Write it like "mon-fri 09:00-20:00", or none.'),
        ({"hours": "fry 09:00-10:00"}, "is no day"),
        ({"quiet": "mon 21:00-08:00"}, 'Write it like "21:00-08:00", or none.'),
        ({"quiet": "21:00-21:00"}, "two different times"),
        ({"quiet": "21:00-08:00", "hours": "22:00-07:00"}, "nothing could ever be sent"),
        ({"zone": "Europe/Pari"}, 'Did you mean "Europe/Paris"?'),
        ({"rate": 0.0}, "rate: Input should be greater than or equal to 0.00001."),
        ({"rate": 5.0}, "Nothing would change."),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(runtime, campaign, wishes, said):
    with pytest.raises(InputError, match=re.escape(said)):
        altered(runtime, campaign, **wishes)
    assert present(runtime, campaign).changes == 0


def test_only_a_launched_campaign_that_is_not_over_changes(runtime, campaign, tmp_path):
    control.pause(runtime, campaign, "test")
    assert altered(runtime, campaign, rate=1.0).state == "paused"
    control.cancel(runtime, campaign, "test")
    with pytest.raises(StateError, match="is cancelled; only a launched campaign"):
        altered(runtime, campaign, rate=2.0)
    draft = factories.submitted(runtime, tmp_path, factories.people(2), content(name="Draft"))
    with pytest.raises(StateError, match="Change its file, and submit that again"):
        altered(runtime, draft, rate=2.0)


def test_a_plan_says_whose_clocks_and_which_of_two_times(runtime, tmp_path):
    schedule = {"start": "2027-03-28 02:30 Europe/Paris", "quiet": {"from": "21:00", "to": "08:00"}}
    draft = factories.submitted(runtime, tmp_path, factories.people(2), content(schedule=schedule, policy="provider"))
    told = plan(runtime, draft, ENVIRONMENT, factories.now(runtime)).plan.findings
    start = 'schedule.start = "2027-03-28 02:30 Europe/Paris"'
    gap = f"Clocks in Europe/Paris skip the time of {start}: it is the moment after the gap, 2027-03-28 01:00:00 UTC."
    assert told == [gap]
    utc = campaign_file.parse(content(schedule={"hours": {"from": "09:00"}}))
    assert hours.told(utc)[0].startswith("Hours and quiet time are by UTC")


def test_a_launch_in_quiet_time_holds_from_its_first_moment(runtime, tmp_path):
    now = factories.now(runtime) // 60_000 * 60_000
    begins, ends = (local(ZoneInfo("UTC"), now + offset).strftime("%H:%M") for offset in (-HOUR, HOUR))
    quiet = {"quiet": {"from": begins, "to": ends}, "zone": "UTC"}
    campaign = factories.launched(runtime, tmp_path, factories.people(2), content(schedule=quiet))
    assert present(runtime, campaign).hold_until == now + HOUR
