"""What a run of a chunk saw, as one wide line at its end: what went out, what came of it, where the time went.

Counting must cost a send nothing that could be measured: whole numbers, and one moment more for each call.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import structlog

from campaigns.moments import iso
from schemas.bucket import Pace
from schemas.outcome import Outcome, Verdict
from schemas.reason import Reason
from workers.lease import Lease

_REFUSED = frozenset({Verdict.REFUSED_RECIPIENT, Verdict.REFUSED_MESSAGE})

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Seen:
    """The counts of one run. Moments and lengths are in seconds of the event loop, sizes in bytes."""

    began: float
    asked: Pace
    """The smallest bucket that the run passes."""
    claimed: int = 0
    skipped: int = 0
    held_back: int = 0
    """People in quiet time of their own."""
    accepted: int = 0
    """People whose last part the platform took."""
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    forfeited: Counter[str] = field(default_factory=Counter)
    """Slots that were not used, by reason."""
    interrupted: int = 0
    size: int = 0
    waited: float = 0.0
    """For slots, from asking for them until it was time to claim again."""
    wire: list[float] = field(default_factory=list)
    allowed: float | None = None
    why: str = ""
    until: int | None = None
    """Where the end has one: epoch milliseconds."""

    def leased(self, lease: Lease) -> None:
        """Note the pace that a lease allows."""
        if lease.interval > 0:
            self.allowed = 1 / lease.interval

    def turned_away(self, lease: Lease) -> None:
        """Note that the next slot is too far away to wait for."""
        self.why = "throttled" if lease.paused else "slot_far_away"
        self.until = int((time.time() + lease.wait) * 1000)

    def answered(self, outcome: Outcome, *, last: bool, seconds: float, size: int) -> None:
        """Count one call; `last` tells whether it was for the last part of the message."""
        self.verdicts[outcome.verdict] += 1
        self.wire.append(seconds)
        self.size += size
        if outcome.verdict is Verdict.ACCEPTED:
            self.accepted += last
        elif outcome.verdict in _REFUSED:
            self.failed[outcome.reason or Reason.MESSAGE_REJECTED] += 1

    def facts(self, ended: float) -> dict[str, Any]:
        """Return the run as keys and values: nothing of a person, of a text or of a token."""
        wire = sorted(self.wire)
        verdicts = self.verdicts
        return {
            "why": self.why,
            "until": None if self.until is None else iso(self.until),
            "claimed": self.claimed,
            "skipped": self.skipped,
            "held_back": self.held_back,
            "accepted": self.accepted,
            "parts": verdicts[Verdict.ACCEPTED],
            "failed": dict(self.failed),
            "unknown": verdicts[Verdict.UNKNOWN] + self.interrupted,
            "deferred": verdicts[Verdict.DEFERRED],
            "throttled": verdicts[Verdict.THROTTLED],
            "unreachable": verdicts[Verdict.UNREACHABLE],
            "page_refused": verdicts[Verdict.REFUSED_SENDER],
            "foreign": verdicts[Verdict.FOREIGN],
            "forfeited": dict(self.forfeited),
            "bytes": self.size,
            "seconds": round(ended - self.began, 3),
            "slots_seconds": round(self.waited, 3),
            "wire_p50_seconds": round(wire[len(wire) // 2], 4) if wire else None,
            "wire_max_seconds": round(wire[-1], 4) if wire else None,
            "rate_asked": self.asked.rate,
            "rate_allowed": None if self.allowed is None else round(self.allowed, 3),
        }

    def tell(self, ended: float) -> None:
        """Log the run; campaign, chunk, page and worker are bound by whoever runs it."""
        log.info("chunk.run", **self.facts(ended))
