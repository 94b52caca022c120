"""Children are kept alive, drained and never left behind: real processes, real signals."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from campaigns.errors import PagecastError, StoppedError
from workers import embedded, parent, supervisor
from workers.supervisor import Child, Event, Supervisor, What

ROOT = Path(__file__).parents[2]

PATIENT = "import signal; print('up', flush=True); signal.pause()"
DRAINS = """
import signal, sys, threading
gone = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: gone.set())
print('up', flush=True)
gone.wait()
print('drained', flush=True)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
MASTER = f"""
import signal, subprocess, sys
subprocess.Popen([sys.executable, '-c', {DRAINS!r}])
signal.pause()
"""
# A child, and a process that it spawned without passing on any descriptor.
WATCHES = """
import multiprocessing, os, threading
from workers import parent

def hold(name):
    gone = threading.Event()
    assert parent.watch(gone.set)
    os.write(1, f'{name} up\\n'.encode())
    gone.wait()
    os.write(1, f'{name} gone\\n'.encode())

if __name__ == '__main__':
    other = multiprocessing.get_context('spawn').Process(target=hold, args=('grandchild',))
    other.start()
    hold('child')
    other.join()
"""
UP = """
import sys, threading
from pathlib import Path
from workers.supervisor import Child, Supervisor
script, log = sys.argv[1], Path(sys.argv[2])
watcher = Child('watcher', [sys.executable, script], log=log)
Supervisor([watcher], print, folder=log.parent).run_until(threading.Event())
"""


def python(code: str, log: Path, name: str = "child") -> Child:
    return Child(name, [sys.executable, "-c", code], log=log)


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@contextmanager
def supervised(*children: Child, **options):
    events: list[Event] = []
    keeper = Supervisor(children, events.append, **options)
    keeper.start()
    try:
        yield keeper, events
    finally:
        keeper.stop()


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "child.log"
    path.touch()
    return path


def test_a_killed_child_comes_back_and_the_others_go_on(log, tmp_path, monkeypatch, wait_until):
    monkeypatch.setattr(supervisor, "PROVEN", 0.0)
    children = [python(PATIENT, log, "web"), python(PATIENT, tmp_path / "clock.log", "clock")]
    with supervised(*children) as (keeper, events):
        wait_until(lambda: log.read_text() == "up\n" and len(keeper.pids) == len(children), "the children are up")
        before = keeper.pids
        os.kill(before["web"], signal.SIGKILL)
        wait_until(lambda: log.read_text() == "up\nup\n", "it is up again", 2)
        assert keeper.pids["clock"] == before["clock"]
        died = next(event for event in events if event.what is What.DIED)
        assert (died.child, died.pid, died.code, died.wait) == ("web", before["web"], -9, supervisor.AT_ONCE)


def test_who_keeps_dying_ends_it_all(log, tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "LONGEST", 0.0)
    events: list[Event] = []
    children = [python("raise SystemExit(7)", log, "web"), python(DRAINS, tmp_path / "other.log", "clock")]
    with pytest.raises(StoppedError, match="web died 6 times within a minute, the last time with exit code 7"):
        Supervisor(children, events.append).run_until(threading.Event())
    assert sum(event.what is What.STARTED and event.child == "web" for event in events) == 6
    clock = next(event.pid for event in events if event.child == "clock")
    assert not alive(clock)


def test_a_background_supervisor_keeps_its_failure(log, monkeypatch, wait_until):
    monkeypatch.setattr(supervisor, "LONGEST", 0.0)
    with supervised(python("raise SystemExit(7)", log)) as (keeper, _):
        wait_until(lambda: keeper.failure, "it gives up")
    assert keeper.failure.exit_code == 5


def test_accidents_of_a_child_that_lived_well_are_no_reason_to_give_up():
    life = supervisor._Life(Child("web", []))
    for _ in range(4 * supervisor.RESTARTS):
        assert life.bury(life.born + supervisor.PROVEN + 1) == supervisor.AT_ONCE
        life.born = life.due


def test_a_function_lives_in_a_fork_and_dies_with_its_supervisor(log, tmp_path, wait_until):
    note = tmp_path / "note"
    child = Child(
        "writer", main=lambda: (note.write_text(os.environ["MARK"]), time.sleep(60)), env={"MARK": "x"}, log=log
    )
    with supervised(child) as (keeper, _):
        wait_until(lambda: note.exists() and note.read_text() == "x", "the fork works with its environment")
        before = keeper.pids["writer"]
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: keeper.pids.get("writer", before) != before, "it is started again", 10)
        after = keeper.pids["writer"]
    assert not alive(after)


def test_patience_doubles_to_half_a_minute_and_begins_anew_after_a_good_life():
    life = supervisor._Life(Child("web", []))
    now, waits = 0.0, []
    for _ in range(8):
        now += 4.0
        waits.append(life.bury(now))
        life.restarts.clear()
        life.born = now = life.due
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert life.bury(now + supervisor.PROVEN + 1) == supervisor.AT_ONCE
    life.born = life.due
    assert life.bury(life.due + 1) == 1


def test_the_sixth_death_in_a_minute_is_one_too_many():
    life = supervisor._Life(Child("web", []))
    assert [life.bury(float(second)) is None for second in range(6)] == [False] * 5 + [True]


def test_stopping_lets_children_drain(log, wait_until):
    with supervised(python(DRAINS, log)) as (keeper, events):
        wait_until(lambda: "up" in log.read_text() and keeper.pids.get("child"), "the child is up")
        pid = keeper.pids["child"]
    assert log.read_text() == "up\ndrained\n"
    assert not alive(pid)
    assert events[-1] == Event(What.STOPPED, "child", pid, 0)


def test_who_does_not_drain_in_time_is_killed(log, wait_until):
    with supervised(python(STUBBORN, log), grace=0.2) as (keeper, events):
        wait_until(lambda: "up" in log.read_text() and keeper.pids.get("child"), "the child is up")
        pid = keeper.pids["child"]
    assert not alive(pid)
    assert events[-1].code == -signal.SIGKILL


def test_what_a_killed_master_leaves_behind_drains(log, wait_until):
    with supervised(python(MASTER, log)) as (keeper, _):
        wait_until(lambda: "up" in log.read_text(), "the master's child is up")
        os.kill(keeper.pids["child"], signal.SIGKILL)
        wait_until(lambda: "drained" in log.read_text(), "the orphan drains")


def test_children_and_theirs_hear_of_a_killed_supervisor(tmp_path, log, wait_until):
    script = tmp_path / "watches.py"
    script.write_text(WATCHES)
    up = subprocess.Popen(
        [sys.executable, "-c", UP, str(script), str(log)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    wait_until(lambda: log.read_text().count("up") == 2, "both are up")
    assert "gone" not in log.read_text()
    up.kill()
    up.wait()
    wait_until(lambda: log.read_text().count("gone") == 2, "both have heard of it")
    assert {"child gone", "grandchild gone"} < set(log.read_text().splitlines())


def test_without_a_supervisor_there_is_nothing_to_watch():
    assert parent.watch(lambda: None) is None


def test_a_supervisor_that_went_before_the_child_looked_is_gone(monkeypatch, tmp_path):
    monkeypatch.setenv(parent.VARIABLE, str(tmp_path / "never.parent"))
    heard = threading.Event()
    parent.watch(heard.set)
    assert heard.wait(5)


def test_a_child_gets_its_environment_and_keeps_off_stdout(tmp_path, capfd, wait_until):
    code = "import json, os; print(json.dumps(os.environ['EXTRA'])); import signal; signal.pause()"
    with supervised(Child("web", [sys.executable, "-c", code], env={"EXTRA": "1"}), folder=tmp_path):
        seen = []
        wait_until(lambda: seen.append(capfd.readouterr()) or seen[-1].err, "it has printed")
    assert json.loads(seen[-1].err) == "1"
    assert "".join(out for out, _ in seen) == ""
    assert list(tmp_path.glob("*.parent")) == []


def test_a_dead_redis_is_healed_beside_the_children(log, home, wait_until):
    server = embedded.ensure(home)
    killed = server.pid
    with supervised(python(PATIENT, log), check=server.heal):
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: server.pid != killed, "the server is started again", 3)
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
    server.release()


def test_a_failing_check_is_reported_and_tried_again(log, monkeypatch, wait_until):
    monkeypatch.setattr(supervisor, "_CHECK", 0.0)

    def check():
        raise PagecastError("The disk is full.")

    with supervised(python(PATIENT, log), check=check) as (_, events):
        failed = Event(What.CHECK_FAILED, sentence="The disk is full.")
        wait_until(lambda: events.count(failed) > 1, "it is reported twice")
