"""Workers, clock and server as a child of a command."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections import deque

from campaigns.errors import StoppedError
from campaigns.settings import Settings

_DRAIN = 40.0
_DEATHS, _WITHIN = 6, 60.0


class Up:
    """Starts preparing at once, works from `go` on, and ends with this process however this process ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._log = settings.home / "workers.log"
        self._deaths: deque[float] = deque(maxlen=_DEATHS)
        self._going = False
        self._process = self._start()

    def go(self) -> None:
        """Let it work."""
        self._going = True
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(b"go\n")
                self._process.stdin.flush()

    def check(self) -> None:
        """Start it again where it was killed; raise StoppedError where it gave up, or is killed again and again."""
        code = self._process.poll()
        if code is None:
            return
        self._deaths.append(time.monotonic())
        often = len(self._deaths) == _DEATHS and self._deaths[-1] - self._deaths[0] < _WITHIN
        if code > 0 or often:
            raise StoppedError(f"The workers ended with code {code} and do not come back. See {self._log}.")
        self._process = self._start()
        if self._going:
            self.go()

    def close(self) -> None:
        """Let it drain and wait for it; one that never worked needs no waiting."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        if not self._going:
            return
        try:
            self._process.wait(_DRAIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "workers.up", "--tied"]
        environment = os.environ | {"PAGECAST_HOME": str(self._settings.home)}
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment, start_new_session=True
            )


def under_way(settings: Settings) -> bool:
    """Whether the embedded database holds a campaign that sends: a guess, made without opening it properly."""
    if settings.database_url or not settings.sqlite_path.exists():
        return False
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(settings.sqlite_path)) as database:
        return bool(database.execute("SELECT 1 FROM campaign WHERE state = 'sending'").fetchone())
    return False
