"""The simulator on a port: uvicorn on one event loop, and connections that can break."""

import asyncio
import gc
import json
import os
import socket
import sys
import threading

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from campaigns.errors import InputError
from campaigns.simulator.app import application
from campaigns.simulator.line import TRANSPORT
from campaigns.simulator.scenario import Scenario

# Longer than any client of ours keeps a connection: idle connections are never closed under a request by accident.
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


class BreakableProtocol(H11Protocol):
    """Hands each connection's transport to the application, so that it can hang up.

    uvicorn gives every request a copy of `app_state` as `scope["state"]`.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn types it
        """Take a connection."""
        super().connection_made(transport)
        # asyncio does so only for sockets that name their protocol, and those accepted do not: an answer in two writes
        # would wait 40 ms for the client's acknowledgement.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, TRANSPORT: transport}


def serve(scenario: Scenario, host: str = "127.0.0.1", port: int = 0, *, until_eof: bool = False) -> None:
    """Serve until interrupted; port 0 takes a free one.

    Prints one line of JSON, `{"url", "pid"}`, once the port takes connections. With `until_eof` it also ends when
    standard input closes, so that a child dies with its parent. InputError when the port cannot be had.
    """
    wire = _listen(host, port)
    server = uvicorn.Server(_config(scenario))
    if until_eof:
        threading.Thread(target=_end_at_eof, daemon=True).start()
    gc.freeze()
    sys.stdout.write(json.dumps({"url": _url(wire), "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    server.run(sockets=[wire])


def _config(scenario: Scenario) -> uvicorn.Config:
    return uvicorn.Config(
        application(scenario),
        loop="asyncio",
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as taken:
        raise InputError(
            f"The simulator cannot listen on {host}:{port}: {taken.strerror}. Choose another port."
        ) from taken


def _url(wire: socket.socket) -> str:
    host, port = wire.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _end_at_eof() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    # At once: a graceful end would answer hanging requests with a 500 that nobody ordered. Nothing is buffered.
    os._exit(0)
