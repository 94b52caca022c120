"""Dramatiq as a bell: messages carry a chunk id and nothing else; losing or doubling any of them is harmless."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from dramatiq import Message, Worker
from dramatiq.broker import Broker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, AsyncIO, CurrentMessage, Middleware, Retries

from campaigns.settings import Settings
from workers import embedded

QUEUE = "send"
ACTOR = "send"
RUNS = 2_048
"""Chunks that a worker process runs at once. They wait for slots most of the time, so this is far more than threads."""
BELL_LIVES_MS = 30_000
"""A bell older than this is dropped: the clock has rung again."""
_BEAT = 5.0


class Heart(Middleware):
    """Beats for a worker whose threads are all busy.

    Dramatiq 2 beats only as a side effect of fetching; a full prefetch does not fetch, and its messages would be handed
    to others while they run. Any command that the broker's script does not know is a heartbeat and nothing else.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()

    def after_worker_boot(self, broker: Broker, _worker: Worker) -> None:
        """Start beating."""
        threading.Thread(target=self._beat, args=(broker,), name="heart", daemon=True).start()

    def before_worker_shutdown(self, _broker: Broker, _worker: Worker) -> None:
        """Stop beating."""
        self._stop.set()

    def _beat(self, broker: Any) -> None:
        while not self._stop.wait(_BEAT):
            for queue in broker.get_declared_queues():
                try:
                    broker.do_heartbeat(queue)
                except redis.RedisError:
                    continue


@contextmanager
def redis_url(settings: Settings) -> Iterator[str]:
    """Yield the address of Redis: REDIS_URL, else the bundled server, held while it is used here."""
    server = embedded.of(settings)
    try:
        yield server.url if server else str(settings.redis_url)
    finally:
        if server:
            server.release()


def connect(url: str, *extra: Middleware) -> RedisBroker:
    """Return the broker on the Redis at `url`; `extra` middlewares see the event loop open and closed."""
    middleware = [AgeLimit(), Retries(max_retries=0), AsyncIO(), CurrentMessage(), *extra, Heart()]
    broker = RedisBroker(  # type: ignore[no-untyped-call] # dramatiq leaves its constructor untyped
        client=redis.Redis.from_url(url),
        namespace="pagecast",
        heartbeat_timeout=30_000,
        maintenance_chance=50_000,
        middleware=middleware,
    )
    broker.declare_queue(QUEUE)
    return broker


def ring(broker: Broker, chunk_id: int) -> None:
    """Say that a chunk has work."""
    options = {"max_age": BELL_LIVES_MS}
    broker.enqueue(Message(queue_name=QUEUE, actor_name=ACTOR, args=(chunk_id,), kwargs={}, options=options))
