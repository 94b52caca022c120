"""What a plan says of twenty thousand people whose windows close under way is what happens to them, time compressed."""

import random
import time
from datetime import UTC, datetime

import pytest

from campaigns.lifecycle.plan import plan
from campaigns.simulator import Scenario, start
from tests import factories
from tests.workers.crew import at_work

RATE = 150
PEOPLE = 20_000
SPAN = 80
"""Seconds over which the windows close; twelve thousand turns."""
AHEAD = 10
"""Seconds from the planning to the start: time to read the list and to write the ledger."""
MARGIN = 0.005
"""Minutes of a window that are not used: the time that a message travels."""
PLACES = 2_000
"""So far from their places may people arrive: two chunks of a page are sent at once, and one process may be faster."""
MISSED = 0.15
"""The share that may come too late, where every second counts: the start, and slots that a busy machine misses."""


@pytest.fixture
def crew(tmp_path, valkey_url, dialect):  # noqa: ARG001 - it sets the environment
    runtime = factories.opened(tmp_path / "home")
    with (
        start(Scenario(cap=4 * RATE, latency=0.02)) as platform,
        at_work(runtime, tmp_path, valkey_url, platform) as crew,
    ):
        yield crew
    runtime.close()


def listed(begins):
    """Return a list in no order, and the last usable millisecond of everybody; five hundred have half an hour."""
    chance = random.Random(7)
    ends = [round(1000 * SPAN * chance.random()) for _ in range(PEOPLE - 500)] + [1_800_000] * 500
    chance.shuffle(ends)
    rows = factories.people(PEOPLE)
    margin = round(60_000 * MARGIN)
    return [row | {"window_closes_at": begins + end + margin} for row, end in zip(rows, ends, strict=True)], ends


def reached(ends):
    """Return who can be reached in time, in the order of their turns: one after the other, whoever closes first."""
    turns = []
    for n in sorted(range(len(ends)), key=ends.__getitem__):
        if (len(turns) + 1) * 1000 <= ends[n] * RATE:
            turns.append(n)
    return turns


@pytest.mark.long
def test_who_is_sent_to_and_when_is_what_the_plan_said(crew, wait_until):
    crew.hire(2)
    begins = (int(time.time()) + AHEAD) * 1000
    rows, ends = listed(begins)
    page = {"acme": factories.page(crew.platform.meta_url, rate=RATE)}
    schedule = {"start": datetime.fromtimestamp(begins / 1000, UTC).isoformat()}
    draft = crew.draft(rows, pages=page, limits={"margin": MARGIN}, schedule=schedule)
    drawn = plan(crew.runtime, draft, factories.ENVIRONMENT, factories.now(crew.runtime)).plan
    campaign = crew.launch(draft)
    assert time.time() * 1000 < begins, "it was stored in time"
    turns = reached(ends)
    named = {factories.person(n) for n in set(range(PEOPLE)) - set(turns)}
    assert (drawn.eligible, drawn.lost) == (len(turns), len(named))
    wait_until(lambda: crew.standing(campaign)["state"] == "finished", "it is out", 110)

    states = factories.states(crew.runtime, campaign)
    assert {who for who, state in states.items() if state == "skipped(closes_before_turn)"} == named
    late = {who for who, state in states.items() if state == "skipped(window_closed)"}
    messages = list(crew.platform.accepted())
    arrived = [message["recipient_id"] for message in messages]
    assert len(arrived) == len(set(arrived))
    assert {who for who, state in states.items() if state == "accepted"} == set(arrived)
    assert set(arrived) | late | named == set(states)
    assert {factories.person(n) for n in turns} == set(arrived) | late

    place = {factories.person(n): turn for turn, n in enumerate(turns)}
    closes = {factories.person(n): begins + end + 60_000 * MARGIN for n, end in enumerate(ends)}
    assert all(message["at_ms"] <= closes[message["recipient_id"]] for message in messages)
    order = sorted(place[who] for who in arrived)
    wide = max(abs(turn - order[n]) for n, turn in enumerate(place[who] for who in arrived))
    behind = messages[-1]["at_ms"] / 1000 - datetime.fromisoformat(drawn.finish_at).timestamp()
    assert wide <= PLACES
    assert len(late) <= MISSED * len(turns)
    assert abs(behind) < MISSED * SPAN
