"""A rate limit as a platform keeps it: a sliding window, and no mercy for those who go on."""

from collections import deque
from math import floor


class Limit:
    """At most `most` admitted calls in any sliding `seconds`.

    A call too many is refused, and so is every later one until `penalty` seconds have passed without any:
    continuing to call while throttled lengthens the block (Meta, rate-limiting page, 2026). Refused calls do not
    fill the window. The times given must never fall. Remembers up to `most` times.
    """

    def __init__(self, most: int, seconds: float, penalty: float = 0.0) -> None:
        self.most = most
        self.seconds = seconds
        self.penalty = penalty
        self._admitted: deque[float] = deque()
        self._blocked_until = float("-inf")

    def wait(self, now: float) -> float:
        """Admit the call and return 0.0, or refuse it and return the seconds to stay silent."""
        self._forget(now)
        if now >= self._blocked_until and len(self._admitted) < self.most:
            self._admitted.append(now)
            return 0.0
        self._blocked_until = now + self.penalty
        return max(self._blocked_until, self.reset(now)) - now

    def remaining(self, now: float) -> int:
        """Return how many calls the window still admits."""
        self._forget(now)
        return self.most - len(self._admitted)

    def reset(self, now: float) -> float:
        """Return when the window admits again; `now` while it does."""
        return self._admitted[0] + self.seconds if len(self._admitted) >= self.most else now

    def _forget(self, now: float) -> None:
        while self._admitted and self._admitted[0] <= now - self.seconds:
            self._admitted.popleft()


def tolerant(cap: float) -> int:
    """Return the most calls a second that a cap lets through: 1 % and one more, for clocks and wires are not exact."""
    return floor(cap * 1.01 + 1 + 1e-9)


class Busiest:
    """The most arrivals in any sliding second: (t - 1, t]. The times given must never fall."""

    def __init__(self) -> None:
        self.most = 0
        self._recent: deque[float] = deque()

    def add(self, now: float) -> None:
        """Count an arrival."""
        recent = self._recent
        recent.append(now)
        while recent[0] <= now - 1.0:
            recent.popleft()
        self.most = max(self.most, len(recent))
