"""A list that comes to a sketch which may have one already: how it is read, and what stays where it cannot be."""

import asyncio

import polars as pl
import pytest
from nicegui.elements.upload_files import SmallFileUpload

from campaigns import uploads
from campaigns.errors import InputError, StateError
from campaigns.web.api import promise
from campaigns.web.dashboard.wizard import arrival, errand
from campaigns.web.dashboard.wizard.visit import Visit
from tests import factories

ROWS = f"id,ig_id,last_inbound_at\n7,{factories.person(1)},2026-11-20 10:00\n".encode()
UNNAMED = f"Full name,IG User\nAna,{factories.person(1)}\n".encode()


@pytest.fixture
def visit(session):
    return Visit(session(), {})


def come(visit, content, name="people.csv"):
    asyncio.run(arrival._take(visit, SmallFileUpload(name, "text/csv", content), lambda _said: None))


def say(visit, **columns):
    for name, value in columns.items():
        visit.put(f"columns.{name}", value)
    asyncio.run(arrival.read_again(visit, lambda _said: None))


def test_a_list_that_is_refused_leaves_the_one_before_with_its_columns(visit):
    come(visit, ROWS)
    say(visit, recipient_id="ig_id")
    before = dict(visit.content)
    with pytest.raises(InputError):
        come(visit, b"%PDF-1.7 nothing", "invoice.pdf")
    assert visit.content == before
    assert visit.get("columns") == {"recipient_id": "ig_id"}


def test_a_list_is_taken_as_it_was_read_zone_included(visit, runtime):
    come(visit, ROWS)
    say(visit, recipient_id="ig_id", zone="Asia/Tokyo")
    other = Visit(visit.session, {})
    asyncio.run(arrival.adopt(other, visit.get("list")))
    reading = uploads.find(runtime.storage, visit.get("list")).reading
    assert other.get("columns") == reading.mapping | {"zone": "Asia/Tokyo"}
    say(other)
    assert uploads.find(runtime.storage, visit.get("list")).reading.digest == reading.digest


def test_a_list_whose_headers_say_all_keeps_only_the_zone(visit):
    come(visit, b"recipient_id,last_inbound_at\n17900000000000001,2026-11-20 10:00\n")
    assert visit.get("columns") is None
    say(visit, zone="Asia/Tokyo")
    asyncio.run(arrival.adopt(visit, visit.get("list")))
    assert visit.get("columns") == {"zone": "Asia/Tokyo"}


def test_a_list_whose_column_is_to_be_named_is_the_sketchs(visit, runtime):
    come(visit, UNNAMED)
    assert uploads.asking(runtime.storage, visit.get("list"))


def test_what_keeps_a_long_list_from_being_read_is_said(visit, monkeypatch):
    async def full(*_args, **_facts):
        raise StateError("50 jobs of this key are not done yet.")

    monkeypatch.setattr(errand, "document", full)
    with pytest.raises(StateError, match="50 jobs"):
        come(visit, ROWS)
    assert visit.content == {}


def test_a_packed_list_that_is_read_again_is_as_long_as_it_unpacks(visit, tmp_path, monkeypatch):
    pl.DataFrame(factories.people(3)).write_parquet(tmp_path / "people.parquet")
    come(visit, (tmp_path / "people.parquet").read_bytes(), "people.parquet")
    asked = []
    monkeypatch.setattr(promise, "is_small", lambda size, begins: asked.append((size, begins)) or True)
    say(visit)
    assert asked == [((tmp_path / "people.parquet").stat().st_size, b"PAR1")]
