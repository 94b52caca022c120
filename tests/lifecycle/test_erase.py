"""An erased person is nowhere to be read, and everything still adds up; a later list does not bring them back."""

import json
from collections import Counter
from contextlib import closing

import polars as pl
import pytest

from campaigns import report, suppression
from campaigns.inbound import roll
from campaigns.inbound.apply import apply
from campaigns.inbox import Inbox, Raw, Taken
from campaigns.ledger import chunks
from campaigns.ledger.claims import claim
from campaigns.ledger.settlements import Settlement, settle
from campaigns.lifecycle.erase import erase
from campaigns.lifecycle.plan import plan
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.page import ProviderName
from schemas.reason import Reason
from tests import factories
from tests.factories import ENVIRONMENT, person, select

pytestmark = pytest.mark.databases("sqlite", "postgresql")

PEOPLE = 6
ANA, BEN = person(0), person(1)


@pytest.fixture
def campaign(runtime, tmp_path):
    """One campaign of six; the first of them got it."""
    rows = [row | {"note": f"friend of {ANA}, not of {ANA}7"} for row in factories.people(PEOPLE)]
    made = factories.launched(runtime, tmp_path, rows)
    with runtime.writing() as conn:
        conn.execute(factories.text("UPDATE lane SET proven = true"))
        held = chunks.acquire(conn, 1, "here:1", now_of(conn))
        (row,) = claim(conn, held, lambda row, _: row, name="c", want=1, now=now_of(conn), after=0).rows
        assert row.recipient_id == ANA
        state = DeliveryState.ACCEPTED
        settle(conn, [Settlement(row.id, "c", held.place, state, 1, message_ids="m_1", accepted_at=now_of(conn))])
        chunks.release(conn, held, None)
    return made


def says(runtime, who, *words):
    now = factories.now(runtime)
    items = [
        {
            "sender": {"id": who},
            "recipient": {"id": factories.ACCOUNT},
            "timestamp": now + i,
            "message": {"mid": f"in-{word}", "text": word},
        }
        for i, word in enumerate(words)
    ]
    body = {"object": "instagram", "entry": [{"id": factories.ACCOUNT, "time": now, "messaging": items}]}
    return json.dumps(body).encode()


def comes(runtime, body):
    apply(runtime, [Taken(1, ProviderName.META, factories.now(runtime), body)])


def everything(runtime):
    """Every text of the database, and of the stored lists."""
    tables = ("contact", "inbound_event", "delivery", "suppression", "consent", "event")
    rows = [str(select(runtime, f"SELECT * FROM {table}")) for table in tables]
    lists = [str(pl.read_parquet(path).rows()) for path in runtime.storage.rglob("*.parquet")]
    return "\n".join(rows + lists)


def counts(runtime):
    return Counter((row["state"], row["reason"]) for row in select(runtime, "SELECT * FROM delivery"))


def test_nothing_names_an_erased_person_and_everything_adds_up(runtime, campaign, tmp_path):
    body = says(runtime, ANA, "hello", "STOP")
    comes(runtime, body)
    with runtime.writing() as conn:
        suppression.suppress(conn, ANA, 0, note="Ana called", now=now_of(conn), actor="test")
    before = counts(runtime)
    done = erase(runtime, ANA, "test")
    found = everything(runtime)
    assert ANA not in found.replace(f"{ANA}7", "")
    assert f"{ANA}7" in found, "a longer number is somebody else's"
    assert "hello" not in found
    assert "Ana called" not in found
    assert "Ana0" not in found
    assert (done.deliveries, done.set_aside, done.contacts, done.events, done.lists) == (1, 0, 1, 2, 1)
    assert done.campaigns == [f"Spring ({campaign.ref})"]
    assert counts(runtime) == before
    assert "m_1" in found, "the proof stays"
    with runtime.reading() as conn:
        factories.tallies_add_up(conn, campaign.id)
        written = report.write(conn, runtime.storage, campaign.id, tmp_path / "report", now_of(conn))
        assert report.person(conn, ANA, now_of(conn)).recipient_id == done.name
        assert report.explain(conn, runtime.storage, campaign.id, ANA).lines[0].state == "accepted"
        assert [event["person"] for event in roll.listed(conn, person=ANA)] == [done.name] * 2
        left = report.remainder(conn, runtime.storage, campaign.id, tmp_path / "left.csv")
    assert written.rows == PEOPLE
    assert (left.rows, ANA in (tmp_path / "left.csv").read_text().replace(f"{ANA}7", "")) == (PEOPLE - 1, False)


def test_who_waits_for_a_turn_is_set_aside(runtime, campaign, tmp_path):
    done = erase(runtime, BEN, "test")
    assert done.set_aside == 1
    assert counts(runtime)["skipped", "opted_out"] == 1
    (row,) = [row for row in factories.rows_of(runtime, campaign) if row["recipient_id"] == done.name]
    assert (row["variables"], row["state"]) == ("[]", "skipped")
    with runtime.reading() as conn:
        factories.tallies_add_up(conn, campaign.id)
        left = report.remainder(conn, runtime.storage, campaign.id, tmp_path / "left.csv")
    assert left.rows == PEOPLE - 2, "neither who got it nor who was erased"


def test_what_comes_back_from_the_wire_is_not_sent_again(runtime, campaign):
    with runtime.writing() as conn:
        held = chunks.acquire(conn, 1, "here:1", now_of(conn))
        (row,) = claim(conn, held, lambda row, _: row, name="c", want=1, now=now_of(conn), after=0).rows
    assert row.recipient_id == BEN
    erase(runtime, BEN, "test")
    with runtime.writing() as conn:
        settle(conn, [Settlement(row.id, "c", held.place, DeliveryState.PENDING, 0, attempt=0)])
        asked = []
        claim(
            conn,
            held,
            lambda row, _: asked.append(row) or Reason.OPTED_OUT,
            name="d",
            want=1,
            now=now_of(conn),
            after=0,
        )
        factories.tallies_add_up(conn, campaign.id)
    assert asked[0].opted_out


@pytest.mark.usefixtures("campaign")
def test_a_later_list_does_not_bring_them_back(runtime, tmp_path):
    name = erase(runtime, BEN, "test").name
    later = factories.submitted(runtime, tmp_path, factories.people(3), factories.content(name="Summer"))
    planned = plan(runtime, later, ENVIRONMENT, factories.now(runtime))
    assert (planned.plan.eligible, planned.plan.skipped) == (2, {"opted_out": 1})
    with runtime.writing() as conn:
        suppression.lift(conn, BEN, now=now_of(conn), actor="test")
    assert plan(runtime, later, ENVIRONMENT, factories.now(runtime)).plan.eligible == 3
    assert name in str(select(runtime, "SELECT sentence FROM event WHERE kind = 'suppression.removed'"))


@pytest.mark.usefixtures("campaign")
def test_no_word_of_theirs_undoes_it(runtime, tmp_path):
    erase(runtime, BEN, "test")
    comes(runtime, says(runtime, BEN, "START"))
    later = factories.submitted(runtime, tmp_path, factories.people(3), factories.content(name="Summer"))
    assert plan(runtime, later, ENVIRONMENT, factories.now(runtime)).plan.skipped == {"opted_out": 1}


def test_a_draft_loses_them_before_it_is_planned(runtime, tmp_path):
    draft = factories.submitted(runtime, tmp_path, factories.people(3))
    erase(runtime, BEN, "test")
    with runtime.writing() as conn:
        suppression.lift(conn, BEN, now=now_of(conn), actor="test")
    planned = plan(runtime, draft, ENVIRONMENT, factories.now(runtime)).plan
    assert (planned.eligible, planned.skipped) == (2, {"opted_out": 1}), "nothing is ever sent to a name"


@pytest.mark.usefixtures("campaign")
def test_once_more_changes_nothing_and_a_replay_is_still_known(runtime):
    body = says(runtime, BEN, "hello", "STOP")
    comes(runtime, body)
    first = erase(runtime, BEN, "test")
    before = everything(runtime)
    again = erase(runtime, BEN, "test")
    assert (again.name, again.events, again.deliveries, again.consent) == (first.name, 0, 0, 0)
    comes(runtime, body)
    assert everything(runtime) == before
    # Who comes back is forgotten again.
    comes(runtime, says(runtime, BEN, "hello again", "STOP"))
    assert BEN in everything(runtime)
    erase(runtime, BEN, "test")
    assert BEN not in everything(runtime)


@pytest.mark.usefixtures("campaign")
def test_a_dry_run_changes_nothing(runtime):
    before = everything(runtime)
    done = erase(runtime, BEN, "test", dry_run=True)
    assert (done.deliveries, done.set_aside, done.lists) == (1, 1, 1)
    assert everything(runtime) == before


def test_bodies_that_are_done_with_go_and_open_ones_are_told_of(runtime):
    with closing(Inbox.of(runtime)) as inbox:
        kept = [says(runtime, who, "hi") for who in (ANA, BEN, f"{ANA}7", ANA)]
        inbox.keep([Raw(ProviderName.META, 1, body) for body in kept])
        bodies = inbox.take(factories.now(runtime), 10)
        inbox.applied({body.id: 1 for body in bodies[:3]})
        done = erase(runtime, ANA, "test")
        assert (done.bodies, done.waiting) == (1, 1)
        assert not inbox.naming(ANA).closed
        assert len(inbox.naming(BEN).closed) == len(inbox.naming(f"{ANA}7").closed) == 1


def test_lines_that_cannot_be_used_lose_them_too(runtime, tmp_path):
    rows = [*factories.people(3), {**factories.people(1)[0], "last_inbound_at": "last week"}]
    rows[2]["first_name"] = ANA
    factories.launched(runtime, tmp_path, rows)
    erase(runtime, ANA, "test")
    (path,) = (runtime.storage / "lists").glob("*.parquet")
    listed = pl.read_parquet(path)
    assert ANA not in str(listed.rows())
    assert listed["_line"].to_list() == [2, 3, 4, 5]
    assert listed["_rule"].to_list() == [None, None, None, "bad_time"]
    assert listed["first_name"].to_list() == [None, "Ana1", "erased", None]
    assert pl.read_parquet_metadata(path)["pagecast.recipient_id"] == "recipient_id"
