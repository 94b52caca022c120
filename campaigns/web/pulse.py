"""How campaigns stand, looked at once a second for as long as somebody watches, however many those are.

A watcher gets the latest there is: what a slow one missed is not kept, and nobody waits for it. Looks are taken in
threads, two at a time; a campaign that nobody watches costs nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Generic, TypeVar

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError

from campaigns import keys, report
from campaigns.report import refusals
from campaigns.report.series import repetition
from campaigns.runtime import Runtime, now_of
from schemas.api.campaigns import Series, Standing

_EVERY = 1.0
_KEYS_EVERY = 2.0
_AT_ONCE = 2

Seen = TypeVar("Seen")

logger = structlog.get_logger(__name__)


class Beat(Generic[Seen]):
    """One look, taken every `every` seconds while it has watchers. Where the database fails it is taken again."""

    def __init__(self, look: Callable[[], Seen], every: float, limiter: CapacityLimiter) -> None:
        self._look = look
        self._every = every
        self._limiter = limiter
        self._task: asyncio.Task[None] | None = None
        self.watchers = 0
        self.latest: Seen | None = None
        self.version = 0
        """Rises with every change of `latest`."""
        self.error: Exception | None = None
        self.over = False
        self.news = asyncio.Event()
        """Set once there is something new; then another one takes its place."""

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    def end(self) -> None:
        """Look no more, and tell every watcher."""
        self.over = True
        if self._task:
            self._task.cancel()
        self._tell()

    async def _run(self) -> None:
        while self.error is None:
            begun = time.monotonic()
            await self._take()
            await asyncio.sleep(max(0.0, begun + self._every - time.monotonic()))

    async def _take(self) -> None:
        try:
            seen = await run_sync(self._look, limiter=self._limiter)
        except SQLAlchemyError as error:
            logger.warning("pulse.missed", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - it is raised where somebody watches
            self.error = error
            self._tell()
        else:
            if seen != self.latest:
                self.latest = seen
                self.version += 1
                self._tell()

    def _tell(self) -> None:
        news, self.news = self.news, asyncio.Event()
        news.set()


class Watch(Generic[Seen]):
    """One watcher's: `changed` returns what there is at once, and then every change until the process ends."""

    def __init__(self, beat: Beat[Seen]) -> None:
        self._beat = beat
        self._version = 0

    @property
    def over(self) -> bool:
        """Whether nothing comes any more."""
        return self._beat.over

    @property
    def watchers(self) -> int:
        """How many watch the same, this one among them."""
        return self._beat.watchers

    @property
    def latest(self) -> Seen | None:
        """What was seen last; None before the first look."""
        return self._beat.latest

    async def changed(self, within: float | None = None) -> Seen | None:
        """Return what this watcher has not got yet; None where there is nothing new `within` so many seconds.

        Raises what the look raised, where that was no failure of the database.
        """
        if not self._is_due():
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    await self._beat.news.wait()
        if self._beat.error:
            raise self._beat.error
        if self._beat.over or self._beat.version == self._version:
            return None
        self._version = self._beat.version
        return self._beat.latest

    def _is_due(self) -> bool:
        return self._beat.over or self._beat.error is not None or self._beat.version != self._version


class Pulse:
    """What the process looks at: `async with pulse.of(id) as watch`, then `await watch.changed()` until it is over."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._beats: dict[object, Beat[Any]] = {}
        self._limiter = CapacityLimiter(_AT_ONCE)
        self._over = False

    def of(self, campaign_id: int) -> AbstractAsyncContextManager[Watch[Standing]]:
        """Watch how a campaign stands; `campaign_id` is its row's."""
        return self._watched(campaign_id, lambda: standing(self._runtime, campaign_id), _EVERY)

    def ended_keys(self) -> AbstractAsyncContextManager[Watch[frozenset[int]]]:
        """Watch which keys let nobody in any more, by the ids of their rows."""
        return self._watched("keys", self._ended, _KEYS_EVERY)

    def end(self) -> None:
        """End every watch, and those that still come."""
        self._over = True
        for beat in self._beats.values():
            beat.end()

    @asynccontextmanager
    async def _watched(self, what: object, look: Callable[[], Seen], every: float) -> AsyncIterator[Watch[Seen]]:
        beat = self._beats.get(what) or self._begun(what, look, every)
        beat.watchers += 1
        try:
            yield Watch(beat)
        finally:
            beat.watchers -= 1
            if not beat.watchers:
                del self._beats[what]
                beat.end()

    def _begun(self, what: object, look: Callable[[], Seen], every: float) -> Beat[Seen]:
        beat = self._beats[what] = Beat(look, every, self._limiter)
        if self._over:
            beat.end()
        else:
            beat.start()
        return beat

    def _ended(self) -> frozenset[int]:
        with self._runtime.reading() as conn:
            now = now_of(conn)
            return frozenset(key.id or 0 for key in keys.listed(conn) if keys.state(key, now) != "live")


def standing(runtime: Runtime, campaign_id: int) -> Standing:
    """Return how a campaign stands, with what the installation warns of; raises InputError for an unknown one."""
    with runtime.reading() as conn:
        now = report.status(conn, campaign_id, now_of(conn), staffed=runtime.staffed)
        repeats = repetition(conn, campaign_id)
    return Standing(
        **now.model_dump(),
        warnings=refusals.told(runtime),
        series=Series.model_validate(repeats.document) if repeats else None,
        exit_code=report.exit_code(now),
    )
