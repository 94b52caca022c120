"""What an accepted message costs the sending process in CPU, everything on, beside a bare HTTP loop in the same run.

    uv run python tests/benchmarks/sending.py [--rows 20000] [--rate 1000] [--runs 3] [--profile]

On: claims and settlements on SQLite with synchronous=FULL, slots leased from a real Valkey, the guard, the provider.
CPU time is that of the whole process with its writer thread; the sink and Valkey are processes of their own. The rate
is one that a core reaches: beyond it slots are missed and given back, and that cost would be counted too.
"""

import asyncio
import cProfile
import json
import pstats
import resource
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import rig
from pydantic import SecretStr
from sqlalchemy import text

from campaigns import buckets
from campaigns.ledger.writer import Writer
from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import Call, Sender
from campaigns.runtime import Runtime
from schemas.message import Part
from schemas.page import Channel, ProviderName
from workers import embedded, throttle
from workers.sender.kit import IN_FLIGHT, Kit
from workers.sender.sender import send
from workers.sender.wire import Wire

AT_ONCE = 64
AIM_US = 400
_READY = text("SELECT id FROM chunk WHERE state = 'ready' ORDER BY seq LIMIT 2")
_ACCEPTED = text("SELECT COALESCE(SUM(n), 0) FROM tally WHERE state = 'accepted'")
_BODY = (
    b'{"recipient":{"id":"10089999999999000"},"messaging_type":"UPDATE","message":{"text":"Hi Chiara, the linen shirt '
    b'is here. Shall we keep one for you?","metadata":"pagecast:abcdefgh:12345:1"}}'
)


@dataclass(frozen=True, slots=True)
class Sink:
    """A sink in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def taken(self) -> tuple[int, float]:
        """Return the messages it has taken so far, and its CPU seconds."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        return said["taken"], said["cpu"]


@contextmanager
def sink(delay: float = 0.0) -> Iterator[Sink]:
    """Yield a fresh sink."""
    command = [sys.executable, str(Path(__file__).with_name("sink.py")), "--delay", str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield Sink(f"http://127.0.0.1:{process.stdout.readline().strip()}", process)
        process.communicate()


def cpu() -> float:
    """Return this process's CPU seconds so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def cost(work: Callable[[], Awaitable[int]]) -> float:
    """Return the CPU microseconds of each of the messages that `work` says it sent."""
    before = cpu()
    sent = await work()
    return (cpu() - before) * 1e6 / sent


async def bare(url: str, rows: int) -> int:
    """POST the same body `rows` times, 64 at once, and read each answer."""
    headers = {"Authorization": f"Bearer {rig.SECRETS['BENCHMARK_TOKEN']}", "Content-Type": "application/json"}
    left = iter(range(rows))

    async def lane(session: aiohttp.ClientSession) -> None:
        for _ in left:
            async with session.post(f"{url}/me/messages", data=_BODY, headers=headers) as answer:
                await answer.json()

    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        await asyncio.gather(*(lane(session) for _ in range(AT_ONCE)))
    return rows


async def wired(url: str, rows: int) -> int:
    """Send the same request `rows` times through the wire alone, 64 at once."""
    meta = PROVIDERS[ProviderName.META]
    sender = Sender(Channel.MESSENGER, rig.ACCOUNT, url, SecretStr(rig.SECRETS["BENCHMARK_TOKEN"]))
    call = Call("10089999999999000", Part(text="Hi Chiara, the linen shirt is here. Shall we keep one?"), "m", "k")
    wire, left = Wire(AT_ONCE), iter(range(rows))

    async def lane() -> None:
        for _ in left:
            await wire.call(meta.request(sender, call), meta.outcome)

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    await wire.close()
    return rows


async def whole(runtime: Runtime, redis_url: str) -> int:
    """Send everything that the ledger has ready; return how many messages were accepted."""
    pace = throttle.Throttle(throttle.connect(redis_url), _seed(runtime))
    listening = asyncio.create_task(pace.listen())
    kit = Kit(runtime, Writer(runtime), pace, Wire(IN_FLIGHT), "benchmark", lambda _: None, rig.SECRETS)
    while ready := _all(runtime, _READY):
        await asyncio.gather(*(send(kit, chunk_id) for chunk_id in ready))
    await kit.wire.close()
    kit.writer.close()
    listening.cancel()
    return _all(runtime, _ACCEPTED)[0]


def _seed(runtime: Runtime) -> throttle.Seed:
    async def seed(keys):
        with runtime.reading() as conn:
            return buckets.load(conn, keys)

    return seed


def _all(runtime: Runtime, query) -> list[int]:
    with runtime.reading() as conn:
        return list(conn.execute(query).scalars())


def run(rows: int, rate: float, delay: float, profile: cProfile.Profile | None) -> tuple[float, float, float]:
    """Return the CPU microseconds a message of the bare loop, of the wire alone, and of everything."""
    with sink(delay) as taker, rig.home() as settings:
        url = taker.url
        base = asyncio.run(cost(lambda: bare(url, rows)))
        alone = asyncio.run(cost(lambda: wired(url, rows)))
        rig.people(settings.home / rig.LIST, rows)
        runtime = Runtime.open(settings)
        rig.launched(runtime, url, rate)
        server = embedded.ensure(settings.home)
        if profile:
            profile.enable()
        full = asyncio.run(cost(lambda: whole(runtime, server.url)))
        if profile:
            profile.disable()
        server.release()
        runtime.close()
    return base, alone, full


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=1_000)
    parser.add_argument("--delay", type=float, default=0.05, help="seconds until the sink answers")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="print where the event loop's thread spends it; slower")
    chosen = parser.parse_args()
    profile = cProfile.Profile() if chosen.profile else None
    runs = [run(chosen.rows, chosen.rate, chosen.delay, profile) for _ in range(chosen.runs)]
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    base, alone, full = (min(each) for each in zip(*runs, strict=True))
    figures = [
        rig.Figure("bare aiohttp loop, CPU a message", f"{base:.0f} µs"),
        rig.Figure("request, wire and answer alone", f"{alone:.0f} µs ({alone / base:.2f} x bare)"),
        rig.Figure("everything on", f"{full:.0f} µs ({full / base:.2f} x bare)", f"≤ {AIM_US} µs", full <= AIM_US),
    ]
    rig.show(figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
