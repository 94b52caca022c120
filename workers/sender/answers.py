"""What each outcome does: to its row, its bucket, its page and its campaign. The one place that acts on answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import httpx
import structlog
from sqlalchemy import Connection

from campaigns import buckets, lanes, pages, suppression
from campaigns.briefing import Briefing
from campaigns.ledger.chunks import Held
from campaigns.ledger.claims import Candidate
from campaigns.ledger.settlements import Settlement
from campaigns.lifecycle.control import stop_if_all_refused
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.outcome import Outcome, Verdict
from schemas.reason import Reason
from workers.sender.brakes import Brakes, jittered
from workers.sender.breaker import pause_for
from workers.sender.kit import Kit
from workers.throttle import Lease, PaceUnavailable

T = TypeVar("T")

DEFER = 600.0
"""Seconds until a deferred person's next try, where the platform does not say."""
IN_A_ROW = 3
"""Unreachable calls that pause a host; answers of somebody else that park a page."""
PARK_ABOVE = 86_400.0
"""Seconds of wait above which a page parks: nobody watches a bar for a day."""
_HOST_PAUSE_MOST = 60.0
_ANSWERED = frozenset({Verdict.ACCEPTED, Verdict.REFUSED_RECIPIENT, Verdict.DEFERRED, Verdict.REFUSED_MESSAGE})
"""Verdicts that leave no doubt about the message, and none about the line."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A claimed row with its rendered text, which may be sent before `until` (epoch ms)."""

    row: Candidate
    claim: str
    text: str
    until: int


class Answers:
    """One run's answers. `returned` is called for each row that goes back to pending."""

    def __init__(self, kit: Kit, held: Held, briefing: Briefing, returned: Callable[[], None]) -> None:
        self._kit = kit
        self._held = held
        self._briefing = briefing
        self._returned = returned
        self._brakes = Brakes(kit, held, briefing)
        self.refused = False
        """Whether the page parked: nothing more may be claimed with this run's token."""
        self._unproven = not briefing.proven or briefing.parked
        self._heard = asyncio.Event()
        self._acts: dict[Verdict, Callable[[Ready, Outcome, Lease], Awaitable[None]]] = {
            Verdict.ACCEPTED: self._accepted,
            Verdict.REFUSED_RECIPIENT: self._refused_recipient,
            Verdict.DEFERRED: self._deferred,
            Verdict.REFUSED_MESSAGE: self._refused_message,
            Verdict.REFUSED_SENDER: self._refused_sender,
            Verdict.THROTTLED: self._throttled,
            Verdict.UNREACHABLE: self._unreachable,
            Verdict.UNKNOWN: self._unknown,
            Verdict.FOREIGN: self._foreign,
        }

    def read(self, response: httpx.Response, received_at: datetime) -> Outcome:
        """Understand an answer in this page's name."""
        provider, account_id = self._briefing.provider, self._briefing.sender.account_id
        outcome = provider.outcome(response, received_at, account_id)
        usage = provider.usage(response, account_id)
        return replace(outcome, usage=usage) if usage and self._brakes.concerned(usage) else outcome

    async def heard(self, seconds: float) -> None:
        """Wait for an answer, at most `seconds`; one that came since the last wait will do."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), seconds)
        self._heard.clear()

    async def take(self, ready: Ready, outcome: Outcome, lease: Lease) -> None:
        """Act on one answer."""
        if outcome.verdict is not Verdict.ACCEPTED:
            log.debug("answer", verdict=outcome.verdict, code=outcome.code)
        self._count(outcome)
        await self._acts[outcome.verdict](ready, outcome, lease)
        if outcome.usage and await self._brakes.heed(outcome.usage, lease):
            self._unproven = True
        self._heard.set()

    async def give_back(self, ready: Ready) -> None:
        """Return a row of which nothing left this machine; a parked page has its one try still."""
        self._settle(ready, DeliveryState.PENDING, attempt=0)
        self._returned()
        if self._briefing.parked:
            await self._kit.settling.settled()
            await self._do(lambda conn: pages.probe(conn, self._held.page_id, now_of(conn)))

    def in_doubt(self, ready: Ready) -> None:
        """Say that nobody knows: the call broke off in this process after it began."""
        self._settle(ready, DeliveryState.UNKNOWN, code="interrupted")

    def _count(self, outcome: Outcome) -> None:
        kit, briefing = self._kit, self._briefing
        if outcome.verdict is not Verdict.UNREACHABLE:
            kit.unreachable[briefing.bucket("host")] = 0
        if outcome.verdict is not Verdict.FOREIGN:
            kit.foreign[briefing.page_id] = 0
        if outcome.verdict in _ANSWERED:
            self._doubt(doubt=False)
        if outcome.verdict is Verdict.ACCEPTED:
            for pace in briefing.paces:
                kit.throttles.pop(pace.key, None)

    async def _accepted(self, ready: Ready, outcome: Outcome, lease: Lease) -> None:
        row, parts = ready.row, len(self._briefing.message.parts)
        ids = " ".join(filter(None, (row.message_ids, outcome.message_id)))
        now = int(time.time() * 1000)
        if row.part < parts:
            self._settle(
                ready, DeliveryState.PENDING, part_done=row.part, message_ids=ids, request_id=outcome.request_id
            )
            self._returned()
        else:
            self._settle(
                ready,
                DeliveryState.ACCEPTED,
                part_done=row.part,
                message_ids=ids,
                request_id=outcome.request_id,
                accepted_at=now,
            )
        await self._proof(lease)

    async def _refused_recipient(self, ready: Ready, outcome: Outcome, lease: Lease) -> None:
        self._fail(ready, outcome, Reason.MESSAGE_REJECTED)
        if outcome.suppress:
            row = ready.row
            await self._do(
                lambda conn: suppression.add(
                    conn, row.recipient_id, row.sender_id, source="provider", note=outcome.code, now=now_of(conn)
                )
            )
        await self._proof(lease)

    async def _deferred(self, ready: Ready, outcome: Outcome, lease: Lease) -> None:
        due_at = int((time.time() + jittered(outcome.wait or DEFER)) * 1000)
        self._settle(
            ready, DeliveryState.PENDING, due_at=due_at, code=outcome.code, request_id=outcome.request_id, retry=1
        )
        await self._proof(lease)

    async def _refused_message(self, ready: Ready, outcome: Outcome, _lease: Lease) -> None:
        self._fail(ready, outcome, Reason.MESSAGE_REJECTED)
        await self._kit.settling.settled()
        await self._do(
            lambda conn: stop_if_all_refused(conn, self._held.campaign_id, outcome.code, outcome.sentence, now_of(conn))
        )

    async def _refused_sender(self, ready: Ready, outcome: Outcome, _lease: Lease) -> None:
        self._settle(ready, DeliveryState.PENDING, attempt=0, code=outcome.code, retry=1)
        self._returned()
        await self._park(outcome)

    async def _throttled(self, ready: Ready, outcome: Outcome, lease: Lease) -> None:
        self._settle(ready, DeliveryState.PENDING, attempt=0, code=outcome.code)
        self._returned()
        if outcome.wait is not None and outcome.wait > PARK_ABOVE:
            await self._park(outcome)
            return
        await self._brakes.throttled(outcome, lease)

    async def _unreachable(self, ready: Ready, outcome: Outcome, lease: Lease) -> None:
        self._settle(ready, DeliveryState.PENDING, attempt=0, code=outcome.code)
        self._returned()
        key = self._briefing.bucket("host")
        if self._kit.throttle.overtaken(lease):
            return
        self._kit.unreachable[key] += 1
        if (row := self._kit.unreachable[key]) >= IN_A_ROW:
            wait = min(_HOST_PAUSE_MOST, 2.0 ** (row - IN_A_ROW))
            await self._brakes.pause(key, wait, outcome.code, outcome.sentence, lease)

    async def _unknown(self, ready: Ready, outcome: Outcome, lease: Lease) -> None:
        self._settle(ready, DeliveryState.UNKNOWN, code=outcome.code, request_id=outcome.request_id)
        # Calls that were out when the page paused are the same trouble once more, not a reason to pause for longer.
        if self._kit.throttle.overtaken(lease) or not self._doubt(doubt=True):
            return
        key = self._briefing.sender_key
        level = await self._do(self._open_breaker)
        sentence = f"does not say what became of messages of page {self._briefing.page}; one more is tried then"
        await self._brakes.pause(key, pause_for(level), outcome.code, sentence, lease)
        self._unproven = True

    def _open_breaker(self, conn: Connection) -> int:
        key = self._briefing.sender_key
        level = buckets.level(conn, key)
        lanes.unprove(conn, self._held.campaign_id, self._held.page_id)
        buckets.pause(conn, key, 0, code="", sentence="", now=now_of(conn))
        buckets.doubt(conn, key)
        return level

    async def _foreign(self, ready: Ready, outcome: Outcome, _lease: Lease) -> None:
        self._settle(ready, DeliveryState.PENDING, attempt=0, code=outcome.code)
        self._returned()
        self._kit.foreign[self._briefing.page_id] += 1
        if self._kit.foreign[self._briefing.page_id] >= IN_A_ROW:
            await self._park(outcome)

    def _fail(self, ready: Ready, outcome: Outcome, otherwise: Reason) -> None:
        self._settle(
            ready,
            DeliveryState.FAILED,
            reason=outcome.reason or otherwise,
            code=outcome.code,
            request_id=outcome.request_id,
            retry=1,
        )

    def _settle(self, ready: Ready, state: DeliveryState, **facts: object) -> None:
        done = {"part_done": ready.row.part - 1} | facts
        self._kit.settling.put(
            Settlement(ready.row.id, ready.claim, self._held.place, state, **done)  # type: ignore[arg-type] # as declared
        )

    def _doubt(self, *, doubt: bool) -> bool:
        return self._kit.breakers[self._briefing.sender_key].saw(doubt=doubt)

    async def _proof(self, lease: Lease) -> None:
        # What was out when a pause began says nothing about the time after it; a parked page has only its one message.
        if not self._unproven or (not self._briefing.parked and self._kit.throttle.overtaken(lease)):
            return
        self._unproven = False
        held, key, parked = self._held, self._briefing.sender_key, self._briefing.parked

        def step(conn: Connection) -> None:
            lanes.prove(conn, held.campaign_id, held.page_id)
            if parked:
                pages.unpark(conn, held.page_id, now_of(conn))
            buckets.calm(conn, key)

        await self._do(step)

    async def _park(self, outcome: Outcome) -> None:
        self.refused = True
        await self._do(partial(self._park_page, outcome=outcome))
        # Other processes learn of it at their next claim; this pause makes them drop the slots they already have.
        with suppress(PaceUnavailable):
            await self._kit.throttle.pause(self._briefing.sender_key, 1.0)

    def _park_page(self, conn: Connection, outcome: Outcome) -> None:
        token, tried = self._briefing.sender.token, self._briefing.parked
        facts = (self._held.page_id, outcome.code, outcome.sentence, now_of(conn))
        pages.park(conn, *facts, token=token, tried=tried)

    async def _do(self, step: Callable[[Connection], T]) -> T:
        return await self._kit.writer.do(step)
