"""A child forked from a process that has imported everything it needs: it works within milliseconds, not seconds.

The parent must have one thread, and nothing open that the child could share by mistake: every descriptor above the
standard three is closed in the child, and with them the locks that belong to the parent alone.
"""

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

_MOST_DESCRIPTORS = 65_536
_STEP = 0.02
_SET_NAME = 15  # PR_SET_NAME of Linux
_NAME_LENGTH = 15


class Forked:
    """A running child, with the part of `subprocess.Popen` that a supervisor needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code (negative: the signal) once the child has ended."""
        if self._code is None:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(_STEP)
        return code

    def terminate(self) -> None:
        """Ask the child to end."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)


def fork(name: str, main: Callable[[], object], environment: Mapping[str, str], log: Path | None) -> Forked:
    """Run `main` in a child of its own session; its output goes to our stderr, or to the end of `log`."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return Forked(pid)
    code = 1
    try:
        _settle_in(name, environment, log)
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it was ends this process and not its parent's code
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def _settle_in(name: str, environment: Mapping[str, str], log: Path | None) -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.closerange(3, _MOST_DESCRIPTORS)
    quiet = os.open(os.devnull, os.O_RDONLY)
    os.dup2(quiet, 0)
    if log:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    os.dup2(2, 1)
    os.environ.update(environment)
    call(name)


def call(name: str) -> None:
    """Name this process for `ps` and `top`, where the system can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_NAME, name[:_NAME_LENGTH].encode(), 0, 0, 0)
