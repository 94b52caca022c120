"""A campaign with quiet hours over two nights: nothing is sent in them, and nobody is lost but those of the forecast.

Time is a number here: the ledger is driven with moments of our own, at the slots that a page of this pace would give.
"""

import time

import pytest

from campaigns import hours
from campaigns.briefing import brief
from campaigns.ledger import chunks
from campaigns.ledger.claims import Hold, claim
from campaigns.ledger.settlements import Settlement, settle
from campaigns.lifecycle.launch import launch
from campaigns.lifecycle.plan import plan
from campaigns.plan.timetable import NEVER
from schemas.campaign_file import CampaignFile
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests import factories
from tests.factories import ENVIRONMENT, content, page
from workers.sender.gate import admit

MINUTE, HOUR = 60_000, 3_600_000
PACE = 5 * MINUTE
"""Between two slots."""
ZONES = ("Europe/Paris", "America/New_York", "Asia/Tokyo")


class Nights:
    """A launched campaign that begins at `now`, and what happens to it as time is moved."""

    def __init__(self, runtime, folder, rows, schedule):
        self.runtime = runtime
        self.now = self.begun = int(time.time()) // 60 * MINUTE
        file = content(schedule=schedule, pages={"acme": page(rate=1000 / PACE)})
        self.campaign = factories.submitted(runtime, folder, [self._person(n, row) for n, row in enumerate(rows)], file)
        self.planned = plan(runtime, self.campaign, ENVIRONMENT, self.now)
        token = self.planned.plan.token
        self.campaign = launch(runtime, self.campaign, token, ENVIRONMENT, now=self.now, actor="test")
        self.write(factories.text("UPDATE lane SET proven = true"))
        with runtime.writing() as conn:
            hours.lay(conn, self.campaign.id, CampaignFile.model_validate_json(self.campaign.spec), self.now)
        self.times = hours.times(CampaignFile.model_validate_json(self.campaign.spec))
        self.free = self.now
        self.sent = {}

    def _person(self, n, row):
        closes = self.now + row["hours"] * HOUR
        return {
            "recipient_id": factories.person(n),
            "first_name": "Ana",
            "window_closes_at": round(closes / 1000),
            "timezone": row.get("zone", ""),
        }

    def write(self, statement, **facts):
        with self.runtime.writing() as conn:
            return conn.execute(statement, facts)

    def run(self):
        """Move time until nobody is left."""
        with self.runtime.reading() as conn:
            self.briefing = brief(conn, self.runtime.settings, ENVIRONMENT, self.campaign.id, 1)
        while self._pending():
            assert self.now < self.begun + 96 * HOUR, "it ends"
            with self.runtime.writing() as conn:
                hours.turn(conn, self.now)
                rung = chunks.ring(conn, self.campaign.id, 1, self.now, 10)
                held = chunks.acquire(conn, rung[0], "here:1", self.now) if rung else None
                if held:
                    self._send_one(conn, held)
            self.now = self._next_event()

    def _send_one(self, conn, held):
        slot = max(self.now, self.free)

        def prepare(row, _i):
            verdict = admit(row, self.briefing, slot)
            return row if isinstance(verdict, int) else verdict

        name = f"claim-{slot}"
        claimed = claim(conn, held, prepare, name=name, want=1, now=self.now, after=0)
        for row in claimed.rows:
            self.sent[row.recipient_id] = (slot, row.zone)
            done = Settlement(row.id, name, held.place, DeliveryState.ACCEPTED, row.part, accepted_at=slot)
            settle(conn, [done])
            self.free = slot + PACE
        chunks.release(conn, held, self.now, due_at=self.free if claimed.rows else None)

    def _pending(self):
        return "pending" in factories.states(self.runtime, self.campaign).values()

    def _next_event(self):
        query = """
            SELECT due_at AS at FROM chunk WHERE state <> 'done' UNION SELECT hold_until FROM campaign
            UNION SELECT open_until FROM campaign UNION SELECT due_at FROM delivery WHERE state = 'pending'
        """
        moments = [row["at"] for row in factories.select(self.runtime, query) if row["at"]]
        # The clock ticks once a second, and a run waits for its next slot.
        return min(at for at in [*moments, self.free, self.now + 10 * MINUTE] if at > self.now)

    def outcome(self):
        return factories.states(self.runtime, self.campaign)

    def forecast(self):
        rows = self.planned.division.rows.select("recipient_id", "state", "reason").iter_rows()
        return {person: f"skipped({reason})" if reason else "accepted" for person, _, reason in rows}


def clock(ms):
    return time.strftime("%H:%M", time.gmtime(ms / 1000))


def quiet(start, length, **more):
    """Quiet hours that begin so many hours from now."""
    now = int(time.time()) // 60 * MINUTE
    return {"from": clock(now + start * HOUR), "to": clock(now + (start + length) * HOUR)} | more


def test_two_nights_by_the_pages_clocks(runtime, tmp_path):
    """Eleven people in an open hour and some too many: their windows are spread over two days."""
    people = [{"hours": 1 + n * 47 / 330} for n in range(330)]
    nights = Nights(runtime, tmp_path, people, {"zone": "UTC", "quiet": quiet(3, 9)})
    forecast = nights.forecast()
    nights.run()
    moments = [slot for slot, _ in nights.sent.values()]
    assert all(nights.times.whole.open_at(slot) for slot in moments)
    assert len({nights.times.whole.next_close(slot) for slot in moments}) >= 3, "before, between and after two nights"
    assert nights.outcome() == forecast
    reasons = set(forecast.values())
    assert {"accepted", "skipped(closes_before_turn)"} <= reasons
    assert min(b - a for a, b in zip(sorted(moments), sorted(moments)[1:], strict=False)) >= PACE
    with runtime.reading() as conn:
        factories.tallies_add_up(conn, nights.campaign.id)


def test_two_nights_by_peoples_own_clocks(runtime, tmp_path):
    people = [{"hours": 1 + n * 47 / 240, "zone": (*ZONES, "")[n % 4]} for n in range(240)]
    nights = Nights(runtime, tmp_path, people, {"zone": "UTC", "quiet": quiet(3, 12, zone="recipient")})
    forecast = nights.forecast()
    nights.run()
    for slot, zone in nights.sent.values():
        assert nights.times.person(zone).open_at(slot)
    lost = [person for person, state in nights.outcome().items() if state != forecast[person]]
    assert not lost
    with runtime.reading() as conn:
        factories.tallies_add_up(conn, nights.campaign.id)


@pytest.mark.parametrize("hours_left", [2, 20])
def test_who_is_in_quiet_time_is_held_or_skipped_where_only_that_is_left(runtime, tmp_path, hours_left):
    people = [{"hours": hours_left, "zone": "UTC"}] * 2
    nights = Nights(runtime, tmp_path, people, {"zone": "UTC"})
    times = {"quiet": quiet(-1, 9, zone="recipient"), "zone": "UTC"}
    # The plan knew of no quiet time; the change of hours comes after it.
    spec = CampaignFile.model_validate_json(nights.campaign.spec)
    changed = spec.model_copy(update={"schedule": spec.schedule.model_validate(times)})
    nights.write(factories.text("UPDATE campaign SET spec = :spec"), spec=changed.model_dump_json())
    nights.times = hours.times(changed)
    nights.run()
    assert set(nights.outcome().values()) == ({f"skipped({Reason.QUIET_HOURS})"} if hours_left == 2 else {"accepted"})
    if hours_left > 2:
        ends = nights.times.people.next_open(nights.times.zone, nights.begun)
        assert [slot for slot, _ in nights.sent.values()] == [ends, ends + PACE]


def test_a_slot_that_comes_after_the_closing_is_not_used_and_nobody_is_passed_over(runtime, tmp_path):
    nights = Nights(runtime, tmp_path, [{"hours": 20}] * 3, {"zone": "UTC", "quiet": quiet(1, 9)})
    with runtime.reading() as conn:
        briefing = brief(conn, runtime.settings, ENVIRONMENT, nights.campaign.id, 1)
    closes = nights.now + HOUR
    slots = [closes - 1000, closes + 1000]

    def prepare(row, i):
        verdict = admit(row, briefing, slots[i])
        return verdict if isinstance(verdict, Hold) else (row.id, verdict)

    nights.write(factories.text("UPDATE delivery SET chunk_id = 1"))
    with runtime.writing() as conn:
        held = chunks.acquire(conn, 1, "here:1", nights.now)
        claimed = claim(conn, held, prepare, name="a", want=3, now=nights.now, after=0)
    assert (claimed.rows, claimed.closing, claimed.last_id) == ([(1, closes)], True, 1)
    assert [row["due_at"] for row in factories.rows_of(runtime, nights.campaign)] == [None] * 3


def test_without_hours_a_slot_is_good_for_ever(runtime, tmp_path):
    nights = Nights(runtime, tmp_path, [{"hours": 2}], {})
    with runtime.reading() as conn:
        briefing = brief(conn, runtime.settings, ENVIRONMENT, nights.campaign.id, 1)
    assert briefing.times is None
    with runtime.writing() as conn:
        held = chunks.acquire(conn, 1, "here:1", nights.now)
        rows = claim(conn, held, lambda row, _i: row, name="a", want=1, now=nights.now, after=0).rows
    assert admit(rows[0], briefing, nights.now) == NEVER
