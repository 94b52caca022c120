"""What is old is forgotten, the proof of it stays, and nothing else is touched."""

import polars as pl
import pytest

from campaigns import report
from campaigns.inbox import Inbox, Raw
from campaigns.lifecycle.retention import DAY_MS, Retention
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.page import ProviderName
from tests import factories
from tests.factories import person, select
from tests.lifecycle.aftermath import becomes, write

pytestmark = pytest.mark.databases("sqlite", "postgresql")

INSERT = """
    INSERT INTO inbound_event (key, received_at, at, provider, channel, account_id, person, kind, mid, text, payload,
        facts, delivery_id)
    VALUES (:key, :at, :at, 'meta', 'instagram', '1', '2', 'message', 'm', 'hello', 'P', '{}', :delivery_id)
"""


@pytest.fixture
def runtime(tmp_path, dialect, monkeypatch):  # noqa: ARG001 - it sets the environment
    monkeypatch.setenv("PAGECAST_KEEP_BODIES_DAYS", "2")
    monkeypatch.setenv("PAGECAST_KEEP_TEXTS_DAYS", "3")
    monkeypatch.setenv("PAGECAST_KEEP_LISTS_DAYS", "4")
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


def days_ago(runtime, days):
    return factories.now(runtime) - int(days * DAY_MS)


def tidied(runtime):
    return [part for part in Retention(runtime).tidy() if part]


def test_bodies_that_were_applied_go_and_open_ones_stay(runtime):
    with Inbox.opened(runtime) as inbox:
        inbox.keep([Raw(ProviderName.META, days_ago(runtime, days), b"{}") for days in (3, 3, 1)])
        bodies = inbox.take(factories.now(runtime), 10)
        inbox.applied({body.id: 1 for body in bodies[1:]})
        assert tidied(runtime) == [1]
        assert inbox.latest(ProviderName.META) == bodies[2].received_at
        assert inbox.backlog().bodies == 1


def test_words_go_and_that_they_were_said_stays(runtime, tmp_path, monkeypatch):
    monkeypatch.setattr("campaigns.lifecycle.retention._EVENTS", 2)
    factories.launched(runtime, tmp_path, factories.people(2))
    old, new = days_ago(runtime, 4), days_ago(runtime, 2)
    for n, at in enumerate((old, old, new)):
        becomes(runtime, n, "accepted", replied_at=at, reply="hello") if n < 2 else None
        write(runtime, INSERT, key=f"k{n}", at=at, delivery_id=n + 1 if n < 2 else None)
    write(runtime, "UPDATE delivery SET replied_at = :new WHERE id = 2", new=new)
    retention = Retention(runtime)
    assert sum(retention.tidy()) == 2
    rows = select(runtime, "SELECT text, payload, mid, person FROM inbound_event ORDER BY id")
    assert [row["text"] + row["payload"] for row in rows] == ["", "", "helloP"]
    assert {(row["mid"], row["person"]) for row in rows} == {("m", "2")}
    replies = select(runtime, "SELECT reply, replied_at FROM delivery ORDER BY id")
    assert [row["reply"] for row in replies] == [None, "hello"]
    assert [row["replied_at"] for row in replies] == [old, new]
    write(runtime, INSERT, key="late", at=old, delivery_id=None)
    assert sum(retention.tidy()) == 1, "what comes in late is old all the same"
    write(runtime, "UPDATE inbound_event SET received_at = :old WHERE key = 'k2'", old=old)
    assert sum(retention.tidy()) == 1, "so is what was young between them"
    assert sum(retention.tidy()) == 0


def test_lists_of_ended_campaigns_lose_their_cells_and_reports_still_add_up(runtime, tmp_path):
    ended = factories.launched(runtime, tmp_path, factories.people(3))
    assert tidied(runtime) == [], "it is under way"
    write(runtime, "UPDATE campaign SET state = 'finished', finished_at = :at", at=days_ago(runtime, 5))
    young = factories.launched(runtime, tmp_path, factories.people(4), factories.content(name="Young"))
    write(
        runtime,
        "UPDATE campaign SET state = 'finished', finished_at = :at WHERE id = :id",
        id=young.id,
        at=days_ago(runtime, 3),
    )
    assert tidied(runtime) == [3, 1]
    assert tidied(runtime) == []
    variables = {row["variables"] for row in factories.rows_of(runtime, ended)}
    assert variables == {"[]"}
    assert "Ana3" in str(factories.rows_of(runtime, young))
    with runtime.reading() as conn:
        written = report.write(conn, runtime.storage, ended.id, tmp_path / "report", now_of(conn))
    assert written.rows == 3
    results = pl.read_parquet(tmp_path / "report" / "results.parquet")
    assert results["recipient_id"].to_list() == [person(n) for n in range(3)]
    assert results["first_name"].to_list() == [None] * 3


def test_a_list_that_another_campaign_needs_stays_whole(runtime, tmp_path):
    ended = factories.launched(runtime, tmp_path, rows := factories.people(3))
    factories.launched(runtime, tmp_path, rows, factories.content(name="Again"))
    write(runtime, "UPDATE campaign SET state = 'finished', finished_at = 1 WHERE id = :id", id=ended.id)
    assert tidied(runtime) == [3], "its variables"
    (path,) = (runtime.storage / "lists").glob("*.parquet")
    assert pl.read_parquet(path)["first_name"].to_list() == ["Ana0", "Ana1", "Ana2"]


def test_without_a_setting_lists_are_kept(runtime, tmp_path, monkeypatch):
    factories.launched(runtime, tmp_path, factories.people(3))
    write(runtime, "UPDATE campaign SET state = 'finished', finished_at = 1")
    monkeypatch.delenv("PAGECAST_KEEP_LISTS_DAYS")
    assert tidied(Runtime(Settings(home=runtime.settings.home), runtime.engine)) == []
