"""Plans and launches what is due of one series, then ends.

    python -m workers.occurrence SERIES

A process of its own: reading a big list and planning it takes minutes and memory, and the clock waits for neither.
Killed at any moment, it is started again and goes on.
"""

import os
import sys

import structlog

from campaigns import log
from campaigns.lifecycle import find
from campaigns.lifecycle.occurrence import work
from campaigns.runtime import Runtime
from campaigns.settings import Settings

logger = structlog.get_logger(__name__)


def main() -> None:
    """Work on the series that the command line names."""
    log.configure("occurrence")
    runtime = Runtime.open(Settings())
    try:
        with runtime.reading() as conn:
            series = find.campaign(conn, sys.argv[1])
        if not work(runtime, series, os.environ):
            logger.info("occurrence.busy", series=series.ref)
    finally:
        runtime.close()


if __name__ == "__main__":
    main()
