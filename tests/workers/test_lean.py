"""Connections: kept, given up, and never in doubt about whether a request can have left."""

import asyncio
import gzip
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest

from workers.sender import lean
from workers.sender.lean import Lean, NoAnswerError

BODY = b'{"message_id":"m_1"}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
_RESET = struct.pack("ii", 1, 0)


class Server:
    """Answers every whole request with `reply`; `after` is done with the connection then."""

    def __init__(self, reply: bytes = REPLY, after: Callable[[asyncio.StreamWriter], object] = bool) -> None:
        self.reply = reply
        self.after = after
        self.connections = self.open = self.most = self.requests = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) and (body := await reader.readexactly(2)):
                assert head.startswith(b"POST /v1/messages HTTP/1.1\r\n")
                assert body == b"{}"
                self.requests += 1
                await self.gate.wait()
                writer.write(self.reply)
                self.after(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


def request(url: str, **headers: str) -> httpx.Request:
    return httpx.Request("POST", f"{url}/v1/messages", content=b"{}", headers=headers)


def using(server: Server, work: Callable[[Lean], Awaitable[None]], most: int = 8, tls: ssl.SSLContext | None = None):
    """Run `work` with connections to a listening `server`."""

    async def run() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        connections = Lean(most)
        try:
            await work(connections)
        finally:
            await connections.close()
            listening.close()
            await until(lambda: not server.open)

    asyncio.run(run())


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def test_one_connection_serves_one_call_after_the_other():
    server = Server()

    async def work(connections: Lean) -> None:
        for _ in range(3):
            response = await connections.call(request(server.url))
            assert (response.status_code, response.json()) == (200, {"message_id": "m_1"})

    using(server, work)
    assert (server.connections, server.requests) == (1, 3)


def test_calls_at_once_have_connections_of_their_own_and_never_too_many():
    server = Server()

    async def work(connections: Lean) -> None:
        await asyncio.gather(*(connections.call(request(server.url)) for _ in range(20)))
        await asyncio.gather(*(connections.call(request(server.url)) for _ in range(20)))

    using(server, work, most=3)
    assert (server.connections, server.most, server.requests) == (3, 3, 40)


@pytest.mark.parametrize(
    "server",
    [
        Server(REPLY.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")),
        Server(after=lambda writer: writer.write(b"more")),
        Server(after=lambda writer: asyncio.get_running_loop().call_later(0.005, writer.write, b"more")),
        Server(after=lambda writer: writer.close()),
        Server(REPLY.replace(b"HTTP/1.1", b"HTTP/1.0")),
    ],
    ids=["says so", "goes on", "goes on later", "closes", "old"],
)
def test_a_connection_that_is_not_clean_is_not_used_again(server):
    async def work(connections: Lean) -> None:
        for n in range(1, 4):
            await connections.call(request(server.url))
            await until(lambda n=n: server.requests == n)
            # What the server did after its reply has to arrive.
            await asyncio.sleep(0.02)

    using(server, work)
    assert (server.connections, server.requests) == (3, 3)


def test_a_body_may_end_with_the_connection_and_be_compressed():
    packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(BODY)
    server = Server(packed, after=lambda writer: writer.close())

    async def work(connections: Lean) -> None:
        assert (await connections.call(request(server.url))).content == BODY

    using(server, work)


def test_an_idle_connection_is_closed(monkeypatch):
    monkeypatch.setattr(lean, "KEEP_ALIVE", 0.05)
    server = Server()

    async def work(connections: Lean) -> None:
        await connections.call(request(server.url))
        assert server.open == 1
        await until(lambda: not server.open)
        await connections.call(request(server.url))

    using(server, work)
    assert server.connections == 2


def test_a_call_given_up_takes_its_connection_along():
    server = Server()

    async def work(connections: Lean) -> None:
        server.gate.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connections.call(request(server.url))
        server.gate.set()
        await until(lambda: not server.open)
        assert (await connections.call(request(server.url))).content == BODY

    using(server, work, most=1)
    assert server.connections == 2


def test_a_header_with_a_line_break_sends_nothing():
    server = Server()

    async def work(connections: Lean) -> None:
        with pytest.raises(NoAnswerError) as broken:
            await connections.call(request(server.url, token="a\r\nX: b"))
        assert not broken.value.left

    using(server, work)
    assert server.connections == 0


class Blocking:
    """A server in a thread: what it does to a connection is done while the caller's loop stands still."""

    def __init__(self, take: int, give: bytes) -> None:
        self.take = take
        self.give = give
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.kept: list[socket.socket] = []

    def meet(self) -> threading.Thread:
        thread = threading.Thread(target=self._meet)
        thread.start()
        return thread

    def _meet(self) -> None:
        connection, _ = self.socket.accept()
        got = b""
        while len(got) < self.take and (more := connection.recv(self.take - len(got))):
            got += more
        connection.sendall(self.give)
        self.kept.append(connection)

    def end(self, *, reset: bool) -> None:
        for connection in self.kept:
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.close()
        self.kept.clear()

    def close(self) -> None:
        self.end(reset=False)
        self.socket.close()


def encoded(url: str) -> bytes:
    return lean._encoded(request(url))


@pytest.mark.parametrize(("reset", "left"), [(False, True), (True, False)])
def test_a_kept_connection_that_ended_unnoticed(reset, left):
    async def run() -> None:
        server, connections = Blocking(0, b""), Lean(1)
        server.take, server.give = len(encoded(server.url)), REPLY
        thread = server.meet()
        await connections.call(request(server.url))
        thread.join()
        # The loop does not run between here and the write: it cannot have heard of the end.
        server.end(reset=reset)
        with pytest.raises(NoAnswerError) as broken:
            await connections.call(request(server.url))
        # After a reset the kernel takes nothing; after a mere end it takes the request, and nobody knows who reads it.
        assert broken.value.left is left
        await connections.close()
        server.close()

    asyncio.run(run())


@pytest.mark.parametrize("reset", [False, True])
def test_nothing_is_written_to_a_connection_that_is_known_to_have_ended(reset):
    async def run() -> None:
        server = Blocking(0, b"")
        thread, loop = server.meet(), asyncio.get_running_loop()
        _, connection = await loop.create_connection(lean.Connection, *server.socket.getsockname())
        thread.join()
        server.end(reset=reset)
        await until(lambda: not connection.usable)
        with pytest.raises(ConnectionResetError):
            await connection.ask(encoded(server.url))
        assert not connection.left
        server.close()

    asyncio.run(run())


@pytest.mark.parametrize("reset", [False, True])
def test_a_line_cut_at_every_byte_of_the_reply(reset):
    async def run() -> None:
        for give in range(len(REPLY)):
            server, connections = Blocking(0, REPLY[:give]), Lean(1)
            server.take = len(encoded(server.url))
            thread = server.meet()
            call = asyncio.create_task(connections.call(request(server.url)))
            await until(lambda thread=thread: not thread.is_alive())
            server.end(reset=reset)
            with pytest.raises(NoAnswerError) as broken:
                await call
            assert broken.value.left, give
            await connections.close()
            server.close()

    asyncio.run(run())


@pytest.mark.parametrize("reset", [False, True])
def test_a_line_cut_at_every_byte_of_the_request(reset):
    async def run() -> None:
        server = Blocking(0, b"")
        for take in range(1, len(encoded(server.url)) + 1):
            server.take, connections = take, Lean(1)
            thread = server.meet()
            call = asyncio.create_task(connections.call(request(server.url)))
            await until(lambda thread=thread: not thread.is_alive())
            server.end(reset=reset)
            with pytest.raises(NoAnswerError) as broken:
                await call
            assert broken.value.left, take
            await connections.close()
        server.close()

    asyncio.run(run())


def test_nobody_listens():
    async def run() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            with pytest.raises(NoAnswerError) as broken:
                await Lean(1).call(request(f"http://127.0.0.1:{taken.getsockname()[1]}"))
        assert (str(broken.value), broken.value.left) == ("ConnectionRefusedError", False)

    asyncio.run(run())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate of our own needs openssl")
@pytest.mark.parametrize("trusted", [True, False])
def test_tls_is_checked_and_kept(monkeypatch, tmp_path, trusted):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server = Server()

    async def work(connections: Lean) -> None:
        for _ in range(2):
            if trusted:
                assert (await connections.call(request(server.url))).content == BODY
                continue
            with pytest.raises(NoAnswerError) as broken:
                await connections.call(request(server.url))
            assert (str(broken.value), broken.value.left) == ("SSLCertVerificationError", False)

    using(server, work, tls=tls)
    assert (server.requests, server.connections) == ((2, 1) if trusted else (0, 0))
