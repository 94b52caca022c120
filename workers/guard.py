"""The second lock behind the leased slots: a leaky bucket per process and bucket of pace, which only a bug can fill."""

from collections.abc import Sequence

from aiolimiter import AsyncLimiter

from schemas.bucket import Pace


def _limiter(rate: float) -> AsyncLimiter:
    """Drain at `rate` per second, and hold what honest slots may add up to.

    A slot may be one interval late and the next on time: two at once. A fiftieth of a second is for the loop's delays.
    `AsyncLimiter(rate, 1)` would let twice the rate pass in its first second.
    """
    room = 2 + 0.02 * rate
    return AsyncLimiter(room, room / rate)


class Guard:
    """Counts every send against its limiting buckets, for one event loop. A rate that changed begins anew."""

    def __init__(self) -> None:
        self._limiters: dict[str, tuple[float, AsyncLimiter]] = {}

    def has_room(self, paces: Sequence[Pace]) -> bool:
        """Whether a send may pass now; without room the slot is forfeited, never waited for."""
        return all(limiter.has_capacity() for limiter in self._of(paces))

    async def enter(self, paces: Sequence[Pace]) -> None:
        """Count one send. Does not wait where `has_room` was true just before."""
        for limiter in self._of(paces):
            await limiter.acquire()

    def _of(self, paces: Sequence[Pace]) -> list[AsyncLimiter]:
        return [self._one(pace.key, pace.rate) for pace in paces if pace.rate is not None]

    def _one(self, key: str, rate: float) -> AsyncLimiter:
        known = self._limiters.get(key)
        if known is None or known[0] != rate:
            known = self._limiters[key] = (rate, _limiter(rate))
        return known[1]
