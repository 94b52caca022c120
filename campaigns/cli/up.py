"""Workers, clock and server as a child of a command."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from campaigns.errors import StoppedError
from campaigns.home import DATABASE

_DRAIN = 40.0
_DEATHS, _WITHIN = 6, 60.0
_GLANCE = 2
_SENDING = "SELECT 1 FROM campaign WHERE state = 'sending'"


class Up:
    """Starts preparing at once, works from `go` on, and ends with this process however this process ends."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._log = home / "workers.log"
        self._deaths: deque[float] = deque(maxlen=_DEATHS)
        self._going = False
        self._closed = False
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
        """Let it drain and wait for it, once; one that never worked needs no waiting."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        if self._closed or not self._going:
            return
        self._closed = True
        try:
            self._process.wait(_DRAIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "workers.up", "--tied"]
        environment = os.environ | {"PAGECAST_HOME": str(self._home)}
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment, start_new_session=True
            )


def early(home: Path, *, wanted: bool) -> Up | None:
    """Start preparing before a command has read anything, where the database holds a campaign that sends.

    The workers' start takes longest of all that a second `run` does; it must not wait for the list. A guess is enough:
    prepared workers do nothing until `go`.
    """
    return Up(home) if wanted and home.is_dir() and _sends(home / DATABASE) else None


def _sends(file: Path) -> bool:
    if url := os.environ.get("DATABASE_URL"):
        return url.startswith("postgres") and _sends_there(url)
    if not file.exists():
        return False
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute(_SENDING).fetchone() is not None
    return False


def _sends_there(url: str) -> bool:
    import psycopg  # noqa: PLC0415 - only where the database is a server

    address = url.replace("+psycopg", "", 1)
    with contextlib.suppress(psycopg.Error), psycopg.connect(address, connect_timeout=_GLANCE) as connection:
        return connection.execute(_SENDING).fetchone() is not None
    return False
