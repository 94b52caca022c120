"""What goes wrong, told apart on both sides of the wire; and what never stands in it."""

import asyncio
import logging
import socket
import ssl
import threading
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from fastapi import FastAPI

from campaigns import keys
from campaigns.client import AsyncClient, Client, UnreachableError, faults, flow
from campaigns.client.calls import campaigns, me, people, reports
from campaigns.client.calls import keys as calls_of_keys
from campaigns.client.faults import CLASSES
from campaigns.errors import AmbiguousError, InputError, NotFoundError, StateError, UsageError
from campaigns.faults import TABLE
from campaigns.runtime import now_of
from campaigns.web.api.faults import answer_errors
from schemas.api.keys import NewKey
from schemas.api_key import Role
from tests.client.test_flow import Told, refused

SECRET = "pc_0123456789_hidden"


async def _asked_of(error, rest):
    site, api = FastAPI(), FastAPI()
    answer_errors(api)
    site.mount("/api/v1", api)

    @api.get("/me")
    def fail():
        raise error("Spring is not there. Look for it.", *rest)

    async with AsyncClient("http://localhost", SECRET, transport=httpx.ASGITransport(app=site)) as client:
        await client.do(me.me())


@pytest.mark.parametrize("error", TABLE)
def test_an_error_of_the_core_is_the_same_one_here(error):
    rest = [{"k7m2x9qa": "Spring", "k7m3aaaa": "Spring #2"}] if error is AmbiguousError else []
    with pytest.raises(error, match=r"^Spring is not there\. Look for it\.$") as raised:
        asyncio.run(_asked_of(error, rest))
    assert (type(raised.value), list(vars(raised.value).values())) == (error, rest)


@pytest.mark.parametrize("code", CLASSES)
def test_every_code_is_a_class(code):
    told = Told(flow.done(me.me(), "https://h"), refused(418, code, "No. Do that."))
    with pytest.raises(CLASSES[code], match=r"^No\. Do that\.$"):
        told.value()


@pytest.fixture
def client():
    """Return what makes a client; it is closed in the end."""
    with ExitStack() as stack:
        yield lambda url, key=SECRET: stack.enter_context(Client(url, key))


def test_what_the_server_refuses(served, client, caller_of):
    with pytest.raises(NotFoundError, match="no campaign"):
        served.do(campaigns.status("nowhere"))
    with pytest.raises(NotFoundError):
        list(served.watch("nowhere"))
    with pytest.raises(InputError, match=r"query\.limit"):
        list(served.pages(campaigns.listed(limit=0)))
    with pytest.raises(InputError, match="name"):
        served.do(campaigns.submit({"list": "x"}))
    with pytest.raises(UsageError, match="This key is not known"):
        client(served.url).do(me.me())
    with pytest.raises(StateError, match=r"lacks the right campaigns\.pause"):
        caller_of(served.url, Role.VIEWER).do(campaigns.panic())


@pytest.fixture
def caller_of(runtime, client):
    def made(url, role):
        with runtime.writing() as conn:
            return client(url, keys.create(conn, str(role), role, now=now_of(conn), actor="test").secret)

    return made


@contextmanager
def listening(answer):
    """Listen on a port and give everybody this answer, whatever they say; return the address."""

    def serve(wire):
        while True:
            try:
                peer, _ = wire.accept()
            except OSError:
                return
            with peer:
                peer.recv(65_536)
                peer.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as wire:
        thread = threading.Thread(target=serve, args=(wire,))
        thread.start()
        yield f"127.0.0.1:{wire.getsockname()[1]}"
        wire.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_an_address_where_nobody_is(client, monkeypatch):
    monkeypatch.setattr("campaigns.client.flow._FIRST_S", 0.001)
    with pytest.raises(UnreachableError, match=r"^Nothing answers at http://127\.0\.0\.1:9/api/v1\. Check the address"):
        client("http://127.0.0.1:9").do(me.me())


def test_a_server_without_tls(client):
    with (
        listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as place,
        pytest.raises(UnreachableError, match=rf"https://{place}/api/v1 does not speak TLS"),
    ):
        client(f"https://{place}").do(me.me())


def _caused_by(cause):
    error = httpx.ConnectError("no")
    error.__cause__ = cause
    return error


def _untrusted():
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "self-signed certificate"
    return cause


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_caused_by(_untrusted()), "The certificate of U cannot be trusted: self-signed certificate."),
        (_caused_by(socket.gaierror(-2, "unknown")), "The name in U is not known"),
        (httpx.ReadTimeout("slow"), "U took the request and did not answer in time. It may have been done"),
        (httpx.RemoteProtocolError("half"), "The connection to U broke off"),
        (httpx.ConnectTimeout("slow"), "Nothing answers at U."),
    ],
)
def test_every_failure_of_the_wire_is_a_sentence(error, said):
    assert str(faults.unreachable("U", error)).startswith(said)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ("404 Not Found", UsageError, r"404, and not as Pagecast does\. Check the address"),
        ("502 Bad Gateway", UnreachableError, "and the proxy in front of it"),
        ("307 Moved\r\nLocation: https://h/x", UsageError, "has moved to https://h/x"),
    ],
)
def test_a_server_that_is_another(client, answer, error, said):
    said_by_it = f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode()
    with listening(said_by_it) as place, pytest.raises(error, match=said):
        client(f"http://{place}").do(me.me())


def test_a_file_that_breaks_off_is_not_there(client, tmp_path):
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    with listening(half) as place, pytest.raises(UnreachableError, match="broke off"):
        client(f"http://{place}").download(reports.results("k7"), tmp_path / "results.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_shown_nowhere(served, client, key, caplog):
    caplog.set_level(logging.DEBUG)
    own = client(served.url, key)
    own.do(me.me())
    with pytest.raises(NotFoundError) as missing:
        own.do(people.person("1784"))
    made = own.do(calls_of_keys.create(NewKey(name="crm", role=Role.VIEWER)))
    assert client(served.url, made.key).do(me.me()).name == "crm"
    assert made.key.rpartition("_")[2] not in f"{made!r} {made} {caplog.text}"
    with pytest.raises(UsageError) as refused_key:
        client(served.url, f"{key}x").do(me.me())
    shown = f"{own!r} {own.__dict__} {own._http.__dict__} {missing.value!r} {refused_key.value!r} {caplog.text}"
    assert "HTTP/1.1" in caplog.text
    assert key.rpartition("_")[2] not in shown
