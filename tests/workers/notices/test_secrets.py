"""Notices are signed, keep their secrets, and never reach a private address unasked."""

import pytest
from standardwebhooks import Webhook

from campaigns.notices import queue
from tests import factories
from tests.workers.notices.occasions import OTHER, SECRET, add, happen, stored, time_passes
from workers.notices import Messenger


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
