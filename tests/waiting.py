"""Waiting for what another process or thread does, without sleeping any longer than that takes."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found], what: str, seconds: float = 10.0) -> Found:
    """Return what `condition` returns as soon as it holds; fail after so many seconds, saying `what` did not come."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.01)
    return found
