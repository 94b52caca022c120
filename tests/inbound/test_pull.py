"""Conversations are read from the simulator over real HTTP, and rows, windows and wishes follow from them."""

import asyncio
import json

import httpx
import pytest
from pydantic import SecretStr

from campaigns.inbound import bookmark, pull, questions, unknowns
from campaigns.inbound.bookmark import Bookmark
from campaigns.inbound.pull import Found, Pull, RefusedError
from campaigns.inbound.questions import Questions, connected
from campaigns.providers.meta import conversations
from campaigns.providers.protocol import Sender
from campaigns.simulator import Scenario, start
from schemas.delivery import DeliveryState
from schemas.page import Channel
from tests import factories
from tests.factories import ACCOUNT

pytestmark = pytest.mark.databases("sqlite", "postgresql")

BEHIND = 90
"""Seconds that the platform's clock is behind ours, and the campaign with it: a minute and a half has gone by."""
UNKNOWN = DeliveryState.UNKNOWN


@pytest.fixture(scope="module")
def running():
    with start(Scenario(clock_skew=-BEHIND)) as simulator:
        yield simulator


@pytest.fixture
def platform(running, monkeypatch):
    monkeypatch.setattr(questions, "PER_SECOND", 1000)
    running.change(conversation_cap=10_000, account_codes={}, clock_skew=-BEHIND)
    running.reset()
    return running


class Laptop:
    """A campaign whose messages went out, and nobody to tell what became of them."""

    def __init__(self, post, platform):
        self.post = post
        self.platform = platform
        self.token = f"sim-{ACCOUNT}"
        self.asked = 0

    def send(self, count=1, state=UNKNOWN, *, text=None):
        """Send to people of the campaign; the answers are lost, or known."""
        rows = self.post.send(count, state)
        with httpx.Client(trust_env=False) as client:
            for row in rows:
                name = json.loads(self.post.row(row)["variables"])[0]
                message = {"recipient": {"id": self.post.person(row)}, "message": {"text": text or f"Hi {name}"}}
                headers = {"Authorization": f"Bearer sim-{ACCOUNT}"}
                url = f"{self.platform.meta_url}/me/messages"
                mid = client.post(url, json=message, headers=headers).raise_for_status().json()["message_id"]
                if state is DeliveryState.ACCEPTED:
                    self.post.write("INSERT INTO sent_message VALUES (:mid, :id)", mid=mid, id=row)
            self.post.write(
                "UPDATE delivery SET sent_at = sent_at - :ms WHERE id IN :ids".replace(
                    ":ids", f"({', '.join(map(str, rows))})"
                ),
                ms=BEHIND * 1000,
            )
        return rows

    def pull(self, since_ms=None, **how):
        async def pulled():
            async with connected() as client:
                asking = Questions(client)
                sender = Sender(Channel.INSTAGRAM, ACCOUNT, self.platform.meta_url, SecretStr(self.token))
                reading = Pull(self.post.runtime, self.sender_id, sender, asking, **how)
                try:
                    await reading.run(since_ms)
                finally:
                    self.asked = asking.asked
                    self.found = reading.found
            return reading.found

        return asyncio.run(pulled())

    @property
    def sender_id(self):
        return self.post.table("SELECT sender_id FROM page WHERE name = 'acme'")[0]["sender_id"]

    @property
    def mark(self):
        with self.post.runtime.reading() as conn:
            return bookmark.load(conn, self.sender_id)


@pytest.fixture
def laptop(post, platform):
    return Laptop(post, platform)


class TestWhatIsFound:
    def test_lost_answers_windows_and_wishes(self, laptop, post, platform):
        sent, lost = laptop.send(2, DeliveryState.ACCEPTED), laptop.send(3)
        platform.change(clock_skew=-BEHIND + 10)
        platform.say(ACCOUNT, post.person(sent[0]), text="Thanks!")
        platform.say(ACCOUNT, post.person(lost[0]), text="STOP")
        platform.say(ACCOUNT, "4711", text="Hello?")
        found = laptop.pull()
        assert found == Found(conversations=6, messages=3, echoes=3, windows=3, opted_out=1, settled=3)
        assert {post.row(row)["state"] for row in sent + lost} == {"accepted"}
        assert post.row(sent[0])["reply"] == "Thanks!"
        assert [row["recipient_id"] for row in post.table("SELECT * FROM suppression")] == [post.person(lost[0])]
        contacts = post.table("SELECT recipient_id, source FROM contact")
        assert {row["recipient_id"] for row in contacts} == {post.person(sent[0]), post.person(lost[0]), "4711"}
        assert {row["source"] for row in contacts} == {"pull"}
        assert laptop.pull().settled == laptop.found.messages == laptop.found.echoes == 0

    def test_a_dry_run_says_it_and_changes_nothing(self, laptop, post):
        (lost,) = laptop.send()
        laptop.platform.say(ACCOUNT, "4711", text="STOP")
        would = laptop.pull(dry_run=True)
        assert (would.messages, would.opted_out, would.settled) == (1, 1, 1)
        assert post.row(lost)["state"] == "unknown"
        assert [post.table(f"SELECT * FROM {name}") for name in ("inbound_event", "contact", "suppression")] == [[]] * 3
        assert laptop.mark == Bookmark()
        did = laptop.pull()
        assert (did.messages, did.opted_out, did.settled) == (1, 1, 1)


class TestDoubts:
    def test_people_in_doubt_are_asked_for_first(self, laptop, monkeypatch):
        laptop.send(3, DeliveryState.ACCEPTED)
        rows = laptop.send(3)
        monkeypatch.setattr(pull, "ASKED_AT_ONCE", 2)
        monkeypatch.setattr(Pull, "_pass", broken)
        with pytest.raises(RefusedError):
            laptop.pull()
        assert (laptop.asked, laptop.found.settled) == (2, 2)
        assert sorted(laptop.post.row(row)["state"] for row in rows) == ["accepted", "accepted", "unknown"]

    def test_one_that_did_not_go_out_stays_in_doubt_and_is_not_asked_for_again(self, laptop, post):
        (row,) = post.send(1, UNKNOWN)
        post.write("UPDATE delivery SET sent_at = sent_at - 90000 WHERE id = :id", id=row)

        async def twice():
            async with connected() as client:
                asking = Questions(client)
                sender = Sender(Channel.INSTAGRAM, ACCOUNT, laptop.platform.meta_url, SecretStr(laptop.token))
                reading = Pull(post.runtime, laptop.sender_id, sender, asking)
                await reading.run()
                await reading.run()
                return asking.asked

        assert asyncio.run(twice()) == 3
        assert post.row(row)["state"] == "unknown"

    @pytest.mark.parametrize("text", ["Hello from a colleague", "Hi"])
    def test_another_message_to_the_person_settles_nothing(self, laptop, text):
        (row,) = laptop.send(text=text)
        assert laptop.pull().settled == 0
        assert laptop.post.row(row)["state"] == "unknown"

    def test_what_came_too_early_is_settled_by_the_next_pull(self, laptop, post, monkeypatch):
        monkeypatch.setattr(pull, "ASKED_AT_ONCE", 0)
        (row,) = laptop.send()
        with monkeypatch.context() as early:
            early.setattr(unknowns, "AFTER_MS", 2 * BEHIND * 1000)
            assert laptop.pull() == Found(conversations=1, echoes=1)
        post.write("UPDATE pull_state SET until = :now", now=post.at(60))
        assert laptop.pull() == Found(settled=1)
        assert post.row(row)["state"] == "accepted"


class TestReadOnce:
    def test_the_next_pull_reads_what_is_new(self, laptop, platform, monkeypatch):
        monkeypatch.setattr(conversations, "CONVERSATIONS", 2)
        for n in range(6):
            platform.say(ACCOUNT, str(n), text="hi")
        platform.change(clock_skew=-BEHIND + 30)
        platform.say(ACCOUNT, "4711", text="hi")
        assert (laptop.pull().conversations, laptop.asked) == (7, 4)
        platform.change(clock_skew=-BEHIND + 60)
        platform.say(ACCOUNT, "4712", text="hi")
        assert laptop.pull() == Found(conversations=2, messages=1, windows=1)
        assert laptop.asked == 2

    def test_one_that_broke_off_goes_on_and_misses_nobody(self, laptop, platform, monkeypatch):
        monkeypatch.setattr(conversations, "CONVERSATIONS", 2)
        monkeypatch.setattr(pull, "OVERLAP_MS", 0)
        for n in range(7):
            platform.say(ACCOUNT, str(4700 + n), text="hi")
        recorded(monkeypatch, answers=2)
        with pytest.raises(RefusedError):
            laptop.pull()
        cursor = laptop.mark.cursor
        assert (laptop.found.messages, bool(cursor), laptop.mark.until) == (4, True, 0)
        platform.say(ACCOUNT, "4700", text="and again")
        platform.say(ACCOUNT, "4800", text="hello")
        told = recorded(monkeypatch)
        assert laptop.pull().messages == 3 + 2
        assert [told[0], told.count("")] == [cursor, 1], "it goes on there, and then begins at the top"
        assert (laptop.mark.cursor, laptop.mark.until > 0) == ("", True)

    def test_a_cursor_that_is_no_longer_good_begins_anew(self, laptop, platform, post):
        platform.say(ACCOUNT, "4711", text="hi")
        floor = post.at(-3600)
        with post.runtime.writing() as conn:
            bookmark.save(conn, laptop.sender_id, Bookmark(0, floor, floor, "stale!"), 0)
        assert laptop.pull().messages == 1
        assert laptop.mark.cursor == ""

    def test_who_wrote_a_lot_is_read_in_full(self, laptop, platform, post):
        for n in range(12):
            platform.say(ACCOUNT, "4711", text="STOP" if not n else f"{n}")
        assert laptop.pull().messages == 12
        assert [row["recipient_id"] for row in post.table("SELECT * FROM suppression")] == ["4711"]

    def test_what_a_webhook_told_to_the_millisecond_is_not_told_again(self, laptop, platform, post):
        mid = platform.say(ACCOUNT, "4711", text="hi")
        post.come(post.says("4711", "hi", seconds=-BEHIND, mid=mid))
        assert laptop.pull().messages == 0
        assert len(post.table("SELECT * FROM inbound_event")) == 1

    def test_only_what_was_said_since_then(self, laptop, platform):
        platform.change(clock_skew=-7200)
        platform.say(ACCOUNT, "4711", text="long ago")
        platform.change(clock_skew=-BEHIND)
        platform.say(ACCOUNT, "4712", text="now")
        platform.say(ACCOUNT, "4711", text="now too")
        assert laptop.pull(3_600_000).messages == 2
        assert laptop.pull(3 * 3_600_000).messages == 1

    def test_a_look_at_the_last_hour_leaves_no_gap(self, laptop, post):
        with post.runtime.writing() as conn:
            bookmark.save(conn, laptop.sender_id, known := Bookmark(until=post.at(-86_400)), 0)
        laptop.platform.say(ACCOUNT, "4711", text="hi")
        laptop.pull(3_600_000)
        assert laptop.mark == known
        laptop.pull()
        assert laptop.mark.until > known.until


class TestRefusals:
    def test_a_token_that_is_refused(self, laptop):
        laptop.token = "very-secret"
        with pytest.raises(RefusedError, match="does not accept the page's token") as refused:
            laptop.pull()
        assert "very-secret" not in refused.value.sentence

    def test_what_is_not_permitted(self, laptop, platform):
        platform.change(account_codes={ACCOUNT: "200"})
        with pytest.raises(RefusedError, match="does not let the app read"):
            laptop.pull()

    def test_two_a_second_are_borne(self, laptop, platform, monkeypatch):
        monkeypatch.setattr(conversations, "CONVERSATIONS", 1)
        monkeypatch.setattr(questions, "PER_SECOND", 2)
        platform.change(conversation_cap=2)
        for n in range(6):
            platform.say(ACCOUNT, str(n), text="hi")
        assert laptop.pull().messages == 6
        assert platform.stats()["reads_refused"] == 0

    def test_more_are_not_and_the_wait_is_said(self, laptop, platform, monkeypatch):
        monkeypatch.setattr(conversations, "CONVERSATIONS", 1)
        platform.change(conversation_cap=2, retry_after="seconds")
        for n in range(6):
            platform.say(ACCOUNT, str(n), text="hi")
        with pytest.raises(RefusedError) as refused:
            laptop.pull()
        assert (refused.value.wait or 0) >= 1
        assert 0 < laptop.found.messages < 6
        assert laptop.mark.cursor

    def test_nobody_there(self, laptop, monkeypatch):
        monkeypatch.setattr(type(laptop.platform), "meta_url", factories.NOWHERE)
        with pytest.raises(RefusedError, match=r"127\.0\.0\.1:9 does not answer \(ConnectError\)"):
            laptop.pull()


async def broken(*_):
    raise RefusedError("The line broke.")


_ASK = Questions.ask


def recorded(monkeypatch, answers=1_000):
    """Note the cursor of each question; the line breaks after so many answers."""
    told = []

    async def asked(self, request):
        told.append(request.url.params.get("after", ""))
        if len(told) > answers:
            raise questions.NoAnswerError("The line broke.")
        return await _ASK(self, request)

    monkeypatch.setattr(Questions, "ask", asked)
    return told
