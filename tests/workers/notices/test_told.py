"""Notices reach a real receiver: who hears what, and in which words."""

import threading

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from campaigns import events, pages
from campaigns.notices import queue, targets
from schemas.notice import NoticeKind, Way
from tests import factories
from tests.workers.notices.occasions import OTHER, SECRET, add, finished, happen, stored, time_passes, writing
from tests.workers.notices.receiver import Receiver
from workers.notices import beside

BOTH = pytest.mark.databases("sqlite", "postgresql")


@BOTH
def test_a_finished_campaign_is_told_with_its_counts_and_a_signature(runtime, messenger, receiver, tmp_path):
    add(runtime, receiver.url)
    campaign = finished(runtime, tmp_path)
    assert messenger.turn() == 1
    ((path, headers, body),) = receiver.got
    assert path == "/hook"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    document = Webhook(SECRET).verify(body, headers)
    assert document["id"] == headers["webhook-id"]
    assert document["type"] == "campaign.finished"
    assert document["created_at"].endswith("Z")
    told = document["data"]["campaign"]
    assert (told["id"], told["name"], told["state"], told["total"]) == (campaign.ref, "Spring", "finished", 5)
    assert told["sentence"] == "Finished: 5 accepted."
    assert told["counts"]["accepted"] == 5
    assert not [n for n in range(5) if factories.person(n).encode() in body]
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(body, headers)
    assert [(row["state"], row["attempts"], row["last_error"]) for row in stored(runtime)] == [("sent", 1, "")]
    assert messenger.turn() == 0


@BOTH
def test_an_event_that_is_taken_back_is_told_to_nobody(runtime):
    add(runtime, "https://hooks.example.org/x")
    with writing(runtime) as (conn, now):
        events.record(conn, now, NoticeKind.STOPPED, "test", "Stopped.")
        conn.rollback()
    assert stored(runtime) == []


@BOTH
def test_everybody_hears_what_they_asked_for(runtime, messenger, receiver):
    add(runtime, receiver.url, name="both", on="finished,page.parked")
    add(runtime, receiver.url, name="pages", on="parked")
    add(runtime, receiver.url, name="all", on="all")
    happen(runtime, NoticeKind.PARKED, "The token is gone.")
    happen(runtime, NoticeKind.FINISHED, "Finished.")
    happen(runtime, "bucket.slowed", "Slower.")
    messenger.turn()
    assert sorted(each["type"] for each in receiver.documents) == ["campaign.finished"] * 2 + ["page.parked"] * 3
    ids = {each["type"]: each["id"] for each in receiver.documents}
    assert {(each["type"], each["id"]) for each in receiver.documents} == set(ids.items()), "an event has one id"


def test_a_page_that_parks_is_told_by_name_and_without_ids(runtime, messenger, receiver, tmp_path):
    add(runtime, receiver.url)
    factories.launched(runtime, tmp_path, factories.people(1))
    with writing(runtime) as (conn, now):
        pages.park(conn, 1, "190", f"The token is gone ({factories.person(0)}).", now)
    messenger.turn()
    (document,) = receiver.documents
    assert document["type"] == "page.parked"
    assert document["data"]["page"] == {"name": "acme", "channel": "instagram", "provider": "meta"}
    assert document["data"]["sentence"] == "The token is gone ([id])."


def test_redirects_are_not_followed(runtime, messenger, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    receiver.answers = [302]
    messenger.turn()
    assert [path for path, _, _ in receiver.got] == ["/hook"]
    assert stored(runtime)[0]["last_error"].startswith("It answered 302; redirects are not followed.")


def test_a_silent_receiver_holds_nobody_else_up(runtime, messenger, receiver):
    other = Receiver()
    add(runtime, receiver.url)
    add(runtime, other.url, name="other")
    happen(runtime)
    receiver.answers = ["silence"]
    messenger.turn(patience=0.3)
    other.close()
    assert len(other.got) == 1
    rows = {row["target_id"]: (row["state"], row["last_error"]) for row in stored(runtime)}
    assert rows == {1: ("queued", "No answer within 0.3 s."), 2: ("sent", "")}


def test_who_is_removed_is_told_nothing_any_more(runtime, messenger, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    with writing(runtime) as (conn, now):
        targets.remove(conn, targets.named(conn, "ops"), now, "test")
    happen(runtime)
    assert messenger.turn() == 0
    assert stored(runtime) == []


def test_what_is_queued_when_the_process_ends_goes_out_first(runtime, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    ending = threading.Event()
    ending.set()
    beside(runtime, ending).join(10)
    assert [each["type"] for each in receiver.documents] == ["campaign.stopped"]


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
def test_chat_is_told_in_words(runtime, messenger, receiver, monkeypatch, tmp_path):
    monkeypatch.setenv("OPS_CHAT", f"mmost://127.0.0.1:{receiver.port}/abcdefghijklmnopqrstuvwxyz")
    add(runtime, "@{secret:OPS_CHAT}", way=Way.APPRISE, secret="")
    campaign = finished(runtime, tmp_path)
    receiver.answers = [500, 200]
    messenger.turn()
    assert stored(runtime)[0]["last_error"] == "It could not be told; the service refused, or is away."
    time_passes(runtime, queue.BACKOFF_MS[0])
    messenger.turn()
    assert stored(runtime)[0]["state"] == "sent"
    said = receiver.documents[-1]["text"]
    assert "Spring: campaign.finished" in said
    assert f"Finished: 5 accepted. ({campaign.ref})" in said
