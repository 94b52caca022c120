"""The cheapest thing that can accept a message: a process that answers every POST with an id, over kept connections.

    python tests/benchmarks/sink.py [--delay SECONDS]

Prints its port, then serves until its standard input closes. Each line there is answered with what came so far.
"""

import argparse
import asyncio
import json
import sys
import time

_ID = b'"id":"'
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b'X-App-Usage: {"call_count":1,"total_cputime":1,"total_time":1}\r\n\r\n%b'
)


class Sink(asyncio.Protocol):
    """One connection; requests may come in pieces, but not in pipelines."""

    taken = 0

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._seen = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, mark, body = self._seen.partition(b"\r\n\r\n")
        if not mark:
            return
        lowered = head.lower()
        begin = lowered.index(b"content-length:") + 15
        if len(body) < int(lowered[begin:].partition(b"\r\n")[0]):
            return
        self._seen = b""
        Sink.taken += 1
        recipient = body.partition(_ID)[2].partition(b'"')[0]
        said = b'{"recipient_id":"%b","message_id":"m_%b"}' % (recipient, recipient)
        answer = _ANSWER % (len(said), said)
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, answer: bytes) -> None:
        assert self._transport
        self._transport.write(answer)


async def serve(delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(delay), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps({"taken": Sink.taken, "cpu": time.process_time()}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    asyncio.run(serve(parser.parse_args().delay))
