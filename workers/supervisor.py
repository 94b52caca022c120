"""Keeps child processes alive: whoever dies is started again, with patience; whoever keeps dying ends it all.

Every child leads its own session, so that Ctrl-C reaches the supervisor alone, and what a dead child leaves behind can
be found by its group. Children drain on SIGTERM, and when the supervisor is gone (`parent.watch`).
"""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from campaigns.errors import PagecastError, StoppedError
from workers.fork import Forked, fork
from workers.parent import Tie

PROVEN = 5.0
"""Seconds after which a child counts as well: its death is an accident, and it starts again at once."""
AT_ONCE = 0.1
LONGEST = 30.0
RESTARTS = 5
"""Restarts within `WITHIN` seconds, at most, of a child that dies before it counts as well."""
WITHIN = 60.0
GRACE = 25.0
"""Seconds to drain after SIGTERM: more than one HTTP call may take in all."""
_STDERR = 2  # stdout belongs to the data of commands
_LOOK = 0.05
_CHECK = 1.0


class Stop(Protocol):
    """What tells a supervisor to end: a `threading.Event` does."""

    def is_set(self) -> bool:
        """Whether to end now."""

    def wait(self, timeout: float) -> object:
        """Wait at most `timeout` seconds for it."""


class What(StrEnum):
    """What a supervisor reports."""

    STARTED = "child.started"
    DIED = "child.died"
    GAVE_UP = "child.gave_up"
    CHECK_FAILED = "check.failed"
    STOPPED = "child.stopped"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `code` as in subprocess (negative: the signal), `wait` seconds until the restart."""

    what: What
    child: str = ""
    pid: int = 0
    code: int | None = None
    wait: float = 0.0
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep alive: a command, or a function to run in a fork of this process.

    `env` is added to ours. Its output goes to our stderr, or to the end of `log`.
    """

    name: str
    argv: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    main: Callable[[], object] | None = None


@dataclass(slots=True)
class _Life:
    """One child through its deaths, in monotonic time. Without a process it waits for `due`."""

    child: Child
    process: subprocess.Popen[bytes] | Forked | None = None
    born: float = 0.0
    due: float = 0.0
    failures: int = 0
    restarts: deque[float] = field(default_factory=deque)

    def bury(self, now: float) -> float | None:
        """Plan the restart and return the wait; None when it has died too often."""
        proven = now - self.born > PROVEN
        while self.restarts and now - self.restarts[0] > WITHIN:
            self.restarts.popleft()
        if len(self.restarts) == RESTARTS and not proven:
            return None
        self.failures = 0 if proven else self.failures + 1
        wait = AT_ONCE if proven else min(LONGEST, 2.0 ** (self.failures - 1))
        self.due = now + wait
        if not proven:
            self.restarts.append(self.due)
        self.process = None
        return wait


class Supervisor:
    """Starts `children` and keeps them alive, in the calling thread (`run_until`) or its own (`start` and `stop`).

    `check` runs every second beside them, say `Embedded.heal`; what it raises as PagecastError is reported and tried
    again. `on_event` is called from the supervising thread. `grace` is in seconds. `folder` holds the file that ties
    the children to this process (default: the temporary folder, where a file may be swept away after days).
    """

    def __init__(
        self,
        children: Sequence[Child],
        on_event: Callable[[Event], object],
        *,
        check: Callable[[], object] | None = None,
        grace: float = GRACE,
        folder: Path | None = None,
    ) -> None:
        self._lives = [_Life(child) for child in children]
        self._report = on_event
        self._check = check
        self._grace = grace
        self._folder = folder
        self._checked = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: StoppedError | None = None
        """Why a background supervisor ended by itself."""

    def run_until(self, stop: Stop) -> None:
        """Supervise until `stop` is set, then drain and end the children.

        Raises StoppedError, after the same, when a child dies more than 5 times in a minute.
        """
        tie = Tie(self._folder)
        try:
            while not stop.is_set():
                self._round(tie)
                stop.wait(_LOOK)
        finally:
            # Signals go first: the lock's release tells the children's own children too.
            self._end()
            tie.cut()

    def start(self) -> None:
        """Supervise in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Drain and end the children of a background supervisor."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    @property
    def pids(self) -> dict[str, int]:
        """The living children by name."""
        return {life.child.name: life.process.pid for life in self._lives if life.process}

    def _run(self) -> None:
        try:
            self.run_until(self._stop)
        except StoppedError as error:
            self.failure = error

    def _round(self, tie: Tie) -> None:
        now = time.monotonic()
        for life in self._lives:
            if life.process is None:
                if now >= life.due:
                    self._give_birth(life, tie)
            elif (code := life.process.poll()) is not None:
                self._mourn(life, life.process.pid, code, now)
        if self._check and now - self._checked >= _CHECK:
            self._checked = now
            self._run_check(self._check)

    def _give_birth(self, life: _Life, tie: Tie) -> None:
        child, environment = life.child, {**life.child.env, **tie.environment}
        if child.main:
            life.process = fork(child.name, child.main, environment, child.log)
        else:
            life.process = _spawn(child, environment)
        life.born = time.monotonic()
        self._report(Event(What.STARTED, child.name, life.process.pid))

    def _mourn(self, life: _Life, pid: int, code: int, now: float) -> None:
        # Its own children would go on without a master: they drain.
        _signal(pid, signal.SIGTERM)
        name = life.child.name
        wait = life.bury(now)
        if wait is not None:
            self._report(Event(What.DIED, name, pid, code, wait))
            return
        sentence = (
            f"{name} died {RESTARTS + 1} times within a minute, the last time {_cause(code)}. "
            "Its log says why; put that right and start again."
        )
        self._report(Event(What.GAVE_UP, name, pid, code, sentence=sentence))
        raise StoppedError(sentence)

    def _run_check(self, check: Callable[[], object]) -> None:
        try:
            check()
        except PagecastError as error:
            self._report(Event(What.CHECK_FAILED, sentence=str(error)))

    def _end(self) -> None:
        """Ask every child to drain, wait for all of them together, and kill what is left of their groups."""
        processes = [(life.child.name, life.process) for life in self._lives if life.process]
        for _, process in processes:
            # To the child alone: a master passes it on, and a second SIGTERM would cut its workers' drain short.
            process.terminate()
        deadline = time.monotonic() + self._grace
        for name, process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            _signal(process.pid, signal.SIGKILL)
            self._report(Event(What.STOPPED, name, process.pid, process.wait()))


def _spawn(child: Child, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    output = child.log.open("ab") if child.log else None
    try:
        return subprocess.Popen(  # noqa: S603 - our own modules
            child.argv,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output or _STDERR,
            stderr=output,
            start_new_session=True,
        )
    finally:
        if output:
            output.close()


def _signal(group: int, number: signal.Signals) -> None:
    # macOS answers EPERM for a group that holds only zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _cause(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
