"""The planners that a clock has started: one process for each series of which something is due."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import structlog

PATIENCE = 10.0
"""Seconds until one that failed is started again."""

logger = structlog.get_logger(__name__)


class Planners:
    """Starts them and hears of their end; waits for none. They end with the supervisor as the clock does."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._again: dict[str, float] = {}

    def start(self, due: Iterable[str]) -> None:
        """Start one for each series (its id) that has none, unless the last one has just failed."""
        self._bury()
        now = time.monotonic()
        for ref in due:
            if ref not in self._running and now >= self._again.get(ref, 0.0):
                self._running[ref] = self._started(ref)

    @property
    def running(self) -> frozenset[str]:
        """The series that are being worked on."""
        return frozenset(self._running)

    def _bury(self) -> None:
        for ref, process in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            del self._running[ref]
            self._again.pop(ref, None)
            if code:
                self._again[ref] = time.monotonic() + PATIENCE
                logger.warning("planner.failed", series=ref, code=code)

    def _started(self, ref: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "workers.occurrence", ref]
        environment = os.environ | {"PAGECAST_HOME": str(self._home)}
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment)  # noqa: S603 - our own module
