"""A connection that breaks at any byte: what we say became of the message agrees with what the receiver has of it.

Unreachable may be repeated at once, so it must mean that not a byte of the request left; everything else in doubt is
Unknown. The receiver here is a bare TCP server that hangs up where a test tells it to.
"""

import asyncio
import shutil
import socket
import ssl
import struct
import subprocess

import httpx
import pytest
from pydantic import SecretStr

from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import Call, Sender
from schemas.message import Part
from schemas.outcome import Outcome, Verdict
from schemas.page import Channel, ProviderName
from tests.factories import ACCOUNT, page, person
from workers.sender import lean, wire
from workers.sender.wire import Wire

META = PROVIDERS[ProviderName.META]
BODY = b'{"recipient_id":"1","message_id":"m_1"}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
WHOLE = 10_000
ACCEPTED, UNKNOWN, UNREACHABLE, FOREIGN = Verdict.ACCEPTED, Verdict.UNKNOWN, Verdict.UNREACHABLE, Verdict.FOREIGN


class Receiver:
    """Reads at most `take` bytes of each request and writes at most `give` of the reply, then hangs up.

    `messages` counts the requests that arrived whole: those that may have gone out to a person.
    """

    def __init__(self, take: int = WHOLE, give: int = WHOLE, *, reset: bool = False, reply: bytes = REPLY) -> None:
        self.take = take
        self.give = give
        self.reset = reset
        self.reply = reply
        self.received = 0
        self.messages = 0
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if await self._receive(reader):
            writer.write(self.reply[: self.give])
            await writer.drain()
        if self.reset:
            wire_socket = writer.get_extra_info("socket")
            wire_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        else:
            writer.close()

    async def _receive(self, reader: asyncio.StreamReader) -> bool:
        got = b""
        while len(got) < self.take:
            more = await reader.read(min(64, self.take - len(got)))
            got += more
            self.received += len(more)
            head, _, body = got.partition(b"\r\n\r\n")
            if body and len(body) >= _content_length(head):
                self.messages += 1
                return True
            if not more:
                return False
        return False


def _content_length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return next(int(value) for name, _, value in lines if name.lower() == b"content-length")


def request(base_url: str) -> httpx.Request:
    sender = Sender(Channel.INSTAGRAM, ACCOUNT, base_url, SecretStr("t"))
    return META.request(sender, Call(person(0), Part(text="Hi"), "meta", "key"))


def read(response: httpx.Response, received_at) -> Outcome:
    return META.outcome(response, received_at, ACCOUNT)


def call(url: str, times: int = 1) -> list[Outcome]:
    async def run() -> list[Outcome]:
        opened = Wire(4)
        try:
            return [await opened.call(request(url), read) for _ in range(times)]
        finally:
            await opened.close()

    return asyncio.run(run())


def met(receiver: Receiver, times: int = 1, scheme: str = "http", tls: ssl.SSLContext | None = None) -> list[Outcome]:
    """Send to a receiver on a port of its own."""

    async def run() -> list[Outcome]:
        server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
        url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v26.0"
        opened = Wire(4)
        try:
            return [await opened.call(request(url), read) for _ in range(times)]
        finally:
            await opened.close()
            server.close()
            await asyncio.sleep(0)

    return asyncio.run(run())


def test_an_undisturbed_call_is_accepted():
    receiver = Receiver()
    [outcome] = met(receiver)
    assert (outcome.verdict, outcome.message_id, receiver.messages) == (ACCEPTED, "m_1", 1)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("take", [1, 10, 100, 200, 250])
def test_a_line_that_breaks_within_the_request_leaves_doubt(take, reset):
    receiver = Receiver(take=take, reset=reset)
    [outcome] = met(receiver)
    assert receiver.messages == 0
    assert outcome.verdict is UNKNOWN


@pytest.mark.parametrize("reset", [False, True])
def test_a_line_that_breaks_before_the_request_is_never_taken_for_an_answer(reset):
    receiver = Receiver(take=0, reset=reset)
    [outcome] = met(receiver)
    assert receiver.messages == 0
    # Whether the kernel refused the first byte or took it in vain is a race; only the first may be told apart.
    assert outcome.verdict in {UNKNOWN, UNREACHABLE}


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("give", [0, 1, 8, 15, 17, 40, len(REPLY) - len(BODY), len(REPLY) - 20, len(REPLY) - 1])
def test_a_line_that_breaks_within_the_reply_leaves_doubt(give, reset):
    receiver = Receiver(give=give, reset=reset)
    [outcome] = met(receiver)
    assert receiver.messages == 1, "the message is out, and nothing is ever sent by itself a second time"
    assert outcome.verdict is UNKNOWN


@pytest.mark.parametrize(
    "reply",
    [
        b"garbage that is no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_an_answer_that_cannot_be_read_leaves_doubt(reply):
    receiver = Receiver(reply=reply)
    [outcome] = met(receiver)
    assert (outcome.verdict, receiver.messages) == (UNKNOWN, 1)


def test_a_reused_connection_that_breaks_is_not_tried_again():
    class SecondTime(Receiver):
        async def serve(self, reader, writer):
            self.connections += 1
            await self._receive(reader)
            writer.write(REPLY)
            await self._receive(reader)
            writer.close()

    receiver = SecondTime()
    first, second = met(receiver, times=2)
    assert (first.verdict, second.verdict) == (ACCEPTED, UNKNOWN)
    assert (receiver.connections, receiver.messages) == (1, 2)


def test_silence_ends_at_the_deadline_in_doubt(monkeypatch):
    monkeypatch.setattr(wire, "DEADLINE", 0.2)

    class Silent(Receiver):
        async def serve(self, reader, writer):
            await self._receive(reader)
            await reader.read()
            writer.close()

    receiver = Silent()
    [outcome] = met(receiver)
    assert (outcome.verdict, outcome.code, receiver.messages) == (UNKNOWN, "TimeoutError", 1)


def test_a_redirect_is_foreign_and_not_followed():
    receiver = Receiver(reply=b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    [outcome] = met(receiver)
    assert (outcome.verdict, receiver.connections) == (FOREIGN, 1)


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        [outcome] = call(f"http://127.0.0.1:{taken.getsockname()[1]}/v26.0")
    assert (outcome.verdict, outcome.code) == (UNREACHABLE, "ConnectionRefusedError")


def test_a_name_that_means_nothing(monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    [outcome] = call("http://no-such-host.invalid/v26.0")
    assert (outcome.verdict, outcome.code) == (UNREACHABLE, "gaierror")


def test_a_host_that_does_not_take_the_connection(monkeypatch):
    monkeypatch.setattr(lean, "CONNECT", 0.2)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        [outcome] = call(f"http://127.0.0.1:{full.getsockname()[1]}/v26.0")
    assert (outcome.verdict, outcome.code) == (UNREACHABLE, "TimeoutError")


def test_a_host_that_speaks_no_tls():
    receiver = Receiver(take=1, reply=b"")
    [outcome] = met(receiver, scheme="https")
    assert (outcome.verdict, receiver.messages) == (UNREACHABLE, 0)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate of nobody's making needs openssl")
def test_a_certificate_that_nobody_vouches_for(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    paths = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1"]
    subprocess.run([*command, *paths], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver = Receiver()
    [outcome] = met(receiver, scheme="https", tls=context)
    assert (outcome.verdict, receiver.messages) == (UNREACHABLE, 0)


STAGES: list[tuple[str, str, bool]] = [
    ("drop-request", "unknown", False),
    ("drop-reply", "unknown", True),
    ("reset-reply", "unknown", True),
    ("cut-reply", "unknown", True),
    ("500-after", "unknown", True),
    ("502-before", "unknown", False),
    ("408-before", "unknown", False),
    ("slow", "accepted", True),
]


def test_every_stage_agrees_with_what_the_platform_counted(bench):
    bench.platform.change(slow_seconds=0.5, codes={person(2 * n + 3): order for n, (order, _, _) in enumerate(STAGES)})
    bench.launch(40, pages={"acme": page(bench.platform.meta_url, rate=60)})
    bench.finish()
    rows = {row["recipient_id"]: row for row in bench.rows()}
    accepted = bench.accepted()
    for n, (order, state, out) in enumerate(STAGES):
        who = person(2 * n + 3)
        assert rows[who]["state"] == state, order
        assert (who in accepted) is out, order
        assert rows[who]["attempts"] == 1, order
    stats = bench.platform.stats()
    assert stats["doubles"] == 0
    assert stats["arrivals"] == 40
    assert len(accepted) == len(set(accepted))
    counts = bench.counts()
    assert counts["accepted"] <= stats["accepted"] <= counts["accepted"] + counts["unknown"]


def test_an_unreachable_platform_pauses_its_host_and_nobody_fails(bench):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        bench.launch(20, pages={"acme": page(f"http://127.0.0.1:{port}/v26.0")})
        bench.work()
    assert bench.counts() == {"pending": 20}
    assert {row["attempts"] for row in bench.rows()} == {0}
    bucket = bench.one("SELECT * FROM bucket")
    assert bucket["key"] == f"host:127.0.0.1:{port}"
    assert bucket["sentence"]
