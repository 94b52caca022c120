"""A process's tie to the supervisor that started it: when that dies, however it dies, the process hears of it.

The supervisor holds an flock on a file whose path its children, and theirs, find in their environment. The kernel frees
the lock when it dies. A pipe would do for children alone, but is not passed on to the processes that they spawn.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

if sys.platform != "win32":
    import fcntl

VARIABLE = "PAGECAST_PARENT"


class Tie:
    """The supervisor's end, a file in `folder`: held from construction until `cut` or death."""

    def __init__(self, folder: Path | None = None) -> None:
        self._lock, path = tempfile.mkstemp(prefix="pagecast-", suffix=".parent", dir=folder)
        self._path = Path(path)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @property
    def environment(self) -> dict[str, str]:
        """What a child needs in order to watch."""
        return {VARIABLE: str(self._path)}

    def cut(self) -> None:
        """Let go: everybody who watches is told."""
        self._path.unlink(missing_ok=True)
        os.close(self._lock)


def watch(on_gone: Callable[[], object]) -> threading.Thread | None:
    """Call `on_gone` from a thread of its own once the supervisor is gone; None where there never was one."""
    path = os.environ.get(VARIABLE)
    if not path:
        return None
    thread = threading.Thread(target=_wait, args=(path, on_gone), name="parent", daemon=True)
    thread.start()
    return thread


def _wait(path: str, on_gone: Callable[[], object]) -> None:
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        on_gone()
        return
    try:
        # Shared, so that every watcher gets it at once.
        fcntl.flock(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)
    on_gone()
