"""Tells people what happened: a thread beside the clock, which delivers notices and notices stalls.

It has its own connections and its own time: neither a receiver that does not answer nor a slow status holds a tick up.
"""

import asyncio
import os
import threading
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campaigns.notices import queue
from campaigns.notices.body import compose
from campaigns.notices.queue import Taken
from campaigns.notices.stalls import Stalls
from campaigns.notices.wire import PATIENCE, Wire
from campaigns.runtime import Runtime, now_of

LOOK = 1.0
"""Seconds between looks at what is due."""
TROUBLED = 10.0
LAST = 3.0
"""Seconds for what is still queued when the process ends."""
MOST = 20
"""Notices on their way at once."""

logger = structlog.get_logger(__name__)


class Messenger:
    """Delivers what is due."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def turn(self, patience: float = PATIENCE) -> int:
        """Try everything that is due once; return how many were tried. An attempt takes at most `patience` seconds."""
        with self._runtime.reading() as conn:
            # To look costs nothing; to take would keep others from writing.
            if not queue.waiting(conn, now_of(conn)):
                return 0
        with self._runtime.writing() as conn:
            taken = queue.take(conn, now_of(conn), MOST)
        asyncio.run(self._deliver(taken, Wire(self._runtime.settings, os.environ, patience)))
        return len(taken)

    async def _deliver(self, taken: list[Taken], wire: Wire) -> None:
        # Each is settled when it ends: a slow receiver leaves no other in doubt.
        ends = await asyncio.gather(*(self._try(notice, wire) for notice in taken), return_exceptions=True)
        for crash in ends:
            if crash is not None:
                raise crash

    async def _try(self, notice: Taken, wire: Wire) -> None:
        error = await wire.deliver(notice.target, notice.key, self._body(notice))
        with self._runtime.writing() as conn:
            state = queue.settle(conn, notice, now_of(conn), error)
        told = {"notice": notice.key, "target": notice.target.name, "type": notice.type, "attempt": notice.attempt}
        if error:
            logger.warning("notice.failed", **told, state=state, sentence=error)
        else:
            logger.info("notice.sent", **told)

    def _body(self, notice: Taken) -> str:
        if notice.body:
            return notice.body
        with self._runtime.reading() as conn:
            now, staffed = now_of(conn), self._runtime.staffed
            body = compose(conn, notice.key, notice.type, notice.event_id, now, staffed=staffed)
        with self._runtime.writing() as conn:
            queue.keep_body(conn, notice.id, body)
        return body


def beside(runtime: Runtime, ending: threading.Event) -> threading.Thread:
    """Start telling, until `ending`; what is queued then has one short attempt before the thread ends."""
    thread = threading.Thread(target=_tell, args=(runtime, ending), name="notices", daemon=True)
    thread.start()
    return thread


def _tell(runtime: Runtime, ending: threading.Event) -> None:
    messenger, stalls = Messenger(runtime), Stalls(runtime)
    wait = LOOK
    while not ending.wait(wait):
        try:
            stalls.look(time.monotonic())
            messenger.turn()
            wait = LOOK
        except SQLAlchemyError as error:
            logger.warning("notices.failed", error=type(error).__name__)
            wait = TROUBLED
        except Exception:
            # Nobody would hear that nobody is told any more.
            logger.exception("notices.crashed")
            wait = TROUBLED
    try:
        messenger.turn(LAST)
    except SQLAlchemyError as error:
        logger.warning("notices.failed", error=type(error).__name__)
