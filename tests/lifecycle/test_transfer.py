"""A database moves from SQLite to PostgreSQL whole, or not at all."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from campaigns import events, pages
from campaigns.errors import InputError, StateError
from campaigns.inbox import Inbox, Raw
from campaigns.ledger import chunks
from campaigns.ledger.claims import claim
from campaigns.lifecycle.transfer import look, transfer
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.page import Channel, ProviderName, Route
from tests import factories
from workers.presence import Presence

pytestmark = pytest.mark.databases("postgresql")


@pytest.fixture
def target(runtime):
    return runtime


@pytest.fixture
def source(tmp_path, monkeypatch, target):  # noqa: ARG001 - it has read DATABASE_URL
    """A state folder of its own with a campaign under way: one chunk is running, two people are on the wire."""
    monkeypatch.delenv("DATABASE_URL")
    opened = factories.opened(tmp_path / "old")
    rows = [
        *factories.people(11),
        *factories.people(1, recipient_id=factories.person(11), first_name="A\U0001f600\\b\tc"),
    ]
    file = factories.content(pages={"acme": factories.page(rate=0.05)})
    factories.launched(opened, tmp_path, rows, file)
    with opened.writing() as conn:
        conn.execute(text("UPDATE lane SET proven = true"))
        held = chunks.acquire(conn, 1, "here:1", now_of(conn))
        claim(conn, held, lambda row, _i: row, name="old", want=2, now=now_of(conn), after=0)
    yield opened
    opened.close()


def everything(runtime: Runtime) -> dict[str, list]:
    with runtime.reading() as conn:
        tables = SQLModel.metadata.sorted_tables
        return {table.name: sorted(map(repr, conn.execute(table.select()))) for table in tables}


def moved(source: Runtime, target: Runtime):
    source.engine.dispose()
    return transfer(target, source.settings.sqlite_path)


def test_every_row_arrives_as_it_was(source, target):
    before = everything(source)
    done = moved(source, target)
    assert everything(target) == before
    assert done.rows == {name: len(rows) for name, rows in before.items()} | {"webhook_body": 0}
    assert done.rows["delivery"] == 12


def test_killed_at_its_end_it_leaves_no_database_to_send_from(source, target, monkeypatch):
    with Inbox.opened(source) as inbox:
        inbox.keep([Raw(ProviderName.META, 1, b"1")])
    rename = Path.rename

    def killed(self, to):
        rename(self, to)
        raise InterruptedError

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(InterruptedError):
        moved(source, target)
    assert not source.settings.sqlite_path.exists()


def test_webhook_bodies_that_nobody_has_applied_come_along(source, target):
    bodies = [Raw(ProviderName.META, n, b"%d\0" % n) for n in range(3)]
    with Inbox.opened(source) as inbox:
        inbox.keep(bodies)
        (first,) = inbox.take(now := factories.now(source), 1, "here:old")
        inbox.applied({first.id: 1})
        inbox.take(now, 1, "here:old")
    assert look(source.settings.sqlite_path)["webhook_body"] == 2
    assert moved(source, target).rows["webhook_body"] == 2
    with Inbox.opened(target) as inbox:
        assert [each.body for each in inbox.take(factories.now(target), 10)] == [b"1\0", b"2\0"]
        inbox.keep(bodies[:1])
    assert not (source.settings.home / "inbox.sqlite3").exists()
    assert (source.settings.home / "inbox.sqlite3.moved").exists()


def test_new_rows_get_ids_behind_the_old_ones(source, target):
    moved(source, target)
    with target.writing() as conn:
        route = Route(base_url="http://127.0.0.1:9", token="@{secret:T}")
        facts = {"channel": Channel.MESSENGER, "provider": ProviderName.META, "account_id": "5", "route": route}
        assert pages.add(conn, name="new", now=1, **facts).id == 2
        events.record(conn, 1, "test", "test", "Said.")
    again = factories.launched(target, source.settings.home.parent, factories.people(3), factories.content(name="Two"))
    assert [row["id"] for row in factories.rows_of(target, again)] == [13, 14, 15]


def test_the_file_is_set_aside(source, target):
    done = moved(source, target)
    assert not source.settings.sqlite_path.exists()
    assert look(done.kept)["delivery"] == 12


def test_workers_that_live_are_not_left_behind(source, target):
    with Presence(source.settings.home), pytest.raises(StateError, match="alive"):
        moved(source, target)
    assert everything(target)["delivery"] == []
    assert source.settings.sqlite_path.exists()


def test_a_database_that_holds_something_is_left_alone(source, target):
    with target.writing() as conn:
        events.record(conn, 1, "test", "test", "Said.")
    with pytest.raises(StateError, match="event"):
        moved(source, target)
    assert everything(target)["delivery"] == []
    assert source.settings.sqlite_path.exists()


def test_it_breaks_off_without_a_trace(source, target):
    with sqlite3.connect(source.settings.sqlite_path) as old:
        old.execute("UPDATE campaign SET margin_ms = 'soon'")
    with pytest.raises(Exception, match="soon"):
        moved(source, target)
    assert everything(target)["recipient_list"] == []
    assert source.settings.sqlite_path.exists()


def test_a_file_that_is_no_database_is_a_sentence(tmp_path, target):
    (tmp_path / "notes.txt").write_text("not a database" * 100)
    sqlite3.connect(tmp_path / "other.sqlite3").execute("CREATE TABLE a (b)").connection.close()
    for name in ("notes.txt", "other.sqlite3", "missing.sqlite3"):
        with pytest.raises(InputError, match=name):
            transfer(target, tmp_path / name)


def test_there_must_be_a_place_to_move_to(source, tmp_path):
    elsewhere = Runtime.open(Settings(home=tmp_path / "third"))
    with pytest.raises(InputError, match="Set DATABASE_URL"):
        transfer(elsewhere, source.settings.sqlite_path)
    elsewhere.close()
