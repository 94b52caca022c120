"""How sending slows down: for everybody in Redis, in the bucket's row, and as a line of the campaign's timeline."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from campaigns import buckets, events, lanes
from campaigns.briefing import Briefing
from campaigns.ledger.chunks import Held
from campaigns.moments import clock
from campaigns.runtime import now_of
from schemas.outcome import Outcome, Scope, Usage
from workers.sender.kit import Kit
from workers.throttle import Eased, Lease, PaceUnavailable, Paused

T = TypeVar("T")

LONGEST_BACKOFF = 900.0
"""Seconds; only our own guess has a cap, what a platform asks for has none."""
EASE_ABOVE = 80.0
"""Percent of a quota from which a sender goes at half its cap …"""
CALM_BELOW = 70.0
"""… until less than this is used …"""
EASED_FOR = 120.0
"""… or nobody has said anything for so many seconds."""
STOP_ABOVE = 95.0
"""Percent of a quota from which its bucket pauses; one message is tried afterwards."""
STOP = 60.0
"""Seconds of that pause where the platform does not say."""
_JITTER = 0.2


@dataclass(frozen=True)
class Brakes:
    """The brakes of one run."""

    kit: Kit
    held: Held
    briefing: Briefing

    async def throttled(self, outcome: Outcome, lease: Lease) -> None:
        """Pause the bucket that a refusal is about, and slow it down; refusals of one moment count once."""
        key = self._key(outcome.scope)
        epoch = (lease.epoch or {}).get(key, 0)
        # Answers of one moment come before the first of them has moved the epoch.
        if not self.kit.throttle.overtaken(lease) and epoch > self.kit.throttled.get(key, -1):
            self.kit.throttled[key] = epoch
            self.kit.throttles[key] += 1
        backoff = min(LONGEST_BACKOFF, 2.0 ** self.kit.throttles[key])
        wait = outcome.wait if outcome.wait is not None else backoff
        sentence = f"asked page {self.briefing.page} to slow down"
        await self.pause(key, wait, outcome.code, sentence, lease, slower=True)
        if all(pace.rate is None for pace in self.briefing.paces if pace.key == key):
            # An app has no rate that could be cut; who was refused in its name goes slower instead.
            await self.pause(self.briefing.sender_key, 0.0, outcome.code, sentence, lease, slower=True)

    async def pause(
        self, key: str, seconds: float, code: str, sentence: str, lease: Lease, *, slower: bool = False
    ) -> None:
        """Pause a bucket for a little longer than `seconds`, so that not everybody comes back at once.

        `sentence` goes on after the platform's name ("asked page …"), or stands alone where the host is the trouble.
        """
        paused = await self._hold(key, jittered(seconds), lease, slower=slower)

        def step(conn: Connection) -> None:
            now = now_of(conn)
            began = buckets.pause(
                conn, key, paused.until, code=code, sentence=sentence, now=now, learned=paused.learned
            )
            if began:
                self._tell(conn, "bucket.paused", self._pause_told(key, sentence, paused, now, slower=slower))

        await self._do(step)

    def concerned(self, usage: Usage) -> bool:
        """Whether a figure may change the pace: one in many answers."""
        return usage.percent >= EASE_ABOVE or self._eased_until() > self._now()

    async def heed(self, usage: Usage, lease: Lease) -> bool:
        """Act on how much of a quota is used; True where the bucket paused and one message must be tried afterwards."""
        if usage.scope is not Scope.KEY:
            # A key's window is counted exactly: to stop at its end is enough.
            await self._ease(usage.percent)
        if usage.percent < STOP_ABOVE or self.kit.throttle.overtaken(lease):
            return False
        await self._do(lambda conn: lanes.unprove(conn, self.held.campaign_id, self.held.page_id))
        sentence = f"says that {usage.percent:.0f} % of what page {self.briefing.page} may send is used"
        await self.pause(self._key(usage.scope), usage.wait or STOP, "usage", sentence, lease)
        return True

    async def _ease(self, percent: float) -> None:
        left = self._eased_until() - self._now()
        if percent >= EASE_ABOVE or (percent >= CALM_BELOW and left > 0):
            if left < EASED_FOR / 2:
                await self._go_at_half(percent, EASED_FOR)
        elif left > 0:
            await self._go_at_half(percent, 0.0)

    async def _go_at_half(self, percent: float, seconds: float) -> None:
        key = self.briefing.sender_key
        # First, so that the answers that come meanwhile find it done.
        self.kit.eased[key] = self._now() + seconds
        try:
            eased = await self.kit.throttle.ease(key, seconds)
        except PaceUnavailable:
            eased = Eased(int((time.time() + seconds) * 1000), None)
        sentence = f"says that {percent:.0f} % of what page {self.briefing.page} may send is used"

        def step(conn: Connection) -> None:
            now = now_of(conn)
            if buckets.ease(conn, key, eased.until, cap=eased.cap, sentence=sentence, now=now):
                self._tell(conn, "bucket.slowed", f"{self._platform} {sentence}; it goes at half its rate for now.")

        await self._do(step)

    async def _hold(self, key: str, seconds: float, lease: Lease, *, slower: bool) -> Paused:
        try:
            return await self.kit.throttle.pause(key, seconds, (lease.epoch or {}).get(key), slower=slower)
        except PaceUnavailable:
            # Nobody gets a slot meanwhile; the row keeps the pause, and the clock rings nobody before its end.
            return Paused(int((time.time() + seconds) * 1000), moved=True, learned=None)

    def _pause_told(self, key: str, sentence: str, paused: Paused, now: int, *, slower: bool) -> str:
        until = clock(paused.until, now)
        if key.startswith("host:"):
            return f"Paused until {until}: {sentence.rstrip('.')}."
        if not slower:
            return f"Paused until {until}: {self._platform} {sentence}."
        after = ""
        if (learned := paused.learned) and learned.rate:
            after = f"; from then on at most {learned.rate:,.3g}/s of {learned.cap:,.3g}/s"
        return f"{self._platform} {sentence}: paused until {until}{after}."

    def _tell(self, conn: Connection, kind: str, sentence: str) -> None:
        held = self.held
        events.record(conn, now_of(conn), kind, "worker", sentence, campaign_id=held.campaign_id, page_id=held.page_id)

    @property
    def _platform(self) -> str:
        return self.briefing.provider.name.capitalize()

    def _key(self, scope: Scope) -> str:
        return self.briefing.sender_key if scope is Scope.SENDER else self.briefing.bucket(scope)

    def _eased_until(self) -> float:
        return self.kit.eased.get(self.briefing.sender_key, 0.0)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _do(self, step: Callable[[Connection], T]) -> T:
        return await self.kit.writer.do(step)


def jittered(seconds: float) -> float:
    """Return up to a fifth more, at random."""
    return seconds * (1 + random.uniform(0, _JITTER))  # noqa: S311 - spreads load, hides nothing
