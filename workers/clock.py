"""The clock: once a second it starts what is due, takes back what the dead held, rings, and says what is finished.

    python -m workers.clock

It reads rows and rings bells; every change is conditional, so two clocks are harmless and none for a minute is only a
minute of waiting.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import OperationalError

from campaigns import buckets, lanes, log, pages
from campaigns.inbox import Inbox
from campaigns.ledger import chunks
from campaigns.lifecycle import series
from campaigns.lifecycle.advance import advance, wake
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from workers import broker as bells
from workers import notices, parent, retention, throttle
from workers.inbound import take_back
from workers.planners import Planners
from workers.presence import bury, corpses, is_dead
from workers.tokens import Tokens

TICK = 1.0
SILENT = "Redis does not answer, and without its pace nothing is sent; sending goes on by itself once it does"
ASLEEP = 600.0
"""Seconds without a tick that count as sleep."""

_LANES = text("""
    SELECT lane.campaign_id, lane.page_id, lane.buckets
    FROM lane JOIN campaign ON campaign.id = lane.campaign_id
    WHERE campaign.state = 'sending'
    ORDER BY lane.updated_at, lane.campaign_id, lane.page_id
""")
_RUNNING = text("SELECT count(*) FROM chunk WHERE state = 'running'")

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Clock:
    """`slots` is how many chunks all workers together can run at once."""

    runtime: Runtime
    broker: RedisBroker
    slots: int
    tokens: Tokens = field(init=False)
    planners: Planners = field(init=False)

    def __post_init__(self) -> None:
        # Tokens are looked up where this process would look for them.
        object.__setattr__(self, "tokens", Tokens(self.runtime.settings, os.environ))
        object.__setattr__(self, "planners", Planners(self.runtime.settings.home))

    def tick(self) -> list[int]:
        """Do what is due now; return the chunks whose bells were rung."""
        home = self.runtime.settings.home
        # Found before the sweep: who is dead by then takes no chunk that the sweep does not see.
        dead = corpses(home)
        with self.runtime.writing() as conn:
            owners = self._sweep(conn, now_of(conn))
        self._bury(dead - {owner.partition(":")[2] for owner in owners})
        with self.runtime.writing() as conn:
            advance(conn, now_of(conn))
        self._have_planned()
        self._tell_resumed()
        self._try_new_tokens()
        with self.runtime.writing() as conn:
            rung = self._ring(conn, now_of(conn))
        try:
            for chunk_id in rung:
                bells.ring(self.broker, chunk_id)
        except redis.RedisError:
            with self.runtime.writing() as conn:
                chunks.call_off(conn, SILENT)
            raise
        return rung

    def notice_sleep(self, since: float) -> None:
        """Say that nothing ran since `since` (epoch seconds): the machine slept, or every process was stopped."""
        with self.runtime.writing() as conn:
            wake(conn, int(since * 1000), now_of(conn))

    def _sweep(self, conn: Connection, now: int) -> set[str]:
        """Take back what the dead held; return who holds chunks still."""
        home = self.runtime.settings.home
        held = chunks.running(conn)
        dead = {owner for owner in {chunk.owner for chunk in held} if is_dead(home, owner)}
        for chunk in held:
            if chunk.lease_until < now or chunk.owner in dead:
                doubtful = chunks.recover(conn, chunk.id, chunk.owner, now)
                if doubtful is not None:
                    logger.warning("chunk.recovered", chunk=chunk.id, owner=chunk.owner, in_doubt=doubtful)
        return {chunk.owner for chunk in chunks.running(conn)} if dead else {chunk.owner for chunk in held}

    def _bury(self, dead: set[str]) -> None:
        if dead:
            home = self.runtime.settings.home
            with Inbox.opened(self.runtime) as inbox:
                take_back(inbox, home)
            bury(home, dead)

    def _have_planned(self) -> None:
        with self.runtime.reading() as conn:
            due = series.due(conn, now_of(conn))
        self.planners.start(due)

    def _tell_resumed(self) -> None:
        with self.runtime.reading() as conn:
            resumed = buckets.resumed(conn)
        for key in resumed:
            throttle.resume(self.broker.client, key)
            with self.runtime.writing() as conn:
                buckets.told(conn, key)

    def _try_new_tokens(self) -> None:
        with self.runtime.reading() as conn:
            parked = pages.parked(conn)
        for page_id in self.tokens.due(parked, time.monotonic()):
            with self.runtime.writing() as conn:
                pages.probe(conn, page_id, now_of(conn))
            logger.info("page.tries", page=page_id)

    def _ring(self, conn: Connection, now: int) -> list[int]:
        paused = buckets.paused(conn, now)
        free = 2 * self.slots - int(conn.execute(_RUNNING).scalar_one())
        rung: list[int] = []
        # The lane that waited longest comes first, so that none starves behind a thousand others.
        for lane in conn.execute(_LANES).all():
            if len(rung) >= free:
                break
            if _waits(lane, paused):
                continue
            found = chunks.ring(conn, lane.campaign_id, lane.page_id, now, free - len(rung))
            if found:
                lanes.serve(conn, lane.campaign_id, lane.page_id, now)
            rung += found
        return rung


def _waits(lane: Row[tuple[int, int, str]], paused: Mapping[str, int]) -> bool:
    return any(key in paused for key in json.loads(lane.buckets))


def keep_time(settings: Settings) -> None:
    """Tick until asked to end."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    parent.watch(ending.set)
    runtime = Runtime.open(settings)
    with bells.redis_url(settings) as url:
        broker = bells.connect(url)
        clock = Clock(runtime, broker, settings.worker_processes * bells.RUNS)
        telling, tidying = notices.beside(runtime, ending), retention.beside(runtime, ending)
        seen = time.time()
        while not ending.is_set():
            try:
                if time.time() - seen > ASLEEP:
                    clock.notice_sleep(seen)
                seen = time.time()
                clock.tick()
            except (redis.RedisError, OperationalError) as error:
                # Both come back.
                logger.warning("tick.failed", error=str(error))
            ending.wait(TICK)
        broker.close()
    telling.join(notices.LAST + 1)
    tidying.join(retention.LAST)
    runtime.close()


def main() -> None:
    """Read the settings and keep time."""
    log.configure("clock")
    keep_time(Settings())


if __name__ == "__main__":
    main()
