"""Forgets what is old: a thread beside the clock, with pauses, so that neither a tick nor a claim waits for it."""

import threading
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campaigns.lifecycle.retention import Retention
from campaigns.runtime import Runtime

EVERY = 3_600.0
"""Seconds between passes."""
PAUSE = 0.2
"""Seconds between two parts of a pass."""
LAST = 2.0
"""Seconds that a part may take when the process ends."""

logger = structlog.get_logger(__name__)


def beside(runtime: Runtime, ending: threading.Event) -> threading.Thread:
    """Begin; the thread ends soon after `ending` is set, and what it had not come to waits for the next clock."""
    thread = threading.Thread(target=_keep, args=(runtime, ending), name="retention", daemon=True)
    thread.start()
    return thread


def _keep(runtime: Runtime, ending: threading.Event) -> None:
    retention = Retention(runtime)
    while not ending.is_set():
        began, rows = time.monotonic(), 0
        try:
            for part in retention.tidy():
                rows += part
                if ending.wait(PAUSE if part else 0):
                    return
        except (SQLAlchemyError, OSError) as error:
            # Busy, or away for a moment: the next pass begins where this one was.
            logger.warning("retention.failed", error=type(error).__name__)
        if rows:
            logger.info("retention.done", rows=rows, seconds=round(time.monotonic() - began, 1))
        ending.wait(EVERY)
