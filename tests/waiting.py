"""Waiting for what another process or thread does, without sleeping any longer than that takes."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Return as soon as `condition` holds; fail after so many seconds, saying `what` did not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.01)
