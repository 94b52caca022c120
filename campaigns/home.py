"""Where Pagecast keeps its state, known before anything else is."""

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

DATABASE = "pagecast.sqlite3"
_SUPERVISOR = "supervisor.lock"
JOBS_LOCK = "jobs.lock"
"""Held by the process that does the long work of the HTTP API."""


def home() -> Path:
    """Return PAGECAST_HOME, or the per-user data folder."""
    if named := os.environ.get("PAGECAST_HOME"):
        return Path(named)
    from platformdirs import user_data_path  # noqa: PLC0415 - only where it is needed

    return user_data_path("pagecast", appauthor=False)


def staffed(home: Path) -> bool:
    """Whether workers of this state folder are alive, or a supervisor that keeps them so: each holds a lock there."""
    return any(map(_is_held, _locks(home)))


def workers(home: Path) -> int:
    """Return how many worker processes of this state folder are alive."""
    return sum(map(_is_held, (home / "workers").glob("*")))


def supervised(home: Path) -> bool:
    """Whether `pagecast up` keeps the processes of this state folder alive."""
    return _is_held(home / _SUPERVISOR)


def takes_jobs(home: Path) -> bool:
    """Whether a process of this state folder does the long work of the HTTP API."""
    return _is_held(home / JOBS_LOCK)


def _locks(home: Path) -> Iterable[Path]:
    yield home / _SUPERVISOR
    yield from (home / "workers").glob("*")


def _is_held(file: Path) -> bool:
    with suppress(FileNotFoundError), file.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
