"""A page that may send and does not says since when, and why."""

import pytest

from campaigns import report
from schemas.lane import LaneState
from tests.campaigns.report_factory import NOW, Spring


@pytest.fixture
def stalled(tmp_path):
    """Nothing has left for 45 seconds; one person is left, and some are on the wire."""

    def store(in_flight=0):
        spring = Spring(tmp_path)
        spring.person("accepted", sent_at=NOW - 45_000, accepted_at=NOW - 45_000)
        spring.person()
        for _ in range(in_flight):
            spring.person("sending")
        spring.store()
        spring.change("UPDATE chunk SET lease_until = :at", at=NOW + 30_000)
        return spring

    return store


def told(spring):
    with spring.connected() as conn:
        status = report.status(conn, 1, NOW)
    page = next(each for each in status.pages if each.name == "acme")
    assert page.state is LaneState.WAITING
    assert status.sentence == page.sentence
    start, because, why = page.sentence.partition(" because ")
    assert because
    assert start.removesuffix(",") in {"Waiting: no progress for 45 s", "Waiting: no progress for 10 min"}
    return why


@pytest.mark.parametrize(("n", "why"), [(1, "1 call is out"), (2, "2 calls are out")])
def test_calls_that_nobody_answers(stalled, n, why):
    assert told(stalled(in_flight=n)) == f"{why} without an answer."


def test_a_worker_that_is_gone(stalled):
    spring = stalled(in_flight=1)
    spring.change("UPDATE chunk SET lease_until = :at", at=NOW - 1)
    assert told(spring) == "the worker of page acme no longer answers; another takes over within a minute."


def test_the_first_answer(stalled):
    spring = stalled()
    spring.change("UPDATE lane SET proven = false")
    assert told(spring) == "the first answer is not in."


@pytest.mark.parametrize(
    ("rung", "why"),
    [
        (None, "neither clock nor workers run; start `pagecast up`."),
        (NOW - 61_000, "neither clock nor workers run; start `pagecast up`."),
        (NOW - 29_000, "no worker comes to page acme although it is called: is one running."),
    ],
)
def test_nobody_comes(stalled, rung, why):
    spring = stalled()
    spring.change("UPDATE chunk SET state = 'ready', rung_at = :rung", rung=rung)
    assert told(spring) == why


@pytest.mark.parametrize("state", ["running", "done"])
def test_workers_that_are_busy_with_another_campaign(stalled, state):
    spring = stalled()
    spring.change("UPDATE chunk SET state = 'ready'")
    other = {"id": 77, "campaign_id": 2, "page_id": 9, "seq": 0, "size": 1, "state": state, "lease_until": NOW + 9}
    spring.insert("chunk", other)
    busy = "all workers are busy with others; page acme is next."
    assert told(spring) == (busy if state == "running" else "neither clock nor workers run; start `pagecast up`.")
