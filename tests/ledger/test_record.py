"""A load writes exactly the plan's rows, however often it was interrupted before."""

from contextlib import contextmanager

import polars as pl
import pytest
from sqlalchemy import text

from campaigns.ledger import leftovers, record
from tests import factories
from tests.factories import select

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def load():
    """Seven rows of two pages: three chunks and one skipped row; nine lines in all."""
    n = range(7)
    rows = pl.DataFrame(
        {
            "line": [i + 2 for i in n],
            "recipient_id": [factories.person(i) for i in n],
            "page_id": [1, 1, 1, 1, 2, 2, 2],
            "sender_id": [1, 1, 1, 1, 2, 2, 2],
            "variables": ["[]"] * 7,
            "closes_at": [None] * 7,
            "state": ["pending"] * 6 + ["skipped"],
            "reason": [None] * 6 + ["opted_out"],
            "chunk_seq": [0, 0, 1, 1, 0, 0, None],
        },
        schema_overrides={"closes_at": pl.Int64, "chunk_seq": pl.Int32},
    )
    chunks = pl.DataFrame({"page_id": [1, 1, 2], "seq": [0, 1, 0], "size": [2, 2, 2], "deadline": [None, 5, None]})
    tallies = pl.DataFrame(
        {
            "page_id": [1, 1, 2, 2, 0],
            "chunk_seq": [0, 1, 0, None, None],
            "state": ["pending", "pending", "pending", "skipped", "rejected"],
            "reason": ["", "", "", "opted_out", ""],
            "n": [2, 2, 2, 1, 2],
        }
    )
    return record.Load(rows, chunks, tallies)


@pytest.fixture
def campaign(runtime, tmp_path):
    return factories.submitted(runtime, tmp_path, factories.people(3)).id


def everything(runtime):
    tables = ("delivery", "chunk", "tally", "campaign")
    found = {table: select(runtime, f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4") for table in tables}
    # Ids of chunks may differ from one load to the next, what they hold may not.
    for row in found["chunk"]:
        del row["id"]
    return found


def test_every_row_lands_in_its_chunk(runtime, campaign, load):
    assert record.load(runtime.writing, campaign, load) == 7
    rows = select(
        runtime,
        """SELECT delivery.id, recipient_id, delivery.page_id, seq, delivery.state, reason FROM delivery
           LEFT JOIN chunk ON chunk.id = chunk_id ORDER BY 1""",
    )
    assert [(row["id"], row["page_id"], row["seq"], row["state"]) for row in rows] == [
        (1, 1, 0, "pending"),
        (2, 1, 0, "pending"),
        (3, 1, 1, "pending"),
        (4, 1, 1, "pending"),
        (5, 2, 0, "pending"),
        (6, 2, 0, "pending"),
        (7, 2, None, "skipped"),
    ]
    stored = select(runtime, "SELECT first_id, last_id, total FROM campaign")[0]
    assert stored == {"first_id": 1, "last_id": 7, "total": 9}
    with runtime.reading() as conn:
        factories.tallies_add_up(conn, campaign)


def test_slices_continue_the_ids(runtime, campaign, load, monkeypatch):
    monkeypatch.setattr(record, "SLICE_ALONE", 3)
    record.load(runtime.writing, campaign, load)
    assert [row["id"] for row in select(runtime, "SELECT id FROM delivery ORDER BY line")] == list(range(1, 8))


def test_slices_are_small_while_a_campaign_sends(runtime, campaign, load, monkeypatch):
    monkeypatch.setattr(record, "SLICE", 2)
    assert inserting_transactions(runtime, campaign, load) == 1
    with runtime.writing() as conn:
        conn.execute(text("UPDATE campaign SET state = 'sending'"))
    assert inserting_transactions(runtime, campaign, load) == 4


def inserting_transactions(runtime, campaign, load):
    grown = []

    @contextmanager
    def counting():
        with runtime.writing() as conn:
            before = conn.execute(text("SELECT count(*) FROM delivery")).scalar_one()
            yield conn
            grown.append(conn.execute(text("SELECT count(*) FROM delivery")).scalar_one() > before)

    record.load(counting, campaign, load)
    return sum(grown)


@pytest.mark.parametrize("after", range(6))
def test_a_load_that_broke_off_and_begins_again_gives_the_same(runtime, campaign, load, monkeypatch, after):
    monkeypatch.setattr(record, "SLICE_ALONE", 3)
    left = after

    @contextmanager
    def breaking():
        nonlocal left
        if left == 0:
            raise InterruptedError
        left -= 1
        with runtime.writing() as conn:
            yield conn

    with pytest.raises(InterruptedError):
        record.load(breaking, campaign, load)
    record.load(runtime.writing, campaign, load)
    again = everything(runtime)
    record.load(runtime.writing, campaign, load)
    assert everything(runtime)["campaign"] == again["campaign"]
    assert [len(again[table]) for table in ("delivery", "chunk", "tally")] == [7, 3, 5]
    with runtime.reading() as conn:
        factories.tallies_add_up(conn, campaign)


def test_a_second_campaign_begins_behind_the_first(runtime, campaign, load, tmp_path):
    record.load(runtime.writing, campaign, load)
    other = factories.submitted(runtime, tmp_path, factories.people(3), factories.content(name="Autumn")).id
    record.load(runtime.writing, other, load)
    bounds = select(runtime, "SELECT first_id, last_id FROM campaign ORDER BY id")
    assert bounds == [{"first_id": 1, "last_id": 7}, {"first_id": 8, "last_id": 14}]


def test_a_sweep_leaves_other_campaigns_alone(runtime, campaign, load, tmp_path):
    record.load(runtime.writing, campaign, load)
    before = everything(runtime)
    other = factories.submitted(runtime, tmp_path, factories.people(3), factories.content(name="Autumn")).id
    record.load(runtime.writing, other, load)
    leftovers.sweep(runtime.writing, other)
    after = everything(runtime)
    assert (after["delivery"], after["chunk"], after["tally"]) == (before["delivery"], before["chunk"], before["tally"])
