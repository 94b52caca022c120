"""What the runs of one worker process share. It belongs to one event loop."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from campaigns.ledger.writer import Writer
from campaigns.runtime import Runtime
from workers.guard import Guard
from workers.sender.breaker import Breaker
from workers.sender.claiming import Claiming
from workers.sender.settling import Settling
from workers.sender.wire import Wire
from workers.throttle import Throttle

IN_FLIGHT = 512
"""Claimed rows without an outcome that a process may have at once.

The pace and the latency decide how many there are: 300/s at 1 s are 350, and both runs of a lane may be in one process.
This bounds memory and connections when answers stop coming.
"""


@dataclass
class Kit:
    """`ring` enqueues a bell for a chunk; `draining` is set when the process is asked to end."""

    runtime: Runtime
    writer: Writer
    throttle: Throttle
    wire: Wire
    worker: str
    ring: Callable[[int], None]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    guard: Guard = field(default_factory=Guard)
    breakers: dict[str, Breaker] = field(default_factory=lambda: defaultdict(Breaker))
    throttles: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Bucket → throttles in a row, for the wait where the platform names none."""
    eased: dict[str, float] = field(default_factory=dict)
    """Sender's bucket → loop time until which this process knows it to go at half its cap."""
    throttled: dict[str, int] = field(default_factory=dict)
    """Bucket → the epoch whose refusals are counted there."""
    unreachable: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Host bucket → calls in a row that found nobody."""
    foreign: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Page → answers in a row that were not the provider's."""
    in_flight: int = 0
    settling: Settling = field(init=False)
    claiming: Claiming = field(init=False)

    def __post_init__(self) -> None:
        self.settling = Settling(self.writer)
        self.claiming = Claiming(self.writer, self.settling)

    @property
    def room(self) -> int:
        """How many rows may be claimed now."""
        return IN_FLIGHT - self.in_flight
