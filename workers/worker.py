"""A worker process: Dramatiq threads, one event loop that sends, one thread that writes.

    python -m workers.worker

It ends in order on SIGTERM, SIGINT, or when the process that started it is gone.
"""

import asyncio
import gc
import signal
import sys
import threading
from collections.abc import Mapping, Sequence

import dramatiq
import structlog
from dramatiq import Worker
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.broker import Broker
from dramatiq.middleware import Middleware

from campaigns import buckets, log
from campaigns.ledger.writer import Writer
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from schemas.bucket import Bucket
from workers import broker as bells
from workers import parent, throttle
from workers.presence import Presence
from workers.sender.kit import IN_FLIGHT, Kit
from workers.sender.sender import send
from workers.sender.wire import Wire

_SWITCH = 0.0005
"""Seconds that a thread may keep the interpreter while another waits for it."""

logger = structlog.get_logger(__name__)


class Station(Middleware):
    """What this process sends with: opened in the event loop before the first job, closed after the last."""

    def __init__(self, runtime: Runtime, url: str, name: str) -> None:
        self._runtime = runtime
        self._url = url
        self._name = name
        self._kit: Kit | None = None
        self._listening: asyncio.Task[None] | None = None
        self._broker: Broker | None = None
        self._runs: set[asyncio.Task[None]] = set()
        self._ending = False

    async def send(self, chunk_id: int) -> None:
        """Begin what a bell rings for and give the thread back.

        A run of a slow page lasts a minute in which it hardly works; were its thread held, as many pages as there are
        threads would send and all others stand still. A bell that is lost with this process rings again.
        """
        kit = self._open()
        while len(self._runs) >= bells.RUNS:
            await asyncio.wait(self._runs, return_when=asyncio.FIRST_COMPLETED)
        run = asyncio.create_task(send(kit, chunk_id))
        self._runs.add(run)
        run.add_done_callback(self._ran)

    def after_worker_boot(self, broker: Broker, _worker: Worker) -> None:
        """Remember where bells are rung."""
        self._broker = broker

    def before_worker_shutdown(self, _broker: Broker, _worker: Worker) -> None:
        """Ask every run to stop claiming, and those that a last bell still starts."""
        self._ending = True
        loop = get_event_loop_thread()
        if loop is not None and self._kit is not None:
            loop.loop.call_soon_threadsafe(self._kit.draining.set)

    def after_worker_shutdown(self, _broker: Broker, _worker: Worker) -> None:
        """Close what the event loop holds; called before the loop itself ends."""
        loop = get_event_loop_thread()
        if loop is not None:
            loop.run_coroutine(self._close())

    def _ran(self, run: "asyncio.Task[None]") -> None:
        self._runs.discard(run)
        if not run.cancelled() and (error := run.exception()):
            # The sweep takes the chunk back.
            logger.error("run.crashed", exc_info=error)

    def _open(self) -> Kit:
        # Runs on the event loop without awaiting: nobody can come between.
        if self._kit is None:
            pace = throttle.Throttle(throttle.connect(self._url), self._seed)
            self._listening = asyncio.create_task(pace.listen())
            self._kit = Kit(
                runtime=self._runtime,
                writer=Writer(self._runtime),
                throttle=pace,
                wire=Wire(IN_FLIGHT),
                worker=self._name,
                ring=self._ring,
            )
            if self._ending:
                self._kit.draining.set()
        return self._kit

    def _ring(self, chunk_id: int) -> None:
        if self._broker is not None:
            bells.ring(self._broker, chunk_id)

    async def _seed(self, keys: Sequence[str]) -> Mapping[str, Bucket]:
        with self._runtime.reading() as conn:
            return buckets.load(conn, keys)

    async def _close(self) -> None:
        if self._kit is None:
            return
        if self._runs:
            await asyncio.wait(self._runs)
        await self._kit.settling.settled()
        await self._kit.wire.close()
        await asyncio.to_thread(self._kit.writer.close)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)


def work(settings: Settings, threads: int) -> None:
    """Work until asked to end."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    parent.watch(ending.set)
    runtime = Runtime.open(settings)
    with Presence(settings.home) as presence, bells.redis_url(settings) as url:
        station = Station(runtime, url, presence.name)
        broker = bells.connect(url, station)
        dramatiq.actor(broker=broker, actor_name=bells.ACTOR, queue_name=bells.QUEUE)(station.send)
        broker.emit_after("process_boot")
        worker = Worker(broker, worker_threads=threads, worker_timeout=200)
        _be_punctual()
        worker.start()
        logger.info("worker.started", worker=presence.name, threads=threads)
        ending.wait()
        worker.stop(timeout=30_000)
        broker.close()
    runtime.close()


def _be_punctual() -> None:
    """Keep the interpreter from making slots late.

    A full garbage collection over all that is imported stops everything for 100 ms: what exists now is never looked at
    again. And the event loop gets the interpreter back from the thread that writes within half a millisecond, not five.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH)


def main() -> None:
    """Work as the settings say."""
    settings = Settings()
    log.configure("worker")
    work(settings, settings.worker_threads)


if __name__ == "__main__":
    main()
