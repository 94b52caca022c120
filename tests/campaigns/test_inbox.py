"""Bodies are taken once at a time, again where their taker died, and never lost."""

import fcntl
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import run
from threading import Barrier

import pytest
from sqlalchemy import event, text

from campaigns.inbox import HEAVIEST, HOUR_MS, LEASE_MS, UNREADABLE, Backlog, Inbox, Raw, Refusal, Refused
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from schemas.page import ProviderName

pytestmark = pytest.mark.databases("sqlite", "postgresql")

META, ORBIT = ProviderName.META, ProviderName.ORBIT
NOW = 1_800_000_000_000


@pytest.fixture
def runtime(dialect):  # noqa: ARG001 - it sets the environment
    opened = Runtime.open(Settings())
    yield opened
    opened.close()


@pytest.fixture
def inbox(runtime):
    opened = Inbox.of(runtime)
    yield opened
    opened.close()


def raw(*bodies: bytes, provider=META, at=NOW):
    return [Raw(provider, at + i, body) for i, body in enumerate(bodies)]


def taken(inbox, now=NOW, most=10):
    return [each.body for each in inbox.take(now, most)]


def test_what_is_kept_is_taken_oldest_first_as_it_came(inbox):
    ugly = bytes(range(256)) + b"\0" * 10
    inbox.keep([*raw(ugly, b""), *raw(b"three", provider=ORBIT, at=NOW + 7)])
    one, two = inbox.take(NOW, 2)
    (three,) = inbox.take(NOW, 2)
    assert [each.body for each in (one, two, three)] == [ugly, b"", b"three"]
    assert (three.provider, three.received_at) == (ORBIT, NOW + 7)


def test_no_hand_holds_more_than_memory_does(inbox):
    large = bytes(HEAVIEST // 2)
    inbox.keep(raw(large, b"two", large, b"four"))
    assert [len(body) for body in taken(inbox)] == [HEAVIEST // 2, 3, HEAVIEST // 2]
    assert taken(inbox) == [b"four"]


def test_a_taken_body_is_nobody_elses_until_its_lease_runs_out(inbox):
    inbox.keep(raw(b"one"))
    assert taken(inbox) == [b"one"]
    assert taken(inbox, NOW + LEASE_MS - 1) == []
    assert inbox.waiting(NOW + LEASE_MS - 1) == 0
    assert inbox.waiting(NOW + LEASE_MS) == 1
    assert taken(inbox, NOW + LEASE_MS) == [b"one"]


def test_what_the_dead_had_in_hand_is_free_at_once(inbox):
    inbox.keep(raw(b"applied", b"one", b"two", b"three", b"four"))
    (applied,) = inbox.take(NOW, 1, "here:dead")
    inbox.applied({applied.id: 1})
    for most, owner in ((2, "here:dead"), (1, "here:alive"), (1, "")):
        inbox.take(NOW, most, owner)
    assert inbox.owners() == {"here:dead", "here:alive"}
    assert inbox.release(()) == 0
    assert inbox.release({"here:dead", "here:other"}) == 2
    assert inbox.owners() == {"here:alive"}
    assert taken(inbox) == [b"one", b"two"]


def test_tables_of_an_earlier_version_are_mended(runtime, inbox):
    inbox.keep(raw(b"one"))
    with inbox._runtime.writing() as conn:
        conn.execute(text("DROP INDEX ix_webhook_body_taken"))
        conn.execute(text("ALTER TABLE webhook_body DROP COLUMN taken_by"))
    for _ in range(2):
        with Inbox.opened(runtime) as mended:
            assert mended.owners() == set()
    assert len(inbox.take(NOW, 1, "here:dead")) == 1
    assert inbox.release({"here:dead"}) == 1


@pytest.mark.databases("sqlite")
def test_to_ask_for_the_dead_does_not_read_the_backlog(inbox):
    asked = []
    event.listen(inbox._runtime.engine, "before_cursor_execute", lambda _c, _r, *said: asked.append(said[:2]))
    inbox.owners()
    inbox.release({"one", "two"})
    statements = [said for said in asked if "taken_by" in said[0]]
    assert len(statements) == 2
    with inbox._runtime.reading() as conn:
        for statement, facts in statements:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", facts).all()
            assert "ix_webhook_body_taken" in str(plan)


def test_an_applied_body_is_done_with_even_where_nobody_could_read_it(inbox):
    inbox.keep(raw(b"one", b"two", b"three"))
    one, two, _ = inbox.take(NOW, 3)
    inbox.applied({one.id: 4, two.id: UNREADABLE})
    inbox.applied({})
    assert taken(inbox, NOW + LEASE_MS) == [b"three"]


def test_the_backlog_is_what_nobody_has_applied(inbox):
    assert inbox.backlog() == Backlog(0, None)
    inbox.keep(raw(b"one", b"two"))
    (one,) = inbox.take(NOW, 1)
    assert inbox.backlog() == Backlog(2, NOW)
    inbox.applied({one.id: 0})
    assert inbox.backlog() == Backlog(1, NOW + 1)


def test_all_of_a_group_is_kept_or_nothing(inbox):
    with pytest.raises(Exception, match=r"(?i)null"):
        inbox.keep([*raw(b"one"), Raw(META, NOW, None)])
    assert inbox.backlog().bodies == 0


def test_takers_at_the_same_time_never_share_a_body(inbox, runtime):
    inbox.keep(raw(*(b"%d" % n for n in range(400))))

    def take_all(_):
        own, mine = Inbox.of(runtime), []
        while found := taken(own, most=7):
            mine += found
        own.close()
        return mine

    with ThreadPoolExecutor(4) as takers:
        shares = list(takers.map(take_all, range(4)))
    assert sorted(body for share in shares for body in share) == sorted(b"%d" % n for n in range(400))


def test_a_process_that_dies_between_keeping_and_applying_loses_nothing(inbox):
    script = """
import os
from campaigns.inbox import Inbox, Raw
from campaigns.runtime import Runtime
from campaigns.settings import Settings
inbox = Inbox.of(Runtime.open(Settings()))
inbox.keep([Raw("meta", 1, b"one"), Raw("meta", 2, b"two")])
assert len(inbox.take(1_800_000_000_000, 1)) == 1
os.kill(os.getpid(), 9)
"""
    assert run([sys.executable, "-c", script], check=False).returncode == -9
    assert taken(inbox, NOW + 1) == [b"two"]
    assert taken(inbox, NOW + LEASE_MS) == [b"one"]


def test_machines_that_start_together_make_the_tables_once(runtime):
    together = Barrier(8)

    def start(_):
        together.wait()
        return Inbox.of(runtime)

    with ThreadPoolExecutor(8) as machines:
        for inbox in machines.map(start, range(8)):
            assert inbox.waiting(NOW) == 0
            inbox.close()


@pytest.mark.databases("sqlite")
def test_a_new_file_is_opened_by_one_at_a_time(runtime):
    with (runtime.settings.home / "inbox.lock").open("w") as lock, ThreadPoolExecutor(1) as other:
        fcntl.flock(lock, fcntl.LOCK_EX)
        opening = other.submit(Inbox.of, runtime)
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.2)
        fcntl.flock(lock, fcntl.LOCK_UN)
        opening.result().close()


def test_the_bodies_of_sqlite_have_a_file_of_their_own_and_are_on_disk(inbox, runtime, dialect):
    inbox.keep(raw(b"one"))
    file = runtime.settings.home / "inbox.sqlite3"
    assert file.exists() == (dialect == "sqlite")
    if dialect == "sqlite":
        with inbox._runtime.reading() as conn:
            assert conn.execute(text("PRAGMA synchronous")).scalar_one() == 2
            assert conn.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_refusals_are_counted_by_the_hour(inbox):
    hour = NOW - NOW % HOUR_MS
    inbox.refused(META, Refusal.WRONG_SIGNATURE, hour + 5)
    inbox.refused(META, Refusal.WRONG_SIGNATURE, hour + 3, 4)
    inbox.refused(META, Refusal.WRONG_SIGNATURE, hour + HOUR_MS)
    inbox.refused(ORBIT, Refusal.NO_SECRET, hour + 9)
    assert inbox.refusals(hour + 5) == [
        Refused(META, Refusal.WRONG_SIGNATURE, hour, 5, hour + 5),
        Refused(META, Refusal.WRONG_SIGNATURE, hour + HOUR_MS, 1, hour + HOUR_MS),
        Refused(ORBIT, Refusal.NO_SECRET, hour, 1, hour + 9),
    ]
    assert [each.provider for each in inbox.refusals(hour + 6)] == [META, ORBIT]


def test_the_latest_of_a_provider(inbox):
    assert inbox.latest(META) is None
    inbox.keep([*raw(b"one", b"two"), *raw(b"three", provider=ORBIT, at=NOW + 7)])
    assert (inbox.latest(META), inbox.latest(ORBIT)) == (NOW + 1, NOW + 7)


def test_retention_takes_what_is_done_and_old(inbox, monkeypatch):
    monkeypatch.setattr("campaigns.inbox.bodies._SLICE", 2)
    inbox.keep(raw(b"waits", *(b"%d" % n for n in range(6))))
    bodies = inbox.take(NOW, 10)
    inbox.applied({each.id: 1 for each in bodies[1:]} | {bodies[2].id: UNREADABLE})
    inbox.refused(META, Refusal.NO_SECRET, NOW)
    inbox.refused(META, Refusal.TOO_LARGE, NOW + 5)
    assert inbox.forget(NOW + 5) == 4
    assert inbox.forget(NOW + 5) == 0
    assert [each.reason for each in inbox.refusals(0)] == [Refusal.TOO_LARGE]
    assert taken(inbox, NOW + LEASE_MS) == [b"waits"]
    assert inbox.latest(META) == NOW + 6
