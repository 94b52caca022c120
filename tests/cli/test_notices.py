import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from standardwebhooks import Webhook

from campaigns import events
from campaigns.runtime import now_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://hooks.example.org/pagecast"
SIGNED = ("--secret", "@{secret:OPS_SIGNING}")


@pytest.fixture
def receiver():
    """A server that keeps what it gets; it answers `code`."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        code = 200

        def do_POST(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            got.append((headers, self.rfile.read(int(headers["content-length"]))))
            self.send_response(Handler.code)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.handler = got, Handler
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def listed(pagecast):
    return pagecast("notices", "list", "--json").document


def test_who_is_told_is_listed_with_what_and_no_secret(pagecast, monkeypatch, count):
    monkeypatch.setenv("OPS_SIGNING", SECRET)
    run = pagecast("notices", "add", "ops", "--url", URL, *SIGNED, "--on", "finished, page.parked", "--json")
    assert (run.code, run.document["on"], run.document["notes"]) == (0, ["campaign.finished", "page.parked"], [])
    (row,) = listed(pagecast)
    assert row.pop("created_at").endswith("Z")
    assert row == {
        "name": "ops",
        "kind": "webhook",
        "url": URL,
        "secret": "@{secret:OPS_SIGNING}",
        "on": ["campaign.finished", "page.parked"],
        "queued": 0,
        "sent": 0,
        "dead": 0,
        "sentence": "",
        "next_try": None,
    }
    assert SECRET not in run.out + run.err
    assert count("event") == 1


def test_without_a_choice_it_is_the_end_and_what_needs_a_person(pagecast):
    pagecast("notices", "add", "ops", "--url", URL)
    (row,) = listed(pagecast)
    assert row["on"] == [
        *("campaign.finished", "campaign.stopped", "campaign.canary", "campaign.late", "campaign.stalled"),
        *("series.parked", "page.parked"),
    ]


def test_what_is_odd_is_said_and_stored_all_the_same(pagecast, monkeypatch):
    monkeypatch.delenv("OPS_SIGNING", raising=False)
    run = pagecast("notices", "add", "a", "--url", "http://hooks.example.org/", *SIGNED)
    assert "whoever is on the way can read along" in run.err
    assert "The secret OPS_SIGNING is not set here" in run.err
    assert "are not signed" in pagecast("notices", "add", "b", "--url", URL).err
    assert len(listed(pagecast)) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--url", "hooks.example.org"], "That is no URL of a webhook"),
        (["--url", "ftp://hooks.example.org"], "That is no URL of a webhook"),
        (["--url", "https://hooks.example.org:99999/"], "That is no URL of a webhook"),
        (["--url", "https://ann:hush@hooks.example.org/"], "may hold a secret"),
        (["--url", "https://hooks.example.org/?key=hush"], "may hold a secret"),
        (["--url", URL, "--secret", "whsec_hush"], "must be a reference such as"),
        (["--url", URL, "--on", "finishd"], 'Nothing is told as "finishd". Known: launched, started,'),
        (["--url", "mailto://ann:hush@example.org", "--by", "apprise"], "holds a password or token"),
        (["--url", "@{secret:CHAT}", "--by", "apprise", *SIGNED], "Only webhooks are signed"),
    ],
)
def test_what_cannot_be_is_refused_and_no_secret_quoted(pagecast, count, arguments, sentence):
    pagecast("migrate")
    run = pagecast("notices", "add", "ops", *arguments)
    assert (run.code, run.out) == (3, "")
    assert sentence in run.err
    assert "hush" not in run.err
    assert count("notice_target") == count("event") == 0


def test_a_name_is_taken_once(pagecast):
    pagecast("notices", "add", "ops", "--url", URL)
    run = pagecast("notices", "add", "ops", "--url", URL)
    assert (run.code, len(listed(pagecast))) == (3, 1)
    assert "There is a target named ops already" in run.err


def test_an_unknown_name_is_told_with_the_known_ones(pagecast):
    pagecast("notices", "add", "ops", "--url", URL)
    for verb in ("remove", "test", "replay"):
        run = pagecast("notices", verb, "opps")
        assert run.code == 3
        assert "Known names: ops." in run.err


def test_who_is_removed_is_gone(pagecast, count):
    pagecast("notices", "add", "ops", "--url", URL)
    assert pagecast("notices", "remove", "ops", "--json").document["removed"] is True
    assert listed(pagecast) == []
    assert count("event") == 2


def test_a_test_arrives_signed_and_leaves_nothing(pagecast, monkeypatch, receiver, count):
    monkeypatch.setenv("OPS_SIGNING", SECRET)
    monkeypatch.setenv("PAGECAST_PRIVATE_RECEIVERS", "true")
    pagecast("notices", "add", "ops", "--url", receiver.url, *SIGNED)
    run = pagecast("notices", "test", "ops", "--json")
    assert (run.code, run.document["arrived"]) == (0, True)
    ((headers, body),) = receiver.got
    document = Webhook(SECRET).verify(body, headers)
    assert (document["type"], document["id"]) == ("notice.test", run.document["id"])
    assert count("notice") == 0


def test_a_test_that_does_not_arrive_says_why(pagecast, monkeypatch, receiver):
    pagecast("notices", "add", "ops", "--url", receiver.url)
    run = pagecast("notices", "test", "ops")
    assert run.code == 5
    assert "PAGECAST_PRIVATE_RECEIVERS=true" in run.err
    monkeypatch.setenv("PAGECAST_PRIVATE_RECEIVERS", "true")
    receiver.handler.code = 403
    run = pagecast("notices", "test", "ops", "--json")
    assert (run.code, run.document["arrived"], run.document["error"]) == (5, False, "It answered 403.")


def test_what_did_not_arrive_is_listed_with_why_and_replayed(pagecast, database):
    pagecast("notices", "add", "ops", "--url", URL)
    with database() as conn:
        events.record(conn, now_of(conn), "campaign.stopped", "test", "Stopped.")
        conn.exec_driver_sql("UPDATE notice SET state = 'dead', attempts = 7, last_error = 'It answered 500.'")
    (row,) = listed(pagecast)
    assert (row["dead"], row["next_try"]) == (1, None)
    assert row["sentence"] == "campaign.stopped, 7 tries, given up: It answered 500."
    assert "given up: It answered 500." in pagecast("notices", "list").out
    assert pagecast("notices", "replay", "--json").document["replayed"] == 0
    assert pagecast("notices", "replay", "--dead", "--dry-run", "--json").document["replayed"] == 1
    assert listed(pagecast)[0]["dead"] == 1
    assert "1 notice will be tried again" in pagecast("notices", "replay", "ops", "--dead").out
    (row,) = listed(pagecast)
    assert (row["dead"], row["queued"]) == (0, 1)


def test_dry_runs_change_nothing(pagecast, receiver, monkeypatch, count):
    monkeypatch.setenv("PAGECAST_PRIVATE_RECEIVERS", "true")
    run = pagecast("notices", "add", "ops", "--url", receiver.url, "--dry-run", "--json")
    assert (run.code, run.document["dry_run"]) == (0, True)
    assert count("notice_target") == count("event") == 0
    pagecast("notices", "add", "ops", "--url", receiver.url)
    assert pagecast("notices", "test", "ops", "--dry-run").code == 0
    assert pagecast("notices", "remove", "ops", "--dry-run").code == 0
    assert (len(listed(pagecast)), receiver.got) == (1, [])
