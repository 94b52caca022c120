"""The pace of sending, shared by every process: slots leased from Redis, and pauses that all of them obey.

A send passes several buckets (its sender, an API key, an app, the campaign's ceiling), each a GCRA arrival time in a
Redis hash. One Lua call takes slots from all of them on Redis's clock (`lease.lua`). There is no burst after idle, and
a crash loses at most the slots of one lease, a quarter of a second of pace.

The rate that everybody passes is a cap. Below it a bucket learns: a refusal cuts its rate by a fifth, however many
calls were out at the time, because a cut begins a new epoch and refusals of older ones count no more; from then on the
rate grows by a five-hundredth of the cap each second, a pure function of time (`rate.lua`).

Weaknesses, on purpose: campaigns share a page to within a lease, so over seconds and not from slot to slot; a send
whose buckets have different rates (one that was cut, say) gets one slot a call; two ceilings whose slots do not
interleave evenly on a page with room to spare reach some 95 % of their rates, because nothing is caught up; without
Redis there is no pace, hence no sending. Everybody must pass the same rate for the same key.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import redis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from campaigns import buckets
from campaigns.errors import PagecastError
from schemas.bucket import Bucket, Learned, Pace
from workers.lease import NOBODY, SPAN, Ask, Lease, Share

__all__ = ["LEAD", "SPAN", "Allowed", "Eased", "Lease", "PaceUnavailable", "Paused", "Throttle", "connect"]

LEAD = 0.06
"""Seconds between a lease and its first slot, so that a claim can commit in between."""
WANT = 50
"""Slots of one lease, at most."""
KEEP_MS = 48 * 3600 * 1000
"""How long Redis keeps an unused bucket: whatever is asked within a day still has a day to live."""
ASLEEP = 2.0
"""Seconds by which wall and monotonic time may part before a lease counts as slept through."""

AT_ONCE = 16
"""Calls that a process has at Redis at once. Hundreds of pages that ask together would open as many connections."""
TOGETHER = 64
"""Leases of one call, at most: a millisecond or two of Redis's time."""

_MICRO = 1_000_000
_RECONNECT = 0.2

PREFIX = "pagecast:pace:"
"""Begins every key of a bucket in Redis."""

_SCRIPTS = ("lease", "seed", "pause", "ease", "resume")
_LEARNING = ("lease", "pause")
"""Those that compute what a bucket allows, with the function of `rate.lua`."""
_FIELDS = ("pause", "interval", "rate", "cut", "eased")

Seed = Callable[[Sequence[str]], Awaitable[Mapping[str, Bucket]]]


class PaceUnavailable(PagecastError):  # noqa: N818 - a state of the world that sending waits for, not a fault
    """Redis does not answer or refuses. Nothing may be sent; nothing is lost."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """How a bucket stands: `paused_until` in epoch milliseconds, 0 or past when it is free.

    `rate` in messages per second where the bucket goes slower than configured for now, else None.
    """

    rate: float | None
    paused_until: int


@dataclass(frozen=True, slots=True)
class Paused:
    """What a pause came to: its end in epoch milliseconds, and what the bucket has learned, for its row.

    `moved` is False where the refused slot's epoch was over: the refusal had been counted.
    """

    until: int
    moved: bool
    learned: Learned | None


@dataclass(frozen=True, slots=True)
class Eased:
    """Until when a bucket goes at half its cap (epoch milliseconds), and that cap where it is known."""

    until: int
    cap: float | None


@dataclass(frozen=True, slots=True)
class _News:
    """The latest heard of a bucket; `paused_until` in loop time."""

    epoch: int
    paused_until: float


def connect(url: str) -> Redis:
    """Open a client that fails within two seconds; the driver's own retries take four to notice a dead server."""
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 1),
        socket_connect_timeout=1.0,
        socket_timeout=1.0,
    )


def resume(client: redis.Redis, key: str) -> None:
    """End a bucket's pause, as `Throttle.resume` does, for one without an event loop: the clock."""
    client.eval(_source("resume"), 1, PREFIX + key, _channel(PREFIX))


class Throttle:
    """Leases slots and shares pauses, for one event loop. `seed` reads rows of buckets that Redis does not know.

    `lead` is the time in seconds that a lease leaves before its first slot; `prefix` begins every key in Redis.
    """

    def __init__(self, redis: Redis, seed: Seed, *, lead: float = LEAD, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._seed_rows = seed
        self._lead = round(lead * _MICRO)
        self._span = round(SPAN * _MICRO)
        self._ahead = self._lead + self._span
        self._prefix = prefix
        self._channel = _channel(prefix)
        self._scripts = {name: redis.register_script(_source(name)) for name in _SCRIPTS}
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._asks: list[Ask] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._offset: float | None = None
        self._news: dict[str, _News] = {}
        self._deaf_until = -math.inf

    async def lease(self, paces: Sequence[Pace], want: int, share: Share = NOBODY) -> Lease:
        """Take up to `want` (at most 50) slots from all buckets at once, or learn how long to wait.

        Of the campaigns that ask for one page, the one that has had least for its weight is served.

        Whoever asks in the same round of the event loop shares one call.

        Raises PaceUnavailable when Redis does not answer.
        """
        for _ in range(3):
            ask = Ask(paces, max(1, min(want, WANT)), share)
            if not self._asks:
                asyncio.get_running_loop().call_soon(self._ask_all)
            self._asks.append(ask)
            reply = await ask.reply
            if isinstance(reply, Lease):
                return reply
            await self._seed(reply)
        raise PaceUnavailable(
            "Redis forgets the pace as fast as it is written. Look at its memory and its eviction policy."
        )

    async def pause(
        self, key: str, seconds: float, epoch_of_slot: int | None = None, *, slower: bool = False
    ) -> Paused:
        """Pause a bucket for everybody; a longer pause stands. With `slower`, its rate is cut as well.

        `epoch_of_slot` is that of the lease whose slot was throttled: the refusals of one epoch count once.
        """
        epoch = "" if epoch_of_slot is None else epoch_of_slot
        args: list[float | str] = [math.ceil(seconds * 1000), epoch, KEEP_MS, self._channel]
        args += [buckets.KEEPS if slower else 1, buckets.GAIN, buckets.FLOOR, buckets.LEAST]
        until, number, left, moved, rate, cut, interval = await self._run("pause", [self._prefix + key], args)
        self._hear(key, number, left)
        learned = Learned(_MICRO / interval, float(rate) if rate else None, cut) if interval else None
        return Paused(until, bool(moved), learned)

    async def ease(self, key: str, seconds: float) -> Eased:
        """Hold a bucket at half its cap for a while, or with 0 no longer; what is leased already stands."""
        until, interval = await self._run("ease", [self._prefix + key], [math.ceil(seconds * 1000), KEEP_MS])
        return Eased(until, _MICRO / interval if interval else None)

    async def resume(self, key: str) -> None:
        """End a bucket's pause in Redis; its row is the caller's to change."""
        epoch = await self._run("resume", [self._prefix + key], [self._channel])
        if epoch:
            self._hear(key, epoch, 0)

    async def allowed(self, keys: Iterable[str]) -> dict[str, Allowed]:
        """How buckets stand; those that Redis does not know are absent. Changes nothing."""
        named = list(keys)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.time()
                for key in named:
                    pipe.hmget(self._prefix + key, _FIELDS)
                (second, micro), *rows = await pipe.execute()
        except RedisError as error:
            _unavailable(error)
        now = second * 1000 + micro // 1000
        known = ((key, row) for key, row in zip(named, rows, strict=True) if row[0] is not None)
        return {key: _allowed(_row(key, row), now) for key, row in known}

    def stale(self, lease: Lease) -> bool:
        """Whether no slot of this lease may be used any more: overtaken, too late, or slept through.

        Local and cheap: called at every slot. Pauses of other processes are known while `listen` runs.
        """
        now = _now()
        slept = abs((time.time() - lease.wall) - (now - lease.granted)) > ASLEEP
        return slept or now > lease.end or self.overtaken(lease)

    def overtaken(self, lease: Lease) -> bool:
        """Whether a bucket of this lease was paused or throttled since, or may have been while no one listened.

        For an answer that comes long after its slot: was its refusal known already?
        """
        if lease.granted <= self._deaf_until:
            return True
        now = _now()
        return any(self._passed(key, epoch, now) for key, epoch in (lease.epoch or {}).items())

    async def listen(self) -> None:
        """Hear the pauses of other processes until cancelled.

        Whatever was leased while no one listened may have been overtaken unheard, so a lost connection makes it stale.
        """
        heard_before = False
        while True:
            with suppress(RedisError, OSError):
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    async for message in channel.listen():
                        if message["type"] == "message":
                            self._hear_line(message["data"])
                        elif heard_before:
                            # The driver reconnects by itself too; then this is its second subscription.
                            self._deaf_until = _now()
                        heard_before = True
            self._deaf_until = _now()
            await asyncio.sleep(_RECONNECT)

    async def _seed(self, keys: Sequence[str]) -> None:
        rows = await self._seed_rows(keys)
        facts = [fact for key in keys for fact in _seed_of(rows.get(key))]
        # The last lease that Redis forgot may have begun `ahead` from then, and lasted `span`.
        settle = self._ahead + self._span
        await self._run("seed", [self._prefix + key for key in keys], [settle, KEEP_MS, *facts])

    async def _run(self, script: str, keys: Sequence[str], args: Sequence[float | str]) -> Any:
        try:
            async with self._gate:
                return await self._scripts[script](keys=keys, args=args)
        except RedisError as error:
            _unavailable(error)

    def _ask_all(self) -> None:
        asks, self._asks = self._asks, []
        for first in range(0, len(asks), TOGETHER):
            call = asyncio.create_task(self._lease_all(asks[first : first + TOGETHER]))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _lease_all(self, asks: Sequence[Ask]) -> None:
        try:
            keys = [self._prefix + pace.key for ask in asks for pace in ask.paces]
            args: list[float | str] = [self._lead, self._span, self._ahead, KEEP_MS, buckets.GAIN]
            for ask in asks:
                args += [ask.want, ask.share.name, ask.share.weight, len(ask.paces), *map(_interval, ask.paces)]
            sent = _now()
            now, *replies = await self._run("lease", keys, args)
            granted = _now()
            self._locate(now / _MICRO, sent, granted)
            for ask, reply in zip(asks, replies, strict=True):
                ask.answer(self._read(ask.paces, reply, now, granted))
        except Exception as error:  # noqa: BLE001 - each of them waits for it, and hears it
            for ask in asks:
                ask.fail(error)

    def _read(self, paces: Sequence[Pace], reply: Sequence[int], now: int, granted: float) -> Lease | Sequence[str]:
        count, *facts = reply
        if count < 0:
            return [paces[index - 1].key for index in facts]
        if count == 0:
            at, index, paused = facts
            wait = (at - now) / _MICRO
            return Lease(0, wait=wait, held_by=paces[index - 1].key, paused=bool(paused), granted=granted)
        start, step, *epochs = facts
        epoch = {pace.key: number for pace, number in zip(paces, epochs, strict=True)}
        for key, number in epoch.items():
            if key not in self._news or self._news[key].epoch < number:
                self._news[key] = _News(number, -math.inf)
        assert self._offset is not None
        return Lease(count, start / _MICRO + self._offset, step / _MICRO, epoch, granted=granted, wall=time.time())

    def _locate(self, server: float, sent: float, received: float) -> None:
        """Keep the distance from Redis's clock to the loop's, moved only as far as a call proves it wrong.

        Placed by its own reply, each lease would shift by the delay of that reply, and neighbours would close up.
        """
        low, high = sent - server, received - server
        self._offset = min(max((low + high) / 2 if self._offset is None else self._offset, low), high)

    def _passed(self, key: str, epoch: int, now: float) -> bool:
        news = self._news.get(key)
        return news is not None and (news.epoch > epoch or news.paused_until > now)

    def _hear(self, key: str, epoch: int, left_ms: int) -> None:
        known = self._news.get(key)
        if known is None or known.epoch <= epoch:
            self._news[key] = _News(epoch, _now() + left_ms / 1000)

    def _hear_line(self, line: bytes | str) -> None:
        text = line.decode() if isinstance(line, bytes) else line
        epoch, left, key = text.split(" ", 2)
        self._hear(key.removeprefix(self._prefix), int(epoch), int(left))


def _channel(prefix: str) -> str:
    return f"{prefix}pauses"


def _source(name: str) -> str:
    files = ("rate", name) if name in _LEARNING else (name,)
    return "".join(Path(__file__).with_name(f"{file}.lua").read_text(encoding="utf-8") for file in files)


def _seed_of(row: Bucket | None) -> tuple[float | str, ...]:
    """Return pause, rate, cut and eased as `seed.lua` takes them."""
    if row is None:
        return 0, "", 0, 0
    return row.paused_until, row.rate or "", row.cut_at or 0, row.eased_until or 0


def _row(key: str, stored: Sequence[bytes | None]) -> Bucket:
    """Return the row that a hash's `_FIELDS` would make."""
    pause, interval, rate, cut, eased = (None if field is None else float(field) for field in stored)
    return Bucket(
        key=key,
        paused_until=int(pause or 0),
        cap=_MICRO / interval if interval else None,
        rate=rate,
        cut_at=int(cut or 0),
        eased_until=int(eased or 0),
    )


def _allowed(row: Bucket, now: int) -> Allowed:
    return Allowed(buckets.allowed(row, now), row.paused_until)


def _interval(pace: Pace) -> int:
    """Whole microseconds between two slots, rounded up so that the rate is never exceeded; 0 without a limit."""
    return 0 if pace.rate is None else math.ceil(_MICRO / pace.rate)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _unavailable(error: RedisError) -> NoReturn:
    raise PaceUnavailable(
        f"Redis gives no pace, so nothing is sent: {error}. Sending goes on once it answers."
    ) from error
