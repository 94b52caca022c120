"""Outcomes on their way to the ledger: gathered for a moment, written with the next claim, never dropped."""

import asyncio
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import unbind_contextvars

from campaigns.ledger.settlements import Settlement, settle
from campaigns.ledger.writer import Writer

LONGEST_WAIT = 0.2
"""Seconds that an outcome may wait for company."""
_TRY_AGAIN = 1.0

log = structlog.get_logger(__name__)


class Settling:
    """One a process; belongs to the event loop of the senders."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: list[Settlement] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushes: set[asyncio.Task[None]] = set()

    def put(self, settlement: Settlement) -> None:
        """Take an outcome; it is durable within LONGEST_WAIT and a commit."""
        self._waiting.append(settlement)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LONGEST_WAIT, self.flush)

    def flush(self) -> None:
        """Start writing what waits; called before each claim, so that both share a commit."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            batch, self._waiting = self._waiting, []
            task = asyncio.create_task(self._write(batch))
            self._flushes.add(task)
            task.add_done_callback(self._flushes.discard)

    async def settled(self) -> None:
        """Wait until everything taken so far is durable."""
        self.flush()
        while self._flushes:
            await asyncio.wait(set(self._flushes))

    async def _write(self, batch: list[Settlement]) -> None:
        # A batch is of many runs: what the one that began it has bound would name the wrong chunk.
        unbind_contextvars("campaign", "chunk", "page")
        while True:
            try:
                await self._writer.do(partial(settle, settlements=batch))
            except SQLAlchemyError as error:
                # An answer exists only here: it is kept until the database takes it.
                log.warning("settle.failed", rows=len(batch), error=type(error).__name__)
                await asyncio.sleep(_TRY_AGAIN)
            else:
                return
