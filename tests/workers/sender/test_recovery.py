"""What the clock takes back, starts, ends and rings; who counts as dead; two clocks at once."""

import os
import signal
import subprocess
import sys
import time

import pytest
import redis

from campaigns import report
from campaigns.ledger import chunks
from campaigns.ledger.claims import claim
from campaigns.lifecycle import control
from campaigns.runtime import now_of
from tests import factories
from tests.factories import person
from workers import broker as bells
from workers.clock import Clock
from workers.presence import Presence, is_dead

pytestmark = pytest.mark.databases("sqlite", "postgresql")

_WORKER = """
import sys, time
from pathlib import Path
from workers.presence import Presence
with Presence(Path(sys.argv[1])) as presence:
    print(presence.name, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def clock(bench, valkey_url):
    broker = bells.connect(valkey_url)
    yield Clock(bench.runtime, broker, slots=4)
    broker.close()


def bells_waiting(valkey_url):
    with redis.Redis.from_url(valkey_url) as client:
        return client.llen(f"pagecast:{bells.QUEUE}")


def test_a_worker_is_dead_when_its_process_is(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    worker = subprocess.Popen([sys.executable, "-c", _WORKER, str(home)], stdout=subprocess.PIPE, text=True)
    name = worker.stdout.readline().strip()
    assert not is_dead(home, name)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert is_dead(home, name)
    assert is_dead(home, name), "whoever asks does not change the answer"


def test_who_is_elsewhere_or_ended_in_order_is_not_known_to_be_dead(tmp_path):
    with Presence(tmp_path) as presence:
        assert not is_dead(tmp_path, presence.name)
        assert not is_dead(tmp_path, "another-host:" + presence.name.partition(":")[2])
    assert not is_dead(tmp_path, presence.name)
    assert list((tmp_path / "workers").iterdir()) == []


def killed_worker(home):
    """The name of a worker that was killed."""
    presence = Presence(home)
    os.close(presence._lock)
    return presence.name


def claimed_by(bench, owner, want=3):
    bench.write("UPDATE lane SET proven = true")
    with bench.runtime.writing() as conn:
        held = chunks.acquire(conn, 1, owner, now_of(conn))
        return claim(conn, held, lambda row, _i: row, name="old", want=want, now=now_of(conn), after=0)


def test_the_chunk_of_a_killed_worker_goes_on_at_once_and_nobody_gets_it_twice(bench, clock):
    bench.launch(20)
    claimed_by(bench, killed_worker(bench.runtime.settings.home))
    assert clock.tick() == [1]
    assert bench.counts() == {"unknown": 3, "pending": 17}
    bench.work()
    assert bench.counts() == {"unknown": 3, "accepted": 17}
    assert not {person(n) for n in range(3)} & set(bench.accepted())


def test_the_chunk_of_a_living_worker_is_left_alone_until_its_lease_ends(bench, clock):
    bench.launch(20)
    with Presence(bench.runtime.settings.home) as presence:
        claimed_by(bench, presence.name)
        clock.tick()
        assert bench.counts() == {"sending": 3, "pending": 17}
        bench.write("UPDATE chunk SET lease_until = 1")
        clock.tick()
    assert bench.counts() == {"unknown": 3, "pending": 17}


def test_a_chunk_over_which_three_workers_died_waits_from_now_on(bench, clock):
    bench.launch(20)
    bench.write("UPDATE chunk SET state = 'running', owner = 'gone:1', lease_until = 1, crashes = 2")
    assert clock.tick() == []
    chunk = bench.one("SELECT state, crashes, due_at FROM chunk")
    assert (chunk["state"], chunk["crashes"]) == ("ready", 3)
    assert chunk["due_at"] - factories.now(bench.runtime) > 29_000


def test_two_clocks_ring_once(bench, clock, valkey_url):
    bench.launch(20)
    other = Clock(bench.runtime, clock.broker, slots=4)
    assert (clock.tick(), other.tick(), clock.tick()) == ([1], [], [])
    assert bells_waiting(valkey_url) == 1


def test_without_redis_the_status_says_so_and_the_bell_rings_once_it_is_back(bench, clock, tmp_path):
    campaign = bench.launch(5)
    broker = bells.connect(f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(redis.ConnectionError):
        Clock(bench.runtime, broker, slots=4).tick()
    with bench.runtime.reading() as conn:
        told = report.status(conn, campaign.id, now_of(conn)).sentence
    assert told.startswith("Waiting: Redis does not answer")
    assert clock.tick() == [1], "not thirty seconds after the bell that nobody heard"
    bench.work(1)
    assert bench.one("SELECT sentence FROM chunk") == {"sentence": None}


def test_no_more_bells_than_twice_the_slots(bench, clock):
    rows = factories.people(20)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 else "burger"
    bench.launch(rows=rows, pages={"acme": factories.page(), "burger": factories.other_page()})
    assert Clock(bench.runtime, clock.broker, slots=0).tick() == []
    assert Clock(bench.runtime, clock.broker, slots=1).tick() == [1, 2]


@pytest.mark.parametrize("until", [1, 9_000_000_000_000])
def test_a_paused_bucket_silences_its_lanes(bench, clock, until):
    bench.launch(5)
    key = f"sender:instagram:{factories.ACCOUNT}"
    bench.write("INSERT INTO bucket VALUES (:key, :until, '', '', 0, 0, NULL, NULL, NULL, NULL)", key=key, until=until)
    assert clock.tick() == ([1] if until == 1 else [])


def test_a_campaign_ends_with_its_last_row(bench, clock):
    bench.launch(5)
    bench.work()
    clock.tick()
    assert bench.one("SELECT state FROM campaign")["state"] == "finished"
    assert clock.tick() == []
    assert bench.events() == ["campaign.finished"]


def test_after_not_after_nobody_is_sent_to(bench, clock):
    bench.launch(5)
    bench.write("UPDATE campaign SET not_after = 1")
    bench.work()
    assert bench.platform.stats()["arrivals"] == 0
    clock.tick()
    assert bench.counts() == {"cancelled": 5}
    assert {row["reason"] for row in bench.rows()} == {"deadline_passed"}
    assert bench.events() == ["campaign.deadline", "campaign.finished"]


def test_a_campaign_of_stopped_chunks_pauses_with_their_sentence_and_resumes(bench, clock):
    campaign = bench.launch(5)
    bench.write("UPDATE chunk SET state = 'stopped', crashes = 3, sentence = 'Three runs ended.'")
    clock.tick()
    assert bench.one("SELECT state, sentence FROM campaign") == {"state": "paused", "sentence": "Three runs ended."}
    control.resume(bench.runtime, campaign, "test")
    assert clock.tick() == [1]


def test_a_busy_worker_keeps_beating(valkey_url, wait_until):
    """Its messages would else be handed to others while they run: Dramatiq beats only when it fetches."""
    broker = bells.connect(valkey_url)
    heart = next(each for each in broker.middleware if isinstance(each, bells.Heart))
    with redis.Redis.from_url(valkey_url) as client:
        broker.do_heartbeat(bells.QUEUE)
        [key] = [name for name in client.scan_iter() if b"heartbeat" in name]
        before = client.zrange(key, 0, -1, withscores=True)[0][1]
        wait_until(lambda: time.time() * 1000 > before + 5, "the clock has moved")
        broker.do_heartbeat(bells.QUEUE)
        assert client.zrange(key, 0, -1, withscores=True)[0][1] > before
        assert bells_waiting(valkey_url) == 0
    heart.before_worker_shutdown(broker, None)
    broker.close()


def test_a_bell_that_nobody_heard_for_thirty_seconds_is_old(valkey_url):
    broker = bells.connect(valkey_url)
    bells.ring(broker, 7)
    with redis.Redis.from_url(valkey_url) as client:
        [message] = client.hgetall(f"pagecast:{bells.QUEUE}.msgs").values()
    assert b'"max_age":30000' in message
    assert b'"args":[7]' in message
    broker.close()


PARTS = {"parts": [{"text": "One {{ first_name }}"}, {"text": "Two {{ first_name }}"}]}


def test_a_crash_between_two_parts_goes_on_with_the_second(bench):
    bench.launch(2, message=PARTS)
    bench.write("UPDATE delivery SET part_done = 1, part_open = 1, message_ids = 'm_before' WHERE id = 1")
    bench.finish()
    assert sorted(bench.accepted()) == [person(0), person(1), person(1)]
    assert bench.rows()[0]["message_ids"].startswith("m_before m_")


def test_a_crash_within_the_second_part_is_in_doubt_there_and_the_first_is_not_repeated(bench, clock):
    bench.launch(2, message=PARTS)
    bench.write("UPDATE delivery SET part_done = 1, part_open = 1, message_ids = 'm_before' WHERE id = 1")
    claimed_by(bench, killed_worker(bench.runtime.settings.home), want=1)
    clock.tick()
    row = bench.rows()[0]
    assert (row["state"], row["part_done"], row["part_open"], row["message_ids"]) == ("unknown", 1, 2, "m_before")
    bench.work()
    bench.finish()
    assert sorted(bench.accepted()) == [person(1), person(1)]
