"""When and how webhooks leave: a queue on the clock, a few posts at once, and another try where a server is ill.

Everything happens on the event loop of whoever answers sends, and nothing there waits for it: scheduling is a push to
a heap. A loop that ends with events waiting, as under httpx.ASGITransport, leaves them to the next one.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any

import httpx

from campaigns.simulator.event import Event
from campaigns.simulator.parcel import Packing, Parcel
from campaigns.simulator.webhooks import Webhooks

Deed = Callable[[], Iterable[Event]]

AT_ONCE = 4  # few, so that bodies fill up under load instead of taking the loop away from sends
TIMEOUT_SECONDS = 10.0
PAUSES = (0.2, 0.5, 1.0)  # before the second, third and fourth try; real platforms go on for hours


class Courier:
    """Posts what deeds tell once they are due. `clock` gives the platform's time, in epoch seconds."""

    def __init__(self, webhooks: Webhooks, seed: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._turns = count()
        self._flying = 0
        self._task: asyncio.Task[None] | None = None
        self._news = self._idle = asyncio.Event()
        self.follow(webhooks, seed)
        self.forget()

    def follow(self, webhooks: Webhooks, seed: int) -> None:
        """Go on by another scenario; what waits stays."""
        self._webhooks = webhooks
        self._seed = seed
        self._packing = Packing(webhooks, seed)

    def forget(self) -> None:
        """Drop what waits, and begin the scenario and the counts anew; what is on the wire is not called back."""
        self._packing = Packing(self._webhooks, self._seed)
        self._due: list[tuple[float, int, Deed]] = []
        self._hand: deque[Parcel] = deque()
        self._counts: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()

    def after(self, seconds: float, deed: Deed) -> None:
        """Do something later and post the events it returns; it must run on an event loop."""
        if len(self._due) >= self._webhooks.queue:
            self._counts["lost"] += 1
            return
        entry = (time.monotonic() + seconds, next(self._turns), deed)
        heappush(self._due, entry)
        self._wake(sooner=self._due[0] is entry)

    def counts(self) -> dict[str, Any]:
        """Return the counts as JSON.

        Of events: `queued` (waiting), `events` (delivered), `lost` (the queue was full). Of bodies, copies included:
        `flying`, `delivered` (2xx), `refused` (any other answer but a 5xx), `failed` (given up after four tries),
        `duplicates`, `forged` (posted falsely signed) and `forged_taken` (such a one got a 2xx). `retried` counts
        tries, `statuses` answers, under 0 those that never came.
        """
        names = ("events", "lost", "delivered", "refused", "failed", "retried", "duplicates", "forged", "forged_taken")
        return {
            "queued": len(self._due) + sum(parcel.size for parcel in self._hand),
            "flying": self._flying,
            **{name: self._counts[name] for name in names},
            "statuses": {str(status): times for status, times in self._statuses.items()},
        }

    async def settled(self, seconds: float) -> bool:
        """Wait at most so long until nothing waits and nothing flies, and tell whether that is so."""
        if self._nothing_left:
            return True
        self._wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        return self._nothing_left

    @property
    def _nothing_left(self) -> bool:
        return not (self._due or self._hand or self._flying)

    def _wake(self, *, sooner: bool = False) -> None:
        if self._task is None or self._task.done():
            # Events belong to a loop, so a new task, perhaps on a new loop, has its own.
            self._news, self._idle = asyncio.Event(), asyncio.Event()
            self._flying = 0
            self._task = asyncio.get_running_loop().create_task(self._run())
        if sooner:
            self._news.set()
        self._idle.clear()

    async def _run(self) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        async with (
            httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=AT_ONCE)
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            while True:
                while self._hand:
                    await slots.acquire()
                    if not self._hand:  # forgotten meanwhile
                        slots.release()
                        break
                    self._flying += 1
                    parcel = self._hand.popleft()
                    task = group.create_task(self._carry(client, parcel))
                    task.add_done_callback(partial(self._carried, parcel, slots))
                self._tell_if_idle()
                await self._until_due()
                self._hand.extend(self._packing.pack(self._collected(), self._clock()))

    async def _until_due(self) -> None:
        self._news.clear()
        if not self._due:
            await self._news.wait()
        while self._due and (seconds := self._due[0][0] + self._webhooks.gather - time.monotonic()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            self._news.clear()

    def _collected(self) -> Iterable[Event]:
        now, events = time.monotonic(), 0
        while self._due and self._due[0][0] <= now and events < self._webhooks.batch:
            for event in heappop(self._due)[2]():
                events += 1
                yield event

    async def _carry(self, client: httpx.AsyncClient, parcel: Parcel) -> None:
        if parcel.forged:
            self._counts["forged"] += 1
            self._counts["forged_taken"] += httpx.codes.is_success(await self._post(client, parcel, forged=True))
        for _ in range(parcel.copies):
            await self._deliver(client, parcel)
        self._counts["duplicates"] += parcel.copies - 1

    def _carried(self, parcel: Parcel, slots: asyncio.Semaphore, task: asyncio.Task[None]) -> None:
        """Clear the table after a task, even one that was cancelled before it began."""
        slots.release()
        self._flying -= 1
        if task.cancelled():
            self._hand.append(parcel)
        self._tell_if_idle()

    async def _deliver(self, client: httpx.AsyncClient, parcel: Parcel) -> None:
        for pause in (*PAUSES, None):
            status = await self._post(client, parcel)
            if httpx.codes.is_success(status):
                self._counts["delivered"] += 1
                self._counts["events"] += parcel.size
                return
            if status and not httpx.codes.is_server_error(status):
                self._counts["refused"] += 1
                return
            if pause is not None:
                self._counts["retried"] += 1
                await asyncio.sleep(pause)
        self._counts["failed"] += 1

    async def _post(self, client: httpx.AsyncClient, parcel: Parcel, *, forged: bool = False) -> int:
        headers = parcel.headers(self._webhooks, self._clock(), forged=forged)
        url = self._webhooks.url(parcel.first.platform)
        try:
            status = (await client.post(url, content=parcel.body, headers=headers)).status_code
        except httpx.TransportError:
            status = 0
        self._statuses[status] += 1
        return status

    def _tell_if_idle(self) -> None:
        if self._nothing_left:
            self._idle.set()
