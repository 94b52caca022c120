"""One thread a process that commits everybody's claims and settlements together.

A commit costs a flush of the disk whatever it holds, so steps that arrive within a few milliseconds share one. A step
that fails does not take its neighbours with it: they are run again, each in a transaction of its own.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection

from campaigns import locks
from campaigns.runtime import Runtime

T = TypeVar("T")

LINGER = 0.004
"""Seconds that the first step of a transaction waits for company."""
_MOST = 64
_TRIES = 3

_Step = tuple[Callable[[Connection], Any], "Future[Any]"]


class Writer:
    """Steps must have no effect outside the transaction: they may run more than once."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._steps: queue.SimpleQueue[_Step | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    async def do(self, step: Callable[[Connection], T]) -> T:
        """Run `step` in a durable transaction; what it raised is raised here."""
        return await asyncio.wrap_future(self.submit(step))

    def submit(self, step: Callable[[Connection], T]) -> "Future[T]":
        """Queue `step`; the future is done when its transaction is committed; a cancelled one may run."""
        if self._closed:
            raise RuntimeError("the ledger's writer is closed")
        future: Future[T] = Future()
        self._steps.put((step, future))
        return future

    def close(self) -> None:
        """Commit what is queued and end the thread."""
        self._closed = True
        self._steps.put(None)
        self._thread.join()

    def _run(self) -> None:
        while batch := self._gather():
            # From here on a future cannot be cancelled: its caller may go away, its result always has a place.
            wanted = [step for step in batch if step[1].set_running_or_notify_cancel()]
            if not wanted:
                continue
            try:
                self._commit(wanted)
            except Exception as error:  # noqa: BLE001 - whatever it was belongs to the caller that waits
                self._separately(wanted, error)

    def _gather(self) -> list[_Step]:
        first = self._steps.get()
        if first is None:
            return []
        batch = [first]
        until = time.monotonic() + LINGER
        try:
            while len(batch) < _MOST:
                step = self._steps.get(timeout=max(0.0, until - time.monotonic()))
                if step is None:
                    self._steps.put(None)
                    break
                batch.append(step)
        except queue.Empty:
            pass
        return batch

    def _commit(self, batch: list[_Step]) -> None:
        with self._runtime.writing() as conn:
            results = [step(conn) for step, _ in batch]
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _separately(self, batch: list[_Step], error: Exception) -> None:
        if len(batch) == 1 and not locks.crossed(error):
            batch[0][1].set_exception(error)
            return
        for step in batch:
            if own := self._alone(step):
                step[1].set_exception(own)

    def _alone(self, step: _Step) -> Exception | None:
        """Commit one step, again where it crossed another's; return what keeps it from being done."""
        error: Exception | None = None
        for _ in range(_TRIES):
            try:
                self._commit([step])
            except Exception as own:  # noqa: BLE001 - whatever it was belongs to the caller that waits
                error = own
                if not locks.crossed(own):
                    break
            else:
                return None
        return error
