"""Bodies on their way into the inbox: whoever waits at the same moment shares one transaction."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from campaigns.inbox import Raw

LARGEST_GROUP = 500
_HEAVIEST_GROUP = 32 * 1024 * 1024
"""Bytes: a larger transaction would keep everybody behind it waiting."""


class Intake:
    """Calls `keep` in a thread, one call at a time, with everything that came while the call before ran.

    So a lone body waits for nobody, and the more of them come the fewer transactions each costs.
    """

    def __init__(self, keep: Callable[[Sequence[Raw]], None]) -> None:
        self._keep = keep
        self._waiting: deque[tuple[Raw, asyncio.Future[None]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, raw: Raw) -> None:
        """Return once the body is on disk; raises what `keep` raised for its group."""
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((raw, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._write_group()
        finally:
            self._writing = None

    async def _write_group(self) -> None:
        group = self._group()
        failure: Exception | None = None
        try:
            await asyncio.to_thread(self._keep, [raw for raw, _ in group])
        except Exception as error:  # noqa: BLE001 - each of those who wait raises it
            failure = error
        for _, kept in group:
            if kept.done():  # nobody waits for it any more
                continue
            if failure:
                kept.set_exception(failure)
            else:
                kept.set_result(None)

    def _group(self) -> list[tuple[Raw, asyncio.Future[None]]]:
        group = [self._waiting.popleft()]
        weight = len(group[0][0].body)
        while self._waiting and len(group) < LARGEST_GROUP:
            weight += len(self._waiting[0][0].body)
            if weight > _HEAVIEST_GROUP:
                break
            group.append(self._waiting.popleft())
        return group
