"""What each database promises, and what is said where it cannot be had."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from campaigns import events, locks, migrations
from campaigns.errors import InputError
from campaigns.runtime import Runtime, check_pace, now_of
from campaigns.settings import Settings
from tests import factories
from tests.factories import select

BOTH = pytest.mark.databases("sqlite", "postgresql")
POSTGRESQL = pytest.mark.databases("postgresql")


def note(conn, sentence="Said."):
    events.record(conn, 1, "test", "test", sentence)


def noted(conn) -> int:
    return conn.execute(text("SELECT count(*) FROM event")).scalar_one()


def noted_now(runtime: Runtime) -> int:
    with runtime.reading() as conn:
        return noted(conn)


def broken(runtime: Runtime) -> None:
    with runtime.writing() as conn:
        note(conn)
        raise ZeroDivisionError


@BOTH
def test_a_reader_sees_one_moment(runtime):
    with runtime.reading() as reader:
        before = noted(reader)
        with runtime.writing() as writer:
            note(writer)
        assert noted(reader) == before
    with runtime.reading() as reader:
        assert noted(reader) == before + 1


@BOTH
def test_what_raises_is_not_written(runtime):
    with pytest.raises(ZeroDivisionError):
        broken(runtime)
    assert noted_now(runtime) == 0


@BOTH
def test_the_clock_counts_milliseconds(runtime):
    assert abs(factories.now(runtime) - time.time() * 1000) < 2_000


@POSTGRESQL
def test_a_reader_cannot_write(runtime):
    with pytest.raises(DBAPIError, match="read-only"), runtime.reading() as conn:
        note(conn)


@POSTGRESQL
def test_a_writer_sees_what_was_committed_while_it_waited(runtime):
    with runtime.writing() as one:
        assert noted(one) == 0
        with runtime.writing() as other:
            note(other)
        assert noted(one) == 1


@POSTGRESQL
def test_a_commit_is_on_disk_even_where_the_server_would_not_wait(runtime, postgres):
    postgres.psql.execute("ALTER SYSTEM SET synchronous_commit = off")
    postgres.psql.execute("SELECT pg_reload_conf()")
    try:
        runtime.engine.dispose()
        with runtime.writing() as conn:
            assert conn.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
    finally:
        postgres.psql.execute("ALTER SYSTEM RESET synchronous_commit")
        postgres.psql.execute("SELECT pg_reload_conf()")


@BOTH
def test_a_nul_in_a_text_does_no_harm(runtime):
    with runtime.writing() as conn:
        note(conn, "a\0b")
    assert select(runtime, "SELECT replace(sentence, 'x', '') AS said FROM event")[0]["said"].replace("\0", "") == "ab"


@BOTH
def test_a_margin_of_weeks_is_kept(runtime, tmp_path):
    file = factories.content(limits={"margin": "1000h"})
    campaign = factories.submitted(runtime, tmp_path, factories.people(1), file)
    assert campaign.margin_ms == 3_600_000_000


@POSTGRESQL
def test_a_connection_that_the_server_ended_is_replaced(runtime, postgres):
    with runtime.reading() as conn:
        pid = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    postgres.psql.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert noted_now(runtime) == 0


@BOTH
def test_a_turn_is_taken_by_one_after_the_other(runtime):
    with runtime.writing() as conn:
        locks.turn(conn, "a word")
        locks.turn(conn, "a word")
        assert now_of(conn)


@POSTGRESQL
def test_what_one_machine_holds_another_waits_for(runtime):
    held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    with runtime.reading() as conn:
        assert conn.execute(held).scalar_one() == 0
    with locks.held(runtime.engine, "a word"), runtime.reading() as conn:
        assert conn.execute(held).scalar_one() == 1
    with runtime.reading() as conn:
        assert conn.execute(held).scalar_one() == 0


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://ann:hunter2@127.0.0.1:{port}/none", "refused"),
        ("postgres://ann:hunter2@/none?host=/no/such/folder", "No such file"),
        ("mysql://ann:hunter2@127.0.0.1/none", "mysql"),
        ("hunter2", "no address"),
        ("postgresql://ann:hunter2@127.0.0.1:port/none", "no address"),
    ],
)
def test_a_database_that_cannot_be_had_is_a_sentence_without_the_password(tmp_path, monkeypatch, url, sentence):
    monkeypatch.setenv("DATABASE_URL", url.format(port=closed_port()))
    with pytest.raises(InputError, match=sentence) as refused:
        Runtime.open(Settings(home=tmp_path))
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_wrong_password_is_a_sentence_without_it(tmp_path, monkeypatch, postgres):
    hba = Path(postgres.psql.execute("SHOW hba_file").fetchone()[0])
    before = hba.read_text()
    postgres.psql.execute("CREATE ROLE ann LOGIN PASSWORD 'right'")
    hba.write_text("local all ann scram-sha-256\n" + before)
    postgres.psql.execute("SELECT pg_reload_conf()")
    try:
        url = psycopg.conninfo.conninfo_to_dict(postgres.psql.info.dsn)
        monkeypatch.setenv("DATABASE_URL", f"postgresql://ann:hunter2@/postgres?host={url['host']}")
        with pytest.raises(InputError, match="password authentication failed") as refused:
            Runtime.open(Settings(home=tmp_path))
        assert "hunter2" not in str(refused.value)
    finally:
        hba.write_text(before)
        postgres.psql.execute("SELECT pg_reload_conf()")
        postgres.psql.execute("DROP ROLE ann")


def test_migrations_that_begin_together_make_the_tables_once(postgres, tmp_path, monkeypatch):
    with postgres.database("template1") as url:
        monkeypatch.setenv("DATABASE_URL", url)
        opened = [Runtime.open(Settings(home=tmp_path)) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(migrations.ensure, [each.engine for each in opened]))
        assert noted_now(opened[0]) == 0
        for each in opened:
            each.close()


@pytest.mark.parametrize(
    ("environment", "refused"),
    [
        ({"DATABASE_URL": "postgresql://a@b/c"}, True),
        ({"DATABASE_URL": "postgresql://a@b/c", "REDIS_URL": "redis://b"}, False),
        ({"DATABASE_URL": "postgresql://a@b/c", "PAGECAST_FORCE_EMBEDDED": "true"}, False),
        ({"DATABASE_URL": "sqlite:////tmp/c"}, False),
        ({"DATABASE_URL": ""}, False),
        ({}, False),
    ],
)
def test_a_shared_database_needs_a_shared_redis(monkeypatch, environment, *, refused):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if refused:
        with pytest.raises(InputError, match="Set REDIS_URL"):
            check_pace(Settings())
    else:
        check_pace(Settings())
