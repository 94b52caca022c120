"""Letting an answer out, or not: the faults of a connection, made for real where there is one.

ASGI has no message for hanging up. Under our server (server.py) every request carries its transport in
`scope["state"]`, so a fault closes or resets the TCP connection itself. Without a transport, as under
httpx.ASGITransport, it is a ConnectionResetError out of the application, which such a client raises to its caller.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from campaigns.simulator.answer import Answer, Line

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TRANSPORT = "transport"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def body_of(receive: Receive) -> bytes:
    """Return the whole request body."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    return body


async def deliver(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer after its delay, the way its line behaves."""
    if answer.delay:
        await asyncio.sleep(answer.delay)
    if answer.line is Line.SILENT:
        return await _until_gone(receive)
    if answer.line in {Line.WHOLE, Line.CUT}:
        length = (b"content-length", b"%d" % len(answer.body))
        await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
    if answer.line is Line.WHOLE:
        return await send({"type": "http.response.body", "body": answer.body})
    if answer.line is Line.CUT:
        await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    _hang_up(scope, reset=answer.line is Line.RESET)
    return await _until_gone(receive)


def _hang_up(scope: Scope, *, reset: bool) -> None:
    transport: asyncio.Transport | None = scope.get("state", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("the simulated platform hung up")
    if reset:
        wire = transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    else:
        transport.close()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
