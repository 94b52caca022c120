"""The worker of long work: what it takes, what a killed one had, and what it leaves behind."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from campaigns import jobs, keys
from campaigns.jobs import Asked, Outcome
from campaigns.lifecycle import backup, erase, restore
from campaigns.lifecycle.retention import Retention
from campaigns.runtime import now_of
from schemas.api.envelope import Fault
from schemas.api_key import Role
from schemas.job import JobKind, JobState
from tests import factories
from tests.factories import launched, people, person, submitted
from workers.jobs import Jobs, take_back

BOTH = pytest.mark.databases("sqlite", "postgresql")
WEEK_MS = 7 * 86_400_000


@pytest.fixture
def runtime(dialect, tmp_path, monkeypatch):  # noqa: ARG001 - it sets the environment
    for name, token in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def key(runtime):
    with runtime.writing() as conn:
        return keys.create(conn, "crm", Role.ADMIN, now=now_of(conn), actor="test").key


@pytest.fixture
def ask(runtime, key):
    def asked(kind, /, **arguments):
        with runtime.writing() as conn:
            return jobs.ask(conn, Asked(kind, arguments, key.id, "key:crm"), now_of(conn))

    return asked


@pytest.fixture
def worker(runtime):
    made = Jobs(runtime, "host:home:one")
    yield made
    made.stop()


def found(runtime, job):
    with runtime.reading() as conn:
        return jobs.find(conn, job.ref)


def take(runtime, owner, at=None):
    with runtime.writing() as conn:
        return jobs.take(conn, owner, now_of(conn) if at is None else at)


@contextmanager
def process():
    with subprocess.Popen([sys.executable, "-m", "workers.jobs"], env=os.environ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_a_process_does_what_is_asked_and_ends_in_order(runtime, tmp_path, ask, wait_until):
    draft = submitted(runtime, tmp_path, people(3))
    plan, wrong = ask(JobKind.PLAN, campaign=draft.ref), ask(JobKind.REPORT, campaign=draft.ref)
    assert runtime.takes_jobs is not True
    with process() as running:
        wait_until(lambda: all(found(runtime, job).finished_at for job in (plan, wrong)), "both are done", seconds=30)
        assert runtime.takes_jobs is not False
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
    done, failed = found(runtime, plan), found(runtime, wrong)
    assert (done.state, json.loads(done.result)["eligible"]) == (JobState.DONE, 3)
    fault = Fault.model_validate_json(failed.error)
    assert (failed.state, fault.status, fault.code) == (JobState.FAILED, 409, "conflict")
    assert "not launched yet" in fault.message


def test_a_file_lies_in_the_folder_of_its_job(runtime, tmp_path, ask, worker, wait_until):
    job = ask(JobKind.RESULTS, campaign=launched(runtime, tmp_path, people(2)).ref, kind="csv")
    wait_until(lambda: worker.turn() or found(runtime, job).finished_at, "the file is there", seconds=30)
    folder = jobs.folder(runtime.storage, job.ref)
    assert [each.name for each in folder.iterdir()] == [found(runtime, job).file] == ["results.csv"]
    rows = csv.DictReader(io.StringIO((folder / "results.csv").read_text()))
    assert [row["recipient_id"] for row in rows] == [person(0), person(1)]
    wait_until(lambda: [at.name for at in folder.parent.iterdir()] == [job.ref], "the scratch folder is gone")


def test_what_a_killed_worker_had_is_done_at_once_by_the_next(runtime, tmp_path, ask, wait_until):
    job = ask(JobKind.PLAN, campaign=submitted(runtime, tmp_path, people(3)).ref)
    took = take(runtime, take_back(runtime))
    assert (took.ref, took.state, took.tries) == (job.ref, JobState.WORKING, 1)
    with process():
        wait_until(lambda: found(runtime, job).finished_at, "the next one does it", seconds=30)
    assert (found(runtime, job).state, found(runtime, job).tries) == (JobState.DONE, 2)


def test_a_job_ends_with_the_worker_that_holds_it(runtime, tmp_path, ask):
    job = ask(JobKind.PLAN, campaign=submitted(runtime, tmp_path, people(3)).ref)
    take(runtime, "one")
    errand = [sys.executable, "-m", "workers.errand", job.ref, "one"]
    with subprocess.Popen(errand, env=os.environ, stdin=subprocess.PIPE) as running:
        running.stdin.close()
        assert running.wait(20) == 3
    assert found(runtime, job).state is JobState.WORKING


@BOTH
def test_a_lease_that_ends_lets_another_take_it(runtime, ask):
    job = ask(JobKind.PLAN, campaign="nothing")
    now = factories.now(runtime)
    assert take(runtime, "one", now).ref == job.ref
    assert take(runtime, "two", now + jobs.LEASE_MS - 1) is None
    with runtime.writing() as conn:
        assert jobs.renew(conn, job.ref, "one", now + jobs.LEASE_MS - 1)
    assert take(runtime, "two", now + jobs.LEASE_MS) is None
    assert take(runtime, "two", now + 2 * jobs.LEASE_MS).tries == 2
    with runtime.writing() as conn:
        assert not jobs.renew(conn, job.ref, "one", now)
        assert not jobs.settle(conn, job.ref, "one", Outcome(result='"late"'), now)
        assert jobs.settle(conn, job.ref, "two", Outcome(result='"mine"'), now)
        assert not jobs.settle(conn, job.ref, "two", Outcome(result='"again"'), now)
    assert found(runtime, job).result == '"mine"'


@BOTH
def test_what_ends_its_process_three_times_is_given_up(runtime, ask):
    job, other = ask(JobKind.PLAN, campaign="a"), ask(JobKind.PLAN, campaign="b")
    now = factories.now(runtime)
    for n in range(jobs.TRIES):
        now += 2 * jobs.LEASE_MS
        assert take(runtime, f"w{n}", now).ref == job.ref
    now += 2 * jobs.LEASE_MS
    assert take(runtime, "last", now).ref == other.ref
    given_up = found(runtime, job)
    fault = Fault.model_validate_json(given_up.error)
    assert (given_up.state, fault.status) == (JobState.FAILED, 500)
    assert "3 times" in fault.message


def test_a_process_that_dies_counts_and_one_that_is_asked_to_end_does_not(runtime, ask, wait_until, monkeypatch):
    endless = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(Jobs, "_started", lambda *_: subprocess.Popen(endless, stdin=subprocess.PIPE))
    job, worker = ask(JobKind.PLAN, campaign="a"), Jobs(runtime, "one")
    worker.turn()
    assert (worker.running, found(runtime, job).tries) == (1, 1)
    worker.stop()
    assert (found(runtime, job).state, found(runtime, job).tries) == (JobState.QUEUED, 0)
    worker.turn()
    worker._errands[0].process.kill()
    wait_until(lambda: worker.turn() or not worker.running, "it is buried")
    assert (found(runtime, job).state, found(runtime, job).tries) == (JobState.QUEUED, 1)
    worker.turn()
    assert worker.running == 0, "it waits a moment before it is tried again"


def test_so_many_at_once_and_no_more(runtime, ask, monkeypatch):
    endless = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(Jobs, "_started", lambda *_: subprocess.Popen(endless, stdin=subprocess.PIPE))
    asked = [ask(JobKind.PLAN, campaign=str(n)) for n in range(4)]
    worker = Jobs(runtime, "one")
    worker.turn()
    worker.turn()
    assert [found(runtime, job).state for job in asked] == ["working", "working", "queued", "queued"]
    with runtime.reading() as conn:
        assert [jobs.before(conn, found(runtime, job)) for job in asked[2:]] == [0, 1]
    worker.stop()


@BOTH
def test_a_week_later_they_are_gone_and_their_files(runtime, ask):
    old, new, open_one = (ask(JobKind.PLAN, campaign=word) for word in "abc")
    now = factories.now(runtime)
    for job, ended in ((old, now - WEEK_MS - 60_000), (new, now - WEEK_MS + 60_000)):
        jobs.folder(runtime.storage, job.ref).mkdir(parents=True)
        with runtime.writing() as conn:
            assert jobs.take(conn, "one", now).ref == job.ref
            assert jobs.settle(conn, job.ref, "one", Outcome(file="results.csv"), ended)
    assert [part for part in Retention(runtime).tidy() if part] == [1]
    with runtime.reading() as conn:
        assert [job.ref for job in jobs.listed(conn, None, jobs.NEWEST, 10)] == [open_one.ref, new.ref]
    assert [at.name for at in (runtime.storage / "jobs").iterdir()] == [new.ref]


@BOTH
def test_of_the_same_file_the_last_three_stay(runtime, ask):
    asked = []
    other = ask(JobKind.RESULTS, campaign="b", kind="csv")
    for _ in range(5):
        asked.append(ask(JobKind.RESULTS, campaign="a", kind="csv"))
        while job := take(runtime, "one"):
            with runtime.writing() as conn:
                jobs.settle(conn, job.ref, "one", Outcome(file="results.csv"), now_of(conn))
    with runtime.reading() as conn:
        left = [job.ref for job in jobs.listed(conn, None, jobs.NEWEST, 10)]
    assert left == [*(job.ref for job in reversed(asked[2:])), other.ref]


@BOTH
def test_an_erased_person_is_in_no_job(runtime, ask):
    named, other, file, working = (ask(JobKind.PREVIEW, campaign=word, to=None) for word in "abcd")
    now = factories.now(runtime)
    for job, outcome in (
        (named, Outcome(result=f'["{person(1)}"]')),
        (other, Outcome(result=f'["{person(2)}"]')),
        (file, Outcome(file="results.csv")),
    ):
        take(runtime, "one", now)
        with runtime.writing() as conn:
            jobs.settle(conn, job.ref, "one", outcome, now)
    jobs.folder(runtime.storage, file.ref).mkdir(parents=True)
    take(runtime, "one", now)
    erase.erase(runtime, person(1), "test", dry_run=True)
    assert found(runtime, named).result
    assert found(runtime, working).owner == "one"
    erase.erase(runtime, person(1), "test")
    with runtime.reading() as conn:
        left = jobs.listed(conn, None, jobs.NEWEST, 10)
    assert [(job.ref, job.state) for job in left] == [(working.ref, "queued"), (other.ref, "done")]
    assert list((runtime.storage / "jobs").iterdir()) == []


@pytest.mark.databases("sqlite")
def test_a_restored_backup_begins_nothing_by_itself(runtime, ask, tmp_path):
    waits = ask(JobKind.LAUNCH, campaign="a", token="t")
    backup.backup(runtime, tmp_path / "b.tar")
    runtime.close()
    restore.restore(runtime.settings, tmp_path / "b.tar", "test")
    fault = Fault.model_validate_json(found(runtime, waits).error)
    assert (fault.code, "was restored" in fault.message) == ("conflict", True)
