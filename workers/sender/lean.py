"""HTTP/1.1 for one thing: a small POST and its small answer, over kept connections.

It exists for two reasons. It costs half of what a general client does, which is a quarter of all that a message costs
(`tests/benchmarks/sending.py`). And it knows whether a byte of the request can have left: `NoAnswerError.left` decides
between trying again at once and never again. Nothing is retried, no redirect followed, no proxy asked; deadlines beyond
the connection's are the caller's.
"""

import asyncio
import ssl
from collections import defaultdict

import httpx

from workers.sender.reply import BrokenReplyError, Reply

CONNECT = 10.0
"""Seconds for name look-up, connection and TLS handshake together."""
KEEP_ALIVE = 5.0
"""Seconds that an idle connection is kept: shorter than any platform's, so that none is closed under a request."""
_HAPPY_EYEBALLS = 0.25

_Origin = tuple[str, str, int]


class NoAnswerError(Exception):
    """A call without an answer, for the reason in its cause; `left` is False only where no byte of it can have left."""

    def __init__(self, cause: BaseException, *, left: bool) -> None:
        super().__init__(type(cause).__name__)
        self.left = left


class Connection(asyncio.Protocol):
    """One socket, one request at a time."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self.left = False
        """Whether a byte of the latest request may have left."""
        self._transport: asyncio.Transport | None = None
        self._reply = Reply()
        self._answer: asyncio.Future[Reply] | None = None

    @property
    def usable(self) -> bool:
        """Whether another request may be written: nobody has closed, and the last reply was whole."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes) -> asyncio.Future[Reply]:
        """Write a request; the future fails with OSError or BrokenReplyError."""
        assert self._transport
        self._reply = Reply()
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            self.left = False
            self._fail(ConnectionResetError("closed before the request"))
            return self._answer
        self._transport.write(request)
        # A plain socket is written to at once. Where that very first write failed the kernel took nothing; encrypted,
        # nobody can tell.
        secured = self._transport.get_extra_info("sslcontext") is not None
        self.left = secured or not self._transport.is_closing()
        return self._answer

    def abort(self) -> None:
        """Close at once."""
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take a piece of the reply; bytes that nobody asked for end the connection."""
        if self._answer is None or self._answer.done():
            self.abort()
            return
        try:
            if self._reply.feed(data):
                self._answer.set_result(self._reply)
        except BrokenReplyError as error:
            self._fail(error)

    def eof_received(self) -> None:
        """Take the end; the transport closes itself then."""
        try:
            self._reply.end()
        except BrokenReplyError as error:
            self._fail(error)
        else:
            if self._answer and not self._answer.done():
                self._answer.set_result(self._reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the loss of the socket."""
        self._fail(exc or ConnectionResetError("closed"))

    def _fail(self, error: Exception) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(error)


class Lean:
    """At most `most` connections, kept by origin, the latest used first; belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._room = asyncio.Semaphore(most)
        self._idle: dict[_Origin, list[Connection]] = defaultdict(list)
        self._sweep: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None

    async def call(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose content is in memory, once, and return its answer, read and decoded.

        Raises NoAnswerError, and httpx.DecodingError where the answer's content coding is broken.
        """
        encoded, url = _encoded(request), request.url
        origin = (url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80))
        async with self._room:
            connection = self._kept(origin) or await self._opened(origin)
            reply = await self._asked(connection, origin, encoded)
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body, request=request)

    async def close(self) -> None:
        """Close what is idle; calls that are out end by themselves."""
        if self._sweep:
            self._sweep.cancel()
            self._sweep = None
        for connections in self._idle.values():
            while connections:
                connections.pop().abort()
        # The loop closes aborted sockets in its next round.
        await asyncio.sleep(0)

    async def _asked(self, connection: Connection, origin: _Origin, encoded: bytes) -> Reply:
        reply = None
        try:
            reply = await connection.ask(encoded)
        except (OSError, BrokenReplyError) as error:
            raise NoAnswerError(error, left=connection.left) from error
        finally:
            if reply and reply.keeps and connection.usable:
                self._keep(origin, connection)
            else:
                connection.abort()
        return reply

    def _kept(self, origin: _Origin) -> Connection | None:
        connections = self._idle[origin]
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE
        while connections:
            connection = connections.pop()
            if connection.usable and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    async def _opened(self, origin: _Origin) -> Connection:
        scheme, host, port = origin
        loop, tls = asyncio.get_running_loop(), self._context() if scheme == "https" else None
        try:
            async with asyncio.timeout(CONNECT):
                _, connection = await loop.create_connection(
                    Connection, host, port, ssl=tls, happy_eyeballs_delay=_HAPPY_EYEBALLS
                )
        except OSError as error:
            raise NoAnswerError(error, left=False) from error
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _keep(self, origin: _Origin, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle[origin].append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(KEEP_ALIVE, self._close_old)

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - KEEP_ALIVE
        for origin, connections in list(self._idle.items()):
            kept = [each for each in connections if each.usable and each.idle_since > oldest]
            for connection in set(connections) - set(kept):
                connection.abort()
            if kept:
                self._idle[origin] = kept
            else:
                del self._idle[origin]
        self._sweep = loop.call_later(KEEP_ALIVE, self._close_old) if self._idle else None


def _encoded(request: httpx.Request) -> bytes:
    head = b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)
    lines = [head, *(b"%b: %b" % header for header in request.headers.raw)]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise NoAnswerError(ValueError("a line break in a header"), left=False)
    return b"\r\n".join((*lines, b"", request.content))
