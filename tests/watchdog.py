"""Servers of a test run end with it, also where it is killed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The pipe closes when this process is gone, however it went; a line says that all is well.
_WATCH = """
    read -r well && exit
    kill -INT "$1"
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" || break; sleep 0.2; done
    rm -rf "$2"
"""


@contextmanager
def watched(pid: int, folder: Path) -> Iterator[None]:
    """Have a server interrupted and its folder removed should this process die in here."""
    command = ["sh", "-c", _WATCH, "watchdog", str(pid), str(folder)]
    silent = subprocess.DEVNULL
    watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=silent, stderr=silent, start_new_session=True)
    try:
        yield
    finally:
        watchdog.communicate(b"well\n")
