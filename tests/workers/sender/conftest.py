"""A worker's kit without Dramatiq: the real pace, the real ledger, the simulated platform over real HTTP."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from campaigns import buckets
from campaigns.ledger import chunks
from campaigns.ledger.writer import Writer
from campaigns.runtime import Runtime, now_of
from campaigns.simulator import Scenario, Simulator, start
from schemas.campaign import Campaign
from tests import factories
from workers.presence import Presence
from workers.sender import course
from workers.sender.kit import Kit
from workers.sender.sender import send
from workers.sender.wire import Wire
from workers.throttle import Throttle, connect

RATE = 400.0
"""Messages per second of the pages here; the platform takes more."""


class Bench:
    """One state folder with a platform, and workers that run in the calling thread for as long as a test asks."""

    def __init__(self, runtime: Runtime, folder: Path, valkey_url: str, platform: Simulator) -> None:
        self.runtime = runtime
        self.folder = folder
        self.platform = platform
        self.valkey_url = valkey_url
        self.rung: list[int] = []
        self.campaign: Campaign | None = None

    def launch(self, count: int = 5, rows: list[dict[str, Any]] | None = None, **changes: object) -> Campaign:
        """Launch a campaign for `count` people or these rows."""
        base = {"pages": {"acme": factories.page(self.platform.meta_url, rate=RATE)}}
        file = factories.content(**(base | changes))
        self.campaign = factories.launched(self.runtime, self.folder, rows or factories.people(count), file)
        return self.campaign

    def work(self, *chunk_ids: int, during: Callable[[Kit], Awaitable[object]] | None = None) -> Kit:
        """Run these chunks (the first one by default) at the same time; `during` runs beside them."""
        return asyncio.run(self._work(chunk_ids or (1,), during))

    def finish(self) -> None:
        """Ring for what came back, as the clock does, until nobody is pending."""
        for _ in range(8):
            lanes = factories.select(self.runtime, "SELECT campaign_id, page_id FROM lane ORDER BY page_id")
            with self.runtime.writing() as conn:
                pages = [lane["page_id"] for lane in lanes if lane["campaign_id"] == self.campaign.id]
                rung = [each for page in pages for each in chunks.ring(conn, self.campaign.id, page, now_of(conn), 2)]
            if not rung:
                return
            self.work(*rung)
        raise AssertionError(f"still pending after eight bells: {self.counts()}")

    async def _work(self, chunk_ids: tuple[int, ...], during: Callable[[Kit], Awaitable[object]] | None) -> Kit:
        client = connect(self.valkey_url)
        pace = Throttle(client, self._seed)
        listening = asyncio.create_task(pace.listen())
        await self._settle(pace, client)
        with Presence(self.runtime.settings.home) as presence:
            writer = Writer(self.runtime)
            kit = Kit(
                runtime=self.runtime,
                writer=writer,
                throttle=pace,
                wire=Wire(64),
                worker=presence.name,
                ring=self.rung.append,
                environment=factories.ENVIRONMENT,
            )
            beside = [during(kit)] if during else []
            try:
                await asyncio.wait_for(asyncio.gather(*(send(kit, chunk_id) for chunk_id in chunk_ids), *beside), 30)
            finally:
                await kit.settling.settled()
                await kit.wire.close()
                writer.close()
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                await client.aclose()
        return kit

    async def _settle(self, pace: Throttle, client: Redis) -> None:
        """Make new buckets as free as if idle for long, which would else take half a second."""
        for lane in factories.select(self.runtime, "SELECT buckets FROM lane"):
            for key in json.loads(lane["buckets"]):
                if not await client.exists(pace._prefix + key):
                    await pace._seed([key])
                    await client.hset(pace._prefix + key, "tat", "0")

    async def _seed(self, keys):
        with self.runtime.reading() as conn:
            return buckets.load(conn, keys)

    def repace(self, rate: float) -> None:
        """Give every lane another rate, in messages per second."""
        for lane in factories.select(self.runtime, "SELECT campaign_id, page_id, route FROM lane"):
            lane["route"] = json.dumps(json.loads(lane["route"]) | {"rate": rate})
            self.write("UPDATE lane SET route = :route WHERE campaign_id = :campaign_id AND page_id = :page_id", **lane)

    def rows(self) -> list[dict[str, Any]]:
        return factories.rows_of(self.runtime, self.campaign)

    def counts(self) -> dict[str, int]:
        """Return how many rows stand in each state, and check that the tallies say the same."""
        with self.runtime.reading() as conn:
            factories.tallies_add_up(conn, self.campaign.id)
        return dict(Counter(row["state"] for row in self.rows()))

    def one(self, query: str, **facts: object) -> dict[str, Any]:
        return factories.select(self.runtime, query, **facts)[0]

    def events(self) -> list[str]:
        """Return what happened since the launch."""
        query = "SELECT kind FROM event WHERE kind NOT IN ('campaign.submitted', 'campaign.launched') ORDER BY id"
        return [row["kind"] for row in factories.select(self.runtime, query)]

    def accepted(self) -> list[str]:
        """Return the ids of the people whose message the platform accepted, in order."""
        return [message["recipient_id"] for message in self.platform.accepted()]

    def write(self, statement: str, **facts: object) -> None:
        with self.runtime.writing() as conn:
            conn.execute(factories.text(statement), facts)


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    with start() as running:
        yield running


@pytest.fixture
def platform(running_simulator: Simulator) -> Simulator:
    """The simulator, with a temper that accepts everything, and no memory of the test before."""
    running_simulator.change(**Scenario(cap=5000).model_dump(mode="json"))
    running_simulator.reset()
    return running_simulator


@pytest.fixture
def lateness() -> float:
    """Seconds that a slot may be late: many, since tests share the processors; a worker's where the pace counts.

    `guard` knows nothing of it and still forfeits slots that come some 20 to 30 ms late, together with the next ones:
    who counts everybody calls `finish`.
    """
    return 0.5


@pytest.fixture(autouse=True)
def forgiving(lateness: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let slots be as late as that."""
    monkeypatch.setattr(course, "LATE", lateness)


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path, valkey_url: str, platform: Simulator) -> Bench:
    return Bench(runtime, tmp_path, valkey_url, platform)
