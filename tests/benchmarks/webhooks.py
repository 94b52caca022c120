"""How fast webhooks are kept: the web process over real sockets, on both databases, each body signed and on disk.

    uv run python tests/benchmarks/webhooks.py [--seconds 20] [--rate 200]

Single events arrive at random moments, `--rate` a second on average, whether or not the ones before are answered; the
answer time counts from the moment of arrival. Then bodies of 1,000 events each, two at a time. Applying is not in it.
"""

import asyncio
import hashlib
import hmac
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rig
from ledger import server

from campaigns.inbox import Inbox
from campaigns.runtime import Runtime
from campaigns.settings import Settings

SECRET = "benchmark"
EVENTS = 1_000
_BODIES = 400
_AT_ONCE = 2
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Web:
    """A running web process."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Return the processor seconds that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def event(n: int) -> dict[str, object]:
    """Return one message as Meta wraps it."""
    said = {"mid": f"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQ{n}", "text": "Yes, please keep one for me."}
    at = 1_800_000_000_000 + n
    return {"sender": {"id": str(10**16 + n)}, "recipient": {"id": rig.ACCOUNT}, "timestamp": at, "message": said}


def request(first: int, events: int) -> bytes:
    """Return a whole signed request, as the wire has it."""
    entry = {"id": rig.ACCOUNT, "time": 1, "messaging": [event(first + i) for i in range(events)]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        "POST /webhooks/meta HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Wires:
    """Kept connections, one for each request under way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, whole: bytes) -> None:
        """Send a request; it must be answered with 200 and nothing."""
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(whole)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        assert b"content-length: 0" in head.lower(), head
        self._idle.append((reader, writer))

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


async def arrivals(port: int, rate: float, seconds: float) -> list[float]:
    """Post single events; return the answer times in seconds."""
    wires, dice, loop = Wires(port), random.Random(1), asyncio.get_running_loop()
    requests = [request(n, 1) for n in range(int(rate * seconds))]

    async def one(whole: bytes, due: float) -> float:
        await wires.post(whole)
        return loop.time() - due

    due, under_way = loop.time(), []
    for whole in requests:
        due += dice.expovariate(rate)
        await asyncio.sleep(max(0.0, due - loop.time()))
        under_way.append(asyncio.create_task(one(whole, due)))
    times = await asyncio.gather(*under_way)
    wires.close()
    return times


async def loads(port: int) -> float:
    """Post bodies of many events; return the seconds that it took."""
    wires = Wires(port)
    requests = [request(n * EVENTS, EVENTS) for n in range(_BODIES)]
    began = time.perf_counter()

    async def sender() -> None:
        while requests:
            await wires.post(requests.pop())

    await asyncio.gather(*(sender() for _ in range(_AT_ONCE)))
    took = time.perf_counter() - began
    wires.close()
    return took


@contextmanager
def web(settings: Settings) -> Iterator[Web]:
    """Yield the web process, listening."""
    with socket.create_server(("127.0.0.1", 0)) as wire:
        port = wire.getsockname()[1]
    added = {"PAGECAST_META_APP_SECRET": SECRET, "PAGECAST_PORT": str(port)}
    if settings.database_url:
        added["DATABASE_URL"] = settings.database_url
    command = [sys.executable, "-m", "campaigns.web.app"]
    process = subprocess.Popen(command, env=rig.environment(settings) | added)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.05)
        yield Web(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def figures(settings: Settings, name: str, rate: float, seconds: float) -> list[rig.Figure]:
    """Measure both on one database, and look whether all of it is there."""
    with web(settings) as site:
        asyncio.run(arrivals(site.port, rate, 1.0))
        before = site.cpu()
        times = asyncio.run(arrivals(site.port, rate, seconds))
        cpu = (site.cpu() - before) / len(times)
        took = asyncio.run(loads(site.port))
    runtime = Runtime.open(settings)
    with Inbox.opened(runtime) as inbox:
        assert inbox.backlog().bodies == int(rate) + len(times) + _BODIES
    runtime.close()
    p50, *_, p99 = (cuts := statistics.quantiles(times, n=100))[49], cuts[98]
    return [
        rig.Figure(
            f"{name}: webhook answered, {rate:g} requests/s",
            f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, max {max(times) * 1000:.0f} ms",
            "p99 < 100 ms",
            p99 < 0.1,
        ),
        rig.Figure(f"{name}: web process, a webhook", f"{cpu * 1e6:.0f} us CPU"),
        rig.Figure(f"{name}: bodies of {EVENTS:,} events", f"{_BODIES * EVENTS / took:,.0f} events/s kept"),
    ]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    chosen = parser.parse_args()
    with rig.home() as settings:
        found = figures(settings, "sqlite", chosen.rate, chosen.seconds)
    with server() as url, rig.home() as own:
        settings = own.model_copy(update={"database_url": url})
        found += figures(settings, "postgresql", chosen.rate, chosen.seconds)
    rig.show(found, as_json=chosen.json)


if __name__ == "__main__":
    main()
