"""Bodies become rows: once, in any order, and everything that they say holds at once."""

import json
import random

import pytest

from campaigns.inbound.apply import again
from campaigns.inbox import UNREADABLE
from schemas.delivery import DeliveryState
from tests import factories

everywhere = pytest.mark.databases("sqlite", "postgresql")

UNKNOWN = DeliveryState.UNKNOWN
DAY = 86_400_000
STRANGER = "99887766554433221"


class TestWindows:
    def test_a_message_opens_a_window(self, post):
        post.come(post.says(STRANGER, "hello", seconds=5))
        (contact,) = post.table("SELECT * FROM contact")
        assert (contact["recipient_id"], contact["kind"], contact["source"]) == (STRANGER, "message", "webhook")
        assert (contact["opened_at"], contact["closes_at"]) == (post.at(5), post.at(5) + DAY)
        assert contact["evidence"] == f"in-{STRANGER}-5-hello"

    def test_the_later_window_stands_whatever_comes_first(self, post):
        for seconds in (5, 60, 20):
            post.come(post.says(STRANGER, "hello", seconds=seconds))
        assert [row["opened_at"] for row in post.table("SELECT * FROM contact")] == [post.at(60)]

    def test_a_read_opens_none(self, post):
        post.come(post.read(STRANGER, mid="m"))
        assert post.table("SELECT * FROM contact") == []

    def test_a_message_to_an_account_without_a_page_is_kept(self, post):
        body = {"object": "page", "entry": [{"id": "5", "time": 1, "messaging": [post.says("77", "hi", account="5")]}]}
        post.arrive(json.dumps(body).encode())
        assert [row["account_id"] for row in post.table("SELECT * FROM contact")] == ["5"]
        assert post.table("SELECT sender_id FROM inbound_event") == [{"sender_id": None}]

    def test_people_still_waiting_gain_time(self, post):
        waiting = post.table("SELECT id FROM delivery WHERE state = 'pending' ORDER BY id")[0]["id"]
        post.come(post.says(post.person(waiting), "hello", seconds=5))
        assert post.row(waiting)["closes_at"] == post.at(5) + DAY


@everywhere
class TestRescue:
    @pytest.fixture
    def late(self, post):
        return post.table("SELECT id FROM delivery WHERE state = 'skipped' ORDER BY id")[0]["id"]

    def test_who_writes_during_the_run_gets_it_after_all(self, post, late):
        assert post.row(late)["reason"] == "window_closed"
        post.come(post.says(post.person(late), "hello"))
        assert (post.row(late)["state"], post.row(late)["reason"]) == ("pending", None)
        chunk = post.table("SELECT * FROM chunk WHERE id = :id", id=post.row(late)["chunk_id"])[0]
        assert (chunk["state"], chunk["size"]) == ("ready", 1)

    def test_nobody_is_rescued_twice(self, post, late):
        for text in ("hello", "are you there?"):
            post.come(post.says(post.person(late), text))
        assert len(post.table("SELECT * FROM chunk")) == 2

    @pytest.mark.parametrize("order", [("hello", "STOP"), ("STOP", "hello"), ("STOP",)])
    def test_who_says_stop_gets_nothing_whatever_comes_first(self, post, late, order):
        post.write("UPDATE chunk SET state = 'done'")
        for text in order:
            post.come(post.says(post.person(late), text))
        assert post.send(1, chunk=post.row(late)["chunk_id"]) == []
        assert (post.row(late)["state"], post.row(late)["reason"]) == ("skipped", "opted_out")

    @pytest.mark.parametrize("state", ["finished", "cancelled", "draft"])
    def test_nobody_is_rescued_into_a_campaign_that_is_over(self, post, late, state):
        post.write("UPDATE campaign SET state = :state", state=state)
        post.come(post.says(post.person(late), "hello"))
        assert post.row(late)["state"] == "skipped"

    @pytest.mark.parametrize(("starts_in", "state"), [(3_600, "pending"), (90_000, "skipped")])
    def test_who_writes_before_the_start_gets_it_where_the_window_lasts_till_then(self, post, late, starts_in, state):
        post.write("UPDATE campaign SET state = 'scheduled', start_at = :at", at=post.at(starts_in))
        post.come(post.says(post.person(late), "hello"))
        assert post.row(late)["state"] == state

    def test_an_old_message_rescues_nobody(self, post, late):
        post.come(post.says(post.person(late), "hello", seconds=-86_400))
        assert post.row(late)["state"] == "skipped"


class TestWishes:
    def test_stop_keeps_the_message_from_who_has_not_got_it(self, post):
        waiting = post.table("SELECT id FROM delivery WHERE state = 'pending' ORDER BY id")[0]["id"]
        post.come(post.says(post.person(waiting), "Stop!"))
        post.send(1)
        assert (post.row(waiting)["state"], post.row(waiting)["reason"]) == ("skipped", "opted_out")

    def test_the_later_word_counts_whatever_comes_first(self, post):
        post.come(post.says(STRANGER, "START", seconds=60))
        post.come(post.says(STRANGER, "STOP", seconds=30))
        assert post.table("SELECT * FROM suppression") == []
        assert [row["kind"] for row in post.table("SELECT kind FROM consent ORDER BY at")] == ["opted_out", "opted_in"]

    def test_the_platforms_own_switch(self, post):
        optin = {"type": "notification_messages", "notification_messages_status": "STOP_NOTIFICATIONS"}
        post.come({"sender": {"id": STRANGER}, "recipient": {"id": factories.ACCOUNT}, "timestamp": 1, "optin": optin})
        assert [row["recipient_id"] for row in post.table("SELECT * FROM suppression")] == [STRANGER]


@everywhere
class TestEchoes:
    def test_an_instagram_echo_settles_the_one_row_that_it_fits(self, post):
        (row,) = post.send(1, UNKNOWN)
        text = f"Hi {json.loads(post.row(row)['variables'])[0]}"
        post.come(post.echo(post.person(row), "m-lost", seconds=1, text=text))
        assert (again(post.runtime), post.row(row)["state"]) == (0, "unknown")
        self._half_a_minute_later(post)
        assert (post.row(row)["state"], post.row(row)["message_ids"]) == ("accepted", "m-lost")

    @pytest.mark.parametrize("other", [{"text": "Hello from a colleague"}, {"seconds": 120}, {"seconds": -60}])
    def test_one_that_does_not_fit_settles_nothing(self, post, other):
        (row,) = post.send(1, UNKNOWN)
        text = f"Hi {json.loads(post.row(row)['variables'])[0]}"
        post.come(post.echo(post.person(row), "m-x", **{"text": text, "seconds": 1} | other))
        self._half_a_minute_later(post)
        assert post.row(row)["state"] == "unknown"

    def test_of_two_that_fit_nobody_knows_which(self, post):
        (row,) = post.send(1, UNKNOWN)
        text = f"Hi {json.loads(post.row(row)['variables'])[0]}"
        post.come(*(post.echo(post.person(row), mid, seconds=1, text=text) for mid in ("m-x", "m-y")))
        self._half_a_minute_later(post)
        assert post.row(row)["state"] == "unknown"

    def test_another_applications_echo_settles_nothing(self, post):
        sent, row = post.send(1)[0], post.send(1, UNKNOWN)[0]
        text = f"Hi {json.loads(post.row(row)['variables'])[0]}"
        post.come(post.echo(post.person(sent), f"m-{sent}", text="…", app_id=1))
        post.come(post.echo(post.person(row), "m-x", seconds=1, text=text, app_id=2))
        self._half_a_minute_later(post)
        assert post.row(row)["state"] == "unknown"

    @staticmethod
    def _half_a_minute_later(post):
        post.write("UPDATE inbound_event SET received_at = received_at - 30000")
        again(post.runtime)


class TestReceipts:
    def test_seen_on_instagram(self, post):
        (row,) = post.send(1)
        post.come(post.read(post.person(row), mid=f"m-{row}", seconds=9))
        assert (post.row(row)["state"], post.row(row)["read_at"]) == ("read", post.at(9))

    def test_a_receipt_that_is_faster_than_the_answer_waits_for_it(self, post):
        person = post.table("SELECT recipient_id FROM delivery WHERE state = 'pending' ORDER BY id")[0]["recipient_id"]
        first = post.table("SELECT min(id) AS id FROM delivery")[0]["id"]
        post.come(post.read(person, mid=f"m-{first}", seconds=9))
        assert post.send(1) == [first]
        again(post.runtime)
        assert post.row(first)["state"] == "read"

    def test_one_for_a_message_that_is_not_ours_waits_ten_minutes(self, post):
        post.come(post.read(STRANGER, mid="m-foreign"))
        again(post.runtime)
        assert post.table("SELECT match_until FROM inbound_event")[0]["match_until"] is not None
        post.write("UPDATE inbound_event SET match_until = match_until - 600001")
        again(post.runtime)
        assert post.table("SELECT match_until FROM inbound_event")[0]["match_until"] is None


class TestReplies:
    def test_an_answer_belongs_to_the_latest_message(self, post):
        (row,) = post.send(1)
        post.come(post.says(post.person(row), "Yes please", seconds=60))
        assert (post.row(row)["reply"], post.row(row)["replied_at"]) == ("Yes please", post.at(60))
        (event,) = post.table("SELECT * FROM inbound_event")
        assert (event["delivery_id"], event["campaign_id"]) == (row, post.campaign.id)

    def test_a_named_message_is_the_one_that_is_answered(self, post):
        (row,) = post.send(1)
        post.come(post.says(post.person(row), "yes", seconds=900_000, reply_to={"mid": f"m-{row}"}))
        assert post.row(row)["reply"] == "yes"

    @pytest.mark.parametrize("seconds", [-60, 3 * 86_400 + 60])
    def test_what_was_said_before_or_long_after_answers_nothing(self, post, seconds):
        (row,) = post.send(1)
        post.come(post.says(post.person(row), "hello", seconds=seconds), received=seconds)
        assert post.row(row)["reply"] is None

    def test_a_message_taken_back_leaves_no_words(self, post):
        (row,) = post.send(1)
        said = post.says(post.person(row), "my card number is …", seconds=60)
        gone = said | {"timestamp": 61_000, "message": {"mid": said["message"]["mid"], "is_deleted": True}}
        for item in (said, gone):
            post.come(item)
        assert [event["text"] for event in post.table("SELECT text FROM inbound_event")] == ["", ""]
        assert (post.row(row)["reply"], post.row(row)["replied_at"]) == ("", post.at(60))


@everywhere
class TestTwice:
    def test_a_body_that_comes_twice_counts_once(self, post):
        for _ in range(2):
            post.come(post.says(STRANGER, "hello"), post.says(STRANGER, "STOP", seconds=1))
        assert len(post.table("SELECT * FROM inbound_event")) == 2
        assert len(post.table("SELECT * FROM consent")) == 1

    def test_what_is_no_json_is_kept_as_unreadable(self, post):
        assert list(post.arrive(b"<html>").values()) == [UNREADABLE]

    @pytest.mark.parametrize("seed", range(3))
    def test_any_order_ends_in_the_same_rows(self, post, seed):
        sent = post.send(6)
        people = [post.person(row) for row in sent]
        items = [post.read(person, mid=f"m-{row}", seconds=30 + row) for person, row in zip(people, sent, strict=True)]
        items += [post.echo(person, f"m-{row}", seconds=1) for person, row in zip(people, sent, strict=True)]
        items += [post.says(person, "thanks", seconds=40 + at) for person in people for at in (0, 5)]
        items += [
            post.says(person, word, seconds=at) for person in people[:3] for at, word in ((70, "STOP"), (80, "START"))
        ]
        items += [post.says(people[0], "STOP", seconds=90)]
        shuffled = items * 2
        random.Random(seed).shuffle(shuffled)
        for start in range(0, len(shuffled), 7):
            post.come(*shuffled[start : start + 7])
        assert {post.row(row)["state"] for row in sent} == {"read"}
        assert [post.row(row)["read_at"] for row in sent] == [post.at(30 + row) for row in sent]
        assert {post.row(row)["replied_at"] for row in sent} == {post.at(40)}
        assert [row["recipient_id"] for row in post.table("SELECT * FROM suppression")] == [people[0]]
        opened = {row["recipient_id"]: row["opened_at"] for row in post.table("SELECT * FROM contact")}
        assert opened == dict.fromkeys(people, post.at(45)) | dict.fromkeys(people[1:3], post.at(80)) | {
            people[0]: post.at(90)
        }
        assert len(post.table("SELECT * FROM inbound_event")) == len(items)
