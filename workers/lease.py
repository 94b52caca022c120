"""A lease of slots, and one who asks for it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.bucket import Pace

SPAN = 0.25
"""Seconds of pace that one lease may hold, and that it may begin after the earliest possible moment."""


@dataclass(frozen=True, slots=True)
class Lease:
    """`count` slots at `start`, `start + interval`, … in seconds of the event loop's time; or none, with the reason."""

    count: int
    start: float = 0.0
    interval: float = 0.0
    """Zero where no bucket limits: then all slots are at `start`."""
    epoch: Mapping[str, int] | None = None
    """Of each bucket by its key. A throttled slot hands its bucket's epoch to `Throttle.pause`."""
    wait: float = 0.0
    """Without slots: seconds until asking again may succeed."""
    held_by: str = ""
    """Without slots: the key of the bucket that pauses or limits."""
    paused: bool = False
    granted: float = 0.0
    wall: float = 0.0

    def at(self, index: int) -> float:
        """Loop time of a slot."""
        return self.start + index * self.interval

    @property
    def end(self) -> float:
        """Loop time after which nothing of this lease may be used, whatever lateness a sender forgives."""
        return self.at(self.count) + SPAN


@dataclass(frozen=True, slots=True)
class Share:
    """For whom slots are leased: campaigns that ask for one page at once share it by weight. Without a name, nobody."""

    name: str = ""
    weight: float = 1.0


NOBODY = Share()


class Ask:
    """One who wants slots, and the future that gets them, or the keys of buckets that must be seeded first."""

    def __init__(self, paces: Sequence[Pace], want: int, share: Share) -> None:
        self.paces = paces
        self.want = want
        self.share = share
        self.reply: asyncio.Future[Lease | Sequence[str]] = asyncio.get_running_loop().create_future()

    def answer(self, reply: Lease | Sequence[str]) -> None:
        """Give the reply, unless the one who asked has gone away."""
        if not self.reply.done():
            self.reply.set_result(reply)

    def fail(self, error: Exception) -> None:
        """Let the one who asked hear of an error."""
        if not self.reply.done():
            self.reply.set_exception(error)
