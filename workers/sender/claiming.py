"""Claims of many runs, written together: those that ask in the same round of the event loop share every statement."""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

from campaigns.ledger.claims import Ask, Claimed, claim_all
from campaigns.ledger.writer import Writer
from campaigns.runtime import now_of
from workers.sender.settling import Settling

T = TypeVar("T")

TOGETHER = 64
"""Claims of one step, at most: what a transaction holds up for everybody."""

_Waiting = tuple[Ask[Any], "asyncio.Future[Claimed[Any]]"]


class Claiming:
    """One a process; belongs to the event loop of the senders."""

    def __init__(self, writer: Writer, settling: Settling) -> None:
        self._writer = writer
        self._settling = settling
        self._waiting: list[_Waiting] = []
        self._writes: set[asyncio.Task[None]] = set()

    async def claim(self, ask: Ask[T]) -> Claimed[T]:
        """Claim durably; what the claim raised is raised here."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Claimed[T]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((ask, future))
        return await future

    def _flush(self) -> None:
        # Outcomes and claims share a commit.
        self._settling.flush()
        waiting, self._waiting = self._waiting, []
        for first in range(0, len(waiting), TOGETHER):
            write = asyncio.create_task(self._write(waiting[first : first + TOGETHER]))
            self._writes.add(write)
            write.add_done_callback(self._writes.discard)

    async def _write(self, waiting: Sequence[_Waiting]) -> None:
        asks = [ask for ask, _ in waiting]

        def step(conn: Connection) -> list[Claimed[Any]]:
            return claim_all(conn, asks, now_of(conn))

        try:
            claimed = await self._writer.do(step)
        except Exception as error:  # noqa: BLE001 - whatever it was belongs to the run that waits
            await self._separately(waiting, error)
            return
        for (_, future), one in zip(waiting, claimed, strict=True):
            if not future.done():
                future.set_result(one)

    async def _separately(self, waiting: Sequence[_Waiting], error: Exception) -> None:
        """Let a claim that fails take no other with it."""
        if len(waiting) > 1:
            for one in waiting:
                await self._write([one])
        elif not waiting[0][1].done():
            waiting[0][1].set_exception(error)
