"""Who is alive on this host: each worker holds a lock on a file of its own, and death frees it at once."""

import fcntl
import os
import socket
import uuid
from pathlib import Path
from typing import Self


class Presence:
    """A worker's name (`host:id`) and the lock that proves it is alive."""

    def __init__(self, home: Path) -> None:
        folder = home / "workers"
        folder.mkdir(exist_ok=True, mode=0o700)
        self.name = f"{socket.gethostname()}:{uuid.uuid4().hex[:12]}"
        self._file = _file(home, self.name)
        self._lock = os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.unlink(missing_ok=True)
        os.close(self._lock)


def is_dead(home: Path, name: str) -> bool:
    """Whether a worker of this host has certainly ended; False where only its lease can tell (another host)."""
    file = _file(home, name)
    if name.partition(":")[0] != socket.gethostname() or not (home / "workers").is_dir():
        return False
    try:
        lock = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        # Only a worker that ended in order removes its file; it has given its chunks back before.
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _file(home: Path, name: str) -> Path:
    return home / "workers" / name.partition(":")[2]
