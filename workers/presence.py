"""Who is alive on this host: each worker holds a lock on a file of its own, and death frees it at once."""

import fcntl
import os
import socket
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Self


class Presence:
    """A worker's name (`host:id`) and the lock that proves it is alive."""

    def __init__(self, home: Path) -> None:
        folder = home / "workers"
        folder.mkdir(exist_ok=True, mode=0o700)
        self.name = f"{socket.gethostname()}:{uuid.uuid4().hex[:12]}"
        self._file = _file(home, self.name)
        self._lock = _locked(self._file)

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
    # Only a worker that ended in order removes its file; it has given its chunks back before.
    return _is_free(file, remove=False)


def corpses(home: Path) -> set[str]:
    """Return the ids (the part of a name after its host) of workers that were killed and left a file."""
    return {file.name for file in (home / "workers").glob("*") if _is_free(file, remove=False)}


def bury(home: Path, ids: Iterable[str]) -> None:
    """Remove the files of dead workers, whose chunks must have been taken back: without a file nobody is dead."""
    for each in ids:
        _is_free(home / "workers" / each, remove=True)


def _is_free(file: Path, *, remove: bool) -> bool:
    try:
        lock = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if remove:
            file.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _locked(file: Path) -> int:
    while True:
        lock = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return lock
        # Buried between the two steps above: that lock would prove nothing.
        os.close(lock)


def _file(home: Path, name: str) -> Path:
    return home / "workers" / name.partition(":")[2]
