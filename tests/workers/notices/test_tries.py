"""A notice that did not arrive is tried again, given up, brought back; and never by two at once."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import text

from campaigns.notices import queue, targets
from tests import factories
from tests.workers.notices.occasions import add, finished, happen, stored, time_passes, writing

BOTH = pytest.mark.databases("sqlite", "postgresql")


@BOTH
def test_what_is_refused_is_tried_at_growing_intervals_and_given_up(runtime, messenger, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    receiver.answers = [500] * 20
    for attempt, wait in enumerate(queue.BACKOFF_MS, 1):
        before = factories.now(runtime)
        assert messenger.turn() == 1
        (row,) = stored(runtime)
        assert (row["state"], row["attempts"], row["last_error"]) == ("queued", attempt, "It answered 500.")
        assert 0 <= row["due_at"] - before - wait < 5_000
        assert messenger.turn() == 0, "not before its time"
        time_passes(runtime, wait)
    assert messenger.turn() == 1
    assert [row["state"] for row in stored(runtime)] == ["dead"]
    time_passes(runtime, 10**9)
    assert messenger.turn() == 0
    assert len(receiver.got) == len(queue.BACKOFF_MS) + 1
    assert len({body for _, _, body in receiver.got}) == 1
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1


def test_every_try_says_what_the_first_one_said(runtime, messenger, receiver, tmp_path):
    add(runtime, receiver.url)
    finished(runtime, tmp_path)
    receiver.answers = [500]
    messenger.turn()
    with writing(runtime) as (conn, _):
        conn.execute(text("UPDATE campaign SET name = 'Autumn', state = 'sending'"))
    time_passes(runtime, queue.BACKOFF_MS[0])
    messenger.turn()
    assert [each["data"]["campaign"]["name"] for each in receiver.documents] == ["Spring", "Spring"]


@BOTH
def test_what_was_given_up_is_brought_back_and_what_waits_is_hurried(runtime, messenger, receiver):
    add(runtime, receiver.url)
    add(runtime, receiver.url, name="other")
    happen(runtime)
    receiver.answers = [503, 503]
    messenger.turn()
    with writing(runtime) as (conn, now):
        conn.execute(text("UPDATE notice SET state = 'dead', attempts = 7 WHERE target_id = 1"))
        assert queue.replay(conn, now, targets.named(conn, "ops"), dead=False) == 0
        assert queue.replay(conn, now, None, dead=False) == 1
    assert messenger.turn() == 1
    with writing(runtime) as (conn, now):
        assert queue.replay(conn, now, targets.named(conn, "other"), dead=True) == 0
        assert queue.replay(conn, now, targets.named(conn, "ops"), dead=True) == 1
    assert messenger.turn() == 1
    assert [(row["state"], row["attempts"]) for row in stored(runtime)] == [("sent", 1), ("sent", 2)]


@BOTH
def test_two_processes_take_a_notice_once(runtime, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    with writing(runtime) as (conn, now):
        (taken,) = queue.take(conn, now, 10)
        assert queue.take(conn, now, 10) == []
    assert stored(runtime)[0]["last_error"] == queue.IN_DOUBT
    time_passes(runtime, queue.LEASE_MS)
    with writing(runtime) as (conn, now):
        (again,) = queue.take(conn, now, 10)
        assert queue.settle(conn, again, now, "") == "sent"
        queue.settle(conn, taken, now, "It answered 500.")
    assert stored(runtime)[0]["state"] == "sent", "who lost its lease says nothing any more"


@BOTH
def test_a_process_killed_after_sending_sends_again_with_the_same_id_and_says_so(runtime, messenger, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    code = (
        "from campaigns.runtime import Runtime; from campaigns.settings import Settings; "
        "from workers.notices import Messenger; Messenger(Runtime.open(Settings())).turn()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    receiver.answers = [lambda: os.kill(process.pid, signal.SIGKILL)]
    assert process.wait(30) == -signal.SIGKILL
    assert len(receiver.got) == 1
    (row,) = stored(runtime)
    assert (row["state"], row["attempts"], row["last_error"]) == ("queued", 1, queue.IN_DOUBT)
    assert messenger.turn() == 0, "it may still live"
    time_passes(runtime, queue.LEASE_MS)
    assert messenger.turn() == 1
    (_, first, body), (_, second, again) = receiver.got
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again
    assert stored(runtime)[0]["state"] == "sent"


def test_who_always_dies_with_a_notice_in_hand_is_not_given_it_for_ever(runtime, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    taken = 0
    for _ in range(10):
        with writing(runtime) as (conn, now):
            taken += len(queue.take(conn, now, 10))
        time_passes(runtime, queue.LEASE_MS)
    assert taken == len(queue.BACKOFF_MS) + 1
    assert stored(runtime)[0]["state"] == "dead"
