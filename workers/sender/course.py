"""One run of one chunk: lease slots → claim and commit → send each at its slot → settle.

Groups overlap: the next one is leased and claimed when its slots come near, not when the last answers are in. A slot
that is missed is forfeited, because catching up would be a burst above the platform's cap.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from functools import partial

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from campaigns import pages
from campaigns.briefing import Briefing, bottleneck
from campaigns.ledger import chunks
from campaigns.ledger.chunks import Held
from campaigns.ledger.claims import Ask, Candidate, Claimed, Hold
from campaigns.lifecycle import find
from campaigns.providers.protocol import Call
from campaigns.runtime import now_of
from campaigns.template import Blank
from schemas.campaign import CampaignState
from schemas.reason import Reason
from workers.lease import Share
from workers.observe import Seen
from workers.sender.answers import Answers, Ready
from workers.sender.gate import admit
from workers.sender.kit import Kit
from workers.throttle import Lease, PaceUnavailable

GROUP = 50
"""Most rows of one claim."""
PATIENCE = 2.0
"""Seconds that a run waits for its next slot; further away, it gives the chunk back and holds no thread."""
LATE = 0.007
"""Seconds that a slot may be late where the pace is fast: in any second that adds less than 1 % of the cap."""
EARLY = 0.12
"""Seconds before its first slot at which a group is leased: time for a claim to commit, even a slow one."""
TOGETHER = 0.25
"""Seconds of pace that a run may have claimed and not yet sent: what a kill leaves in doubt beside the wire."""
RENEW = 10.0
_TRUST = 40.0
_LOOK_AGAIN = 0.1
_AWAIT = 0.5
"""Seconds after which an unproven lane asks again; each asking costs slots that others could use."""
BEAT = 0.02
"""Seconds of a slow page's patience: runs that lease for one message each wake on common beats and lease together."""

log = structlog.get_logger(__name__)


class Ended(Enum):
    """Why a run stopped claiming, in the word of its line; a refused or waiting one has a better word most times."""

    EXHAUSTED = "done"
    CHANGED = "changed"
    CLOSED = "hours"
    REFUSED = "not_allowed"
    WAITING = "no_pace"
    TIME = "time"
    DRAINED = "draining"
    CRASHED = "crashed"


class Course:
    """`until` is the loop time at which the run gives the chunk back."""

    def __init__(self, kit: Kit, held: Held, briefing: Briefing, pending: int, until: float) -> None:
        self._kit = kit
        self._held = held
        self._briefing = briefing
        self._left = pending
        self._until = until
        self._loop = asyncio.get_running_loop()
        slowest = bottleneck(briefing.paces)
        self._seen = Seen(self._loop.time(), slowest)
        # The next group is claimed EARLY, while that much of this one is still to be sent.
        self._group = max(1, int((TOGETHER - EARLY) * (slowest.rate or GROUP)))
        self._share = Share(briefing.ref, briefing.weight)
        self._after = 0
        self._groups = 0
        self._calls: set[asyncio.Task[None]] = set()
        self._answers = Answers(kit, held, briefing, self._returned)
        self._renewed = self._loop.time()
        self._lost = False
        self._crash: Exception | None = None
        self._due_at: int | None = None

    async def run(self) -> Ended:
        """Claim and start calls until there is nothing more to claim here; `drain` waits for their answers."""
        renewing = asyncio.create_task(self._renew())
        try:
            ended = await self._claim_groups()
        except Exception as error:  # a run that breaks gives its rows back; the chunk counts the crash
            self._crash = error
            log.exception("course.crashed")
            ended = Ended.CRASHED
        finally:
            self._renewing = renewing
        self._seen.why = self._seen.why or ended.value
        return ended

    async def drain(self) -> None:
        """Wait for the answers that are still out, settle them, and give the chunk back."""
        try:
            await self._kit.writer.do(partial(chunks.drain, held=self._held))
            while self._calls:
                await asyncio.wait(self._calls)
            await self._kit.settling.settled()
        finally:
            # Without an end to this, a chunk that nobody runs would stay ours for as long as the process lives.
            self._renewing.cancel()
        await self._kit.writer.do(self._release)
        if self._crash is not None:
            self._seen.why = Ended.CRASHED.value
        self._seen.tell(self._loop.time())

    def _release(self, conn: Connection) -> None:
        if self._seen.why == Ended.REFUSED.value:
            self._seen.why = _hindrance(conn, self._held)
        chunks.release(conn, self._held, now_of(conn), due_at=self._due_at, crashed=self._crash is not None)

    async def _claim_groups(self) -> Ended:
        while self._crash is None:
            if self._kit.draining.is_set():
                return Ended.DRAINED
            if self._answers.refused or not self._is_ours():
                return Ended.REFUSED
            if self._loop.time() >= self._until:
                return Ended.TIME
            ended = await self._claim_group()
            if ended is not None:
                return ended
        return Ended.CRASHED

    async def _claim_group(self) -> Ended | None:
        if self._kit.room <= 0:
            await asyncio.sleep(_LOOK_AGAIN)
            return None
        want = min(GROUP, self._kit.room, max(1, self._left), self._group)
        began = self._loop.time()
        try:
            lease = await self._kit.throttle.lease(self._briefing.paces, want, self._share)
        except PaceUnavailable as error:
            log.warning("pace.unavailable", error=str(error))
            return Ended.WAITING
        self._seen.waited += self._loop.time() - began
        self._seen.leased(lease)
        return await (self._use(lease) if lease.count else self._wait(lease))

    async def _use(self, lease: Lease) -> Ended | None:
        claimed = await self._claim(lease)
        if not claimed.held:
            return Ended.CHANGED if claimed.changed else Ended.REFUSED
        if claimed.awaiting:
            await self._answers.heard(_AWAIT)
            return None
        if not claimed.rows:
            return Ended.CLOSED if claimed.closing else Ended.EXHAUSTED
        self._start(claimed.rows, lease)
        until = lease.at(lease.count) - EARLY
        if until - self._loop.time() <= PATIENCE:
            await self._rest_until(until - until % BEAT if self._group == 1 else until)
        return None

    async def _wait(self, lease: Lease) -> Ended | None:
        if lease.wait > PATIENCE:
            self._seen.turned_away(lease)
            if not lease.paused:
                self._due_at = int((time.time() + lease.wait - PATIENCE / 2) * 1000)
            return Ended.WAITING
        until = self._loop.time() + lease.wait
        await self._rest_until(until + -until % BEAT if self._group == 1 else until)
        return None

    async def _rest_until(self, moment: float) -> None:
        """Sleep, unless the process is asked to end."""
        began = self._loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(moment):
                await self._kit.draining.wait()
        self._seen.waited += self._loop.time() - began

    async def _claim(self, lease: Lease) -> Claimed[Ready]:
        self._groups += 1
        name = f"{self._held.chunk_id}.{self._held.fence}.{self._groups}"
        prepare = partial(self._prepare, name=name, lease=lease, now=time.time() - self._loop.time())
        cap, changes = self._briefing.cap, self._briefing.changes
        ask = Ask(self._held, prepare, name, lease.count, self._after, cap, changes)
        claimed = await self._kit.claiming.claim(ask)
        self._after = max(self._after, claimed.last_id)
        self._left -= len(claimed.rows) + claimed.skipped + claimed.deferred
        self._seen.claimed += len(claimed.rows)
        self._seen.skipped += claimed.skipped
        self._seen.held_back += claimed.deferred
        return claimed

    def _prepare(self, row: Candidate, i: int, *, name: str, lease: Lease, now: float) -> Ready | Reason | Hold:
        until = admit(row, self._briefing, int((now + lease.at(i)) * 1000))
        if not isinstance(until, int):
            return until
        try:
            texts = self._briefing.letter.render(json.loads(row.variables))
        except Blank:
            return Reason.BLANK_VARIABLE
        return Ready(row, name, texts[row.part - 1], until)

    def _start(self, rows: Sequence[Ready], lease: Lease) -> None:
        for i, ready in enumerate(rows):
            self._kit.in_flight += 1
            call = self._loop.create_task(self._deliver(ready, lease.at(i), lease))
            self._calls.add(call)
            call.add_done_callback(self._called)

    def _called(self, call: "asyncio.Task[None]") -> None:
        self._calls.discard(call)
        self._kit.in_flight -= 1

    async def _deliver(self, ready: Ready, slot: float, lease: Lease) -> None:
        on_the_wire = False
        try:
            await self._sleep_until(slot)
            if why := self._forfeits(ready, slot, lease):
                self._seen.forfeited[why] += 1
                await self._answers.give_back(ready)
                return
            request = self._briefing.provider.request(self._briefing.sender, self._call(ready))
            await self._kit.guard.enter(self._briefing.paces)
            on_the_wire = True
            began = self._loop.time()
            outcome = await self._kit.wire.call(request, self._answers.read)
            last = ready.row.part == len(self._briefing.message.parts)
            seconds = self._loop.time() - began
            self._seen.answered(outcome, last=last, seconds=seconds, size=len(request.content))
            await self._answers.take(ready, outcome, lease)
        except Exception as error:  # what was not sent goes back, what may have been is in doubt
            self._crash = error
            log.exception("call.crashed", delivery=ready.row.id)
            if on_the_wire:
                self._seen.interrupted += 1
                self._answers.in_doubt(ready)
            else:
                await self._answers.give_back(ready)

    def _forfeits(self, ready: Ready, slot: float, lease: Lease) -> str:
        """Say why a slot may not be used after all; '' where it may."""
        now = self._loop.time()
        if time.time() * 1000 >= ready.until:
            return "closed"
        if now - slot > max(LATE, lease.interval):
            return "late"
        if not self._is_ours():
            return "lease"
        if self._crash is not None or self._kit.draining.is_set():
            return "ending"
        if self._kit.throttle.stale(lease):
            return "overtaken"
        return "" if self._kit.guard.has_room(self._briefing.paces) else "guard"

    def _call(self, ready: Ready) -> Call:
        row, briefing = ready.row, self._briefing
        sender = briefing.sender
        facts = f"{briefing.ref}|{sender.channel}:{sender.account_id}|{row.recipient_id}|{row.part}|{row.tries}"
        return Call(
            recipient_id=row.recipient_id,
            part=briefing.message.parts[row.part - 1].model_copy(update={"text": ready.text}),
            metadata=f"pagecast:{briefing.ref}:{row.id}:{row.part}",
            idempotency_key=hashlib.sha256(facts.encode()).hexdigest()[:32],
            tag=briefing.message.tag,
        )

    def _returned(self) -> None:
        self._after = 0
        self._left += 1

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW)
            began = self._loop.time()
            try:
                ours = await self._kit.writer.do(lambda conn: chunks.renew(conn, self._held, now_of(conn)))
            except SQLAlchemyError as error:
                log.warning("lease.not_renewed", error=type(error).__name__)
                continue
            if not ours:
                self._lost = True
                return
            self._renewed = began

    def _is_ours(self) -> bool:
        return not self._lost and self._loop.time() - self._renewed <= _TRUST

    async def _sleep_until(self, moment: float) -> None:
        if (pause := moment - self._loop.time()) > 0:
            await asyncio.sleep(pause)


def _hindrance(conn: Connection, held: Held) -> str:
    """Return in a word why a chunk may not be claimed from any more."""
    if pages.get(conn, held.page_id).parked_at is not None:
        return "parked"
    campaign = find.by_id(conn, held.campaign_id)
    if campaign.state is not CampaignState.SENDING:
        return campaign.state.value
    return Ended.CLOSED.value if campaign.hold_until is not None else "lease_lost"
