"""What open event streams cost: 200 of them on a campaign of a million rows that changes every second.

    uv run python tests/benchmarks/streams.py [--streams 200] [--rows 1000000] [--seconds 20]

Each second a few rows are settled by plain SQL, as a sender would leave them, and every stream must hear of it. The
same web process is measured first with one stream: what the looks at the database cost is in both.
"""

import asyncio
import json
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import crowd
import rig
from api import key
from sqlalchemy import text
from webhooks import Web, web

from campaigns.runtime import Runtime
from schemas.campaign import Campaign

AIM_CPU, AIM_MEMORY, AIM_LATE = 0.20, 200.0, 2.0
"""Of a core; MB for all of the streams; seconds from a change to its event."""
_SETTLED = 10
_WARM = 3.0
_SETTLE = (
    text("""
        UPDATE delivery SET state = 'accepted', accepted_at = sent_at
        WHERE id IN (SELECT id FROM delivery WHERE chunk_id = :chunk_id AND state = 'pending' ORDER BY id LIMIT :n)
    """),
    text("UPDATE tally SET n = n - :n WHERE chunk_id = :chunk_id AND state = 'pending'"),
    text("""
        INSERT INTO tally (campaign_id, page_id, chunk_id, state, reason, n)
        VALUES (:campaign_id, 1, :chunk_id, 'accepted', '', :n)
        ON CONFLICT (campaign_id, page_id, chunk_id, state, reason) DO UPDATE SET n = tally.n + excluded.n
    """),
)


@dataclass
class Reader:
    """One open stream: when it first heard of how many accepted rows, by the monotonic clock."""

    heard: dict[int, float] = field(default_factory=dict)
    first: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, stage: "Stage") -> None:
        """Read until cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.site.port)
        writer.write(stage.request.encode())
        try:
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    self.heard.setdefault(json.loads(line[6:])["counts"]["accepted"], time.monotonic())
                    self.first.set()
        finally:
            writer.close()

    def late(self, at: float, accepted: int) -> float:
        """Return how long after `at` it heard of so many rows; two changes within a second may be told as one."""
        return min((moment for told, moment in self.heard.items() if told >= accepted), default=float("inf")) - at


@dataclass(frozen=True, slots=True)
class Stage:
    """A web process, and the campaign that changes."""

    site: Web
    runtime: Runtime
    campaign: Campaign
    secret: str

    @property
    def request(self) -> str:
        """What opens a stream, as the wire has it."""
        path = f"/api/v1/campaigns/{self.campaign.ref}/progress"
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {self.secret}\r\n\r\n"


def settle(stage: Stage, chunk_id: int) -> None:
    """Settle a few rows of a chunk."""
    facts = {"campaign_id": stage.campaign.id, "chunk_id": chunk_id, "n": _SETTLED}
    with stage.runtime.writing() as conn:
        for statement in _SETTLE:
            conn.execute(statement, {name: facts[name] for name in statement.compile().params})


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds a second, memory in MB, and how late each stream heard of each change."""

    cpu: float
    memory: float
    late: Sequence[float]


async def cost(stage: Stage, streams: int, seconds: int) -> Cost:
    """Measure so many streams over some seconds."""
    readers = [Reader() for _ in range(streams)]
    tasks = [asyncio.create_task(each.read(stage)) for each in readers]
    async with asyncio.timeout(60):
        await asyncio.gather(*(each.first.wait() for each in readers))
    await asyncio.sleep(_WARM)
    accepted = max(max(each.heard) for each in readers)
    chunk_id = await asyncio.to_thread(_next_chunk, stage)
    before, began, changed = stage.site.cpu(), time.monotonic(), {}
    for n in range(seconds):
        await asyncio.to_thread(settle, stage, chunk_id)
        changed[accepted + (n + 1) * _SETTLED] = time.monotonic()
        await asyncio.sleep(max(0.0, began + n + 1 - time.monotonic()))
    cpu = (stage.site.cpu() - before) / (time.monotonic() - began)
    memory = _memory(stage.site.pid)
    await asyncio.sleep(AIM_LATE)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Cost(cpu, memory, [each.late(at, n) for each in readers for n, at in changed.items()])


def _next_chunk(stage: Stage) -> int:
    query = "SELECT MIN(id) FROM chunk WHERE campaign_id = :id AND state = 'ready'"
    with stage.runtime.reading() as conn:
        return int(conn.execute(text(query), {"id": stage.campaign.id}).scalar_one())


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def figures(streams: int, rows: int, seconds: int) -> list[rig.Figure]:
    """Measure one stream, then many."""
    with rig.home() as settings:
        runtime = Runtime.open(settings)
        campaign = crowd.made(runtime, 1, rows)[0]
        secret = key(runtime)
        with web(settings) as site:
            stage = Stage(site, runtime, campaign, secret)
            one, many = (asyncio.run(cost(stage, n, seconds)) for n in (1, streams))
        runtime.close()
    late = sorted(many.late)[int(len(many.late) * 0.99)]
    more = many.memory - one.memory
    return [
        rig.Figure("1 stream: web process", f"{one.cpu:.1%} of a core, {one.memory:.0f} MB"),
        rig.Figure(
            f"{streams} streams: web process",
            f"{many.cpu:.1%} of a core, {many.cpu / one.cpu:.1f} times that of one",
            f"< {AIM_CPU:.0%}",
            many.cpu < AIM_CPU,
        ),
        rig.Figure(f"{streams} streams: memory", f"{more:.0f} MB more", f"< {AIM_MEMORY:.0f} MB", more < AIM_MEMORY),
        rig.Figure(f"{streams} streams: change to event, p99", f"{late:.2f} s", f"< {AIM_LATE:g} s", late < AIM_LATE),
    ]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=20)
    chosen = parser.parse_args()
    rig.show(figures(chosen.streams, chosen.rows, chosen.seconds), as_json=chosen.json)


if __name__ == "__main__":
    main()
