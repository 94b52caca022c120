"""Notices reach a real receiver: signed, tried again, given up, brought back; and never a private address unasked."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from campaigns import events, pages
from campaigns.lifecycle.advance import advance
from campaigns.notices import queue, targets
from campaigns.notices.stalls import LASTING, Stalls
from campaigns.runtime import now_of
from schemas.notice import NoticeKind, Way
from tests import factories
from tests.factories import select
from workers.notices import Messenger, beside

BOTH = pytest.mark.databases("sqlite", "postgresql")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Receiver:
    """A server that keeps what it gets and answers with the next of `answers`, at the end 204."""

    def __init__(self) -> None:
        self.got = []
        self.answers = []
        self.connections = 0
        self.release = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self):
                receiver.connections += 1
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((self.path, headers, body))
                receiver.answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.port = self._server.server_port

    def answer(self, request):
        answer = self.answers.pop(0) if self.answers else 204
        if answer == "silence":
            self.release.wait(10)
            return
        if callable(answer):
            answer()
            return
        request.send_response(answer)
        request.send_header("location", f"http://127.0.0.1:{self.port}/elsewhere")
        request.send_header("content-length", "0")
        request.end_headers()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def documents(self):
        return [json.loads(body) for _, _, body in self.got]

    def close(self):
        self.release.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def inside(monkeypatch):
    """Receivers on this machine are meant."""
    monkeypatch.setenv("PAGECAST_PRIVATE_RECEIVERS", "true")
    monkeypatch.setenv("OPS_SIGNING", SECRET)


@pytest.fixture
def runtime(tmp_path, dialect, inside):  # noqa: ARG001 - they set the environment
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def messenger(runtime):
    return Messenger(runtime)


@contextmanager
def writing(runtime):
    with runtime.writing() as conn:
        yield conn, now_of(conn)


def add(runtime, url, *, name="ops", secret="@{secret:OPS_SIGNING}", on="", way=Way.WEBHOOK):
    with writing(runtime) as (conn, now):
        targets.add(conn, targets.entered(name, way, url, secret, on), now, "test")


def happen(runtime, kind=NoticeKind.STOPPED, sentence="Stopped.", **about):
    with writing(runtime) as (conn, now):
        events.record(conn, now, kind, "test", sentence, **about)


def time_passes(runtime, ms):
    with writing(runtime) as (conn, _):
        conn.execute(text("UPDATE notice SET due_at = due_at - :ms WHERE state = 'queued'"), {"ms": ms})


def stored(runtime):
    return select(runtime, "SELECT * FROM notice ORDER BY id")


def finished(runtime, folder):
    """Let a campaign of five people finish, as the clock sees it."""
    campaign = factories.launched(runtime, folder, factories.people(5))
    with writing(runtime) as (conn, now):
        conn.execute(text("UPDATE delivery SET state = 'accepted'"))
        conn.execute(text("UPDATE tally SET state = 'accepted' WHERE state = 'pending'"))
        conn.execute(text("UPDATE campaign SET state = 'sending', started_at = :now"), {"now": now})
        advance(conn, now)
    return campaign


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


@BOTH
def test_what_is_refused_is_tried_at_growing_intervals_and_given_up(runtime, messenger, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    receiver.answers = [500] * 20
    for attempt, wait in enumerate(queue.BACKOFF_MS, 1):
        before = factories.now(runtime)
        assert messenger.turn() == 1
        (row,) = stored(runtime)
        assert (row["state"], row["attempts"], row["last_error"]) == ("queued", attempt, "It answered 500.")
        assert 0 <= row["due_at"] - before - wait < 5_000
        assert messenger.turn() == 0, "not before its time"
        time_passes(runtime, wait)
    assert messenger.turn() == 1
    assert [row["state"] for row in stored(runtime)] == ["dead"]
    time_passes(runtime, 10**9)
    assert messenger.turn() == 0
    assert len(receiver.got) == len(queue.BACKOFF_MS) + 1
    assert len({body for _, _, body in receiver.got}) == 1
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1


def test_every_try_says_what_the_first_one_said(runtime, messenger, receiver, tmp_path):
    add(runtime, receiver.url)
    finished(runtime, tmp_path)
    receiver.answers = [500]
    messenger.turn()
    with writing(runtime) as (conn, _):
        conn.execute(text("UPDATE campaign SET name = 'Autumn', state = 'sending'"))
    time_passes(runtime, queue.BACKOFF_MS[0])
    messenger.turn()
    assert [each["data"]["campaign"]["name"] for each in receiver.documents] == ["Spring", "Spring"]


@BOTH
def test_what_was_given_up_is_brought_back_and_what_waits_is_hurried(runtime, messenger, receiver):
    add(runtime, receiver.url)
    add(runtime, receiver.url, name="other")
    happen(runtime)
    receiver.answers = [503, 503]
    messenger.turn()
    with writing(runtime) as (conn, now):
        conn.execute(text("UPDATE notice SET state = 'dead', attempts = 7 WHERE target_id = 1"))
        assert queue.replay(conn, now, targets.named(conn, "ops"), dead=False) == 0
        assert queue.replay(conn, now, None, dead=False) == 1
    assert messenger.turn() == 1
    with writing(runtime) as (conn, now):
        assert queue.replay(conn, now, targets.named(conn, "other"), dead=True) == 0
        assert queue.replay(conn, now, targets.named(conn, "ops"), dead=True) == 1
    assert messenger.turn() == 1
    assert [(row["state"], row["attempts"]) for row in stored(runtime)] == [("sent", 1), ("sent", 2)]


@BOTH
def test_two_processes_take_a_notice_once(runtime, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    with writing(runtime) as (conn, now):
        (taken,) = queue.take(conn, now, 10)
        assert queue.take(conn, now, 10) == []
    assert stored(runtime)[0]["last_error"] == queue.IN_DOUBT
    time_passes(runtime, queue.LEASE_MS)
    with writing(runtime) as (conn, now):
        (again,) = queue.take(conn, now, 10)
        assert queue.settle(conn, again, now, "") == "sent"
        queue.settle(conn, taken, now, "It answered 500.")
    assert stored(runtime)[0]["state"] == "sent", "who lost its lease says nothing any more"


@BOTH
def test_a_process_killed_after_sending_sends_again_with_the_same_id_and_says_so(runtime, messenger, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    code = (
        "from campaigns.runtime import Runtime; from campaigns.settings import Settings; "
        "from workers.notices import Messenger; Messenger(Runtime.open(Settings())).turn()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    receiver.answers = [lambda: os.kill(process.pid, signal.SIGKILL)]
    assert process.wait(30) == -signal.SIGKILL
    assert len(receiver.got) == 1
    (row,) = stored(runtime)
    assert (row["state"], row["attempts"], row["last_error"]) == ("queued", 1, queue.IN_DOUBT)
    assert messenger.turn() == 0, "it may still live"
    time_passes(runtime, queue.LEASE_MS)
    assert messenger.turn() == 1
    (_, first, body), (_, second, again) = receiver.got
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again
    assert stored(runtime)[0]["state"] == "sent"


def test_who_always_dies_with_a_notice_in_hand_is_not_given_it_for_ever(runtime, receiver):
    add(runtime, receiver.url)
    happen(runtime)
    taken = 0
    for _ in range(10):
        with writing(runtime) as (conn, now):
            taken += len(queue.take(conn, now, 10))
        time_passes(runtime, queue.LEASE_MS)
    assert taken == len(queue.BACKOFF_MS) + 1
    assert stored(runtime)[0]["state"] == "dead"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433"])
def test_a_private_address_is_refused_whatever_name_leads_there(runtime, receiver, monkeypatch, host):
    add(runtime, f"http://{host}:{receiver.port}/hook")
    happen(runtime)
    monkeypatch.delenv("PAGECAST_PRIVATE_RECEIVERS")
    runtime = factories.opened(runtime.settings.home)
    Messenger(runtime).turn()
    runtime.close()
    assert "in a private network" in stored(runtime)[0]["last_error"]
    assert receiver.connections == 0


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


def test_while_secrets_rotate_both_sign(runtime, messenger, receiver, monkeypatch):
    monkeypatch.setenv("OPS_SIGNING", f"{SECRET},{OTHER}")
    add(runtime, receiver.url)
    happen(runtime)
    messenger.turn()
    ((_, headers, body),) = receiver.got
    assert Webhook(SECRET).verify(body, headers) == Webhook(OTHER).verify(body, headers)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [(None, "The secret OPS_SIGNING is not set where notices are sent from."), ("whsec_!!!!a", "is not base64")],
)
def test_nothing_goes_unsigned_that_should_be_signed(runtime, messenger, receiver, monkeypatch, *, value, sentence):
    if value is None:
        monkeypatch.delenv("OPS_SIGNING")
    else:
        monkeypatch.setenv("OPS_SIGNING", value)
    add(runtime, receiver.url)
    happen(runtime)
    messenger.turn()
    assert receiver.got == []
    assert sentence in stored(runtime)[0]["last_error"]


def test_a_url_that_is_a_secret_stays_one(runtime, messenger, receiver, monkeypatch, capsys):
    monkeypatch.setenv("OPS_URL", f"{receiver.url}/T0/hush")
    add(runtime, "@{secret:OPS_URL}")
    happen(runtime)
    receiver.answers = [500]
    messenger.turn()
    monkeypatch.setenv("OPS_URL", "http://127.0.0.1:1/hush")
    time_passes(runtime, queue.BACKOFF_MS[0])
    messenger.turn()
    assert stored(runtime)[0]["last_error"] == "It cannot be reached (ConnectError)."
    assert receiver.got[0][0] == "/hook/T0/hush"
    written = capsys.readouterr()
    kept = [path.read_bytes() for path in runtime.settings.home.rglob("*") if path.is_file()]
    for hidden in ("hush", SECRET):
        assert hidden not in written.out + written.err
        assert not [content for content in kept if hidden.encode() in content]


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


@pytest.fixture
def staffed(runtime):
    """A supervisor is there, as far as the state folder can tell."""
    with (runtime.settings.home / "supervisor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@BOTH
@pytest.mark.usefixtures("staffed")
def test_a_stall_is_told_once_and_so_is_its_end(runtime, tmp_path):
    add(runtime, "https://hooks.example.org/x", on="stalled,moving")
    factories.launched(runtime, tmp_path, factories.people(5))
    with writing(runtime) as (conn, now):
        advance(conn, now)
        conn.execute(text("UPDATE campaign SET started_at = :at"), {"at": now - 3_600_000})
        conn.execute(text("UPDATE event SET at = :at"), {"at": now - 3_600_000})

    def told():
        return [row["kind"] for row in stored(runtime)]

    stalls = Stalls(runtime)
    stalls.look(1000.0)
    stalls.look(1000.0 + LASTING - 1)
    assert told() == []
    stalls.look(1000.0 + LASTING + 20)
    again = Stalls(runtime)
    for moment in (0.0, 100.0, 200.0):
        again.look(moment)
    assert told() == ["campaign.stalled"], "another clock does not repeat it"
    (event,) = select(runtime, "SELECT * FROM event WHERE kind = 'campaign.stalled'")
    assert event["sentence"].startswith("Waiting: no progress for 1 h, because ")
    with writing(runtime) as (conn, now):
        conn.execute(text("UPDATE chunk SET state = 'running', lease_until = :at"), {"at": now + 60_000})
        conn.execute(text("UPDATE delivery SET sent_at = :now"), {"now": now})
    again.look(300.0)
    again.look(400.0)
    assert told() == ["campaign.stalled", "campaign.moving"]


@pytest.mark.usefixtures("staffed")
def test_a_campaign_that_sends_or_waits_for_a_known_moment_is_not_stalled(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(5))
    stalls = Stalls(runtime)
    stalls.look(0.0)
    with writing(runtime) as (conn, now):
        conn.execute(text("UPDATE event SET at = 0"))
        conn.execute(text("UPDATE campaign SET started_at = 0"))
        conn.execute(text("UPDATE chunk SET due_at = :at"), {"at": now + 3_600_000})
    stalls.look(100.0)
    stalls.look(200.0)
    assert select(runtime, "SELECT * FROM event WHERE kind LIKE 'campaign.%stalled'") == []
    assert campaign.ref
