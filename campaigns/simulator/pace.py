"""Who is refused as too much, by which limit, and for how long."""

from collections import deque
from dataclasses import dataclass

from campaigns.simulator.answer import Call, Gauge
from campaigns.simulator.limit import Limit, tolerant
from campaigns.simulator.scenario import Burst, Scenario

APP_WIDE = {"4", "341", "613-1996"}
QUOTA_REGAIN_MINUTES = 60
_EVERYONE = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Seconds to stay away, and the code: a platform's own, or `sender`, `key`, `quota`."""

    seconds: float
    code: str


class Pace:
    """The limits of a scenario with their present state. The times given must never fall."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._most = tolerant(min(scenario.cap, scenario.hidden_cap or scenario.cap))
        self._senders: dict[str, Limit] = {}
        self._keys: dict[str, Limit] = {}
        self._taken: dict[str, int] = {}
        self._spells = Spells(scenario.bursts)

    def refuse(self, call: Call, now: float) -> Refusal | None:
        """Count a call against every limit it meets, in the platform's order, and return the first refusal."""
        if spell := self._spells.at(call.account, now):
            return spell
        if call.bucket and (seconds := self._key(call.bucket).wait(now)):
            return Refusal(seconds, "key")
        if seconds := self._sender(call.account).wait(now):
            return Refusal(seconds, "sender")
        if self._usage(call.account) >= 100:  # noqa: PLR2004 - per cent
            return Refusal(QUOTA_REGAIN_MINUTES * 60.0, "quota")
        return None

    def accepted(self, call: Call, now: float) -> None:
        """Count an accepted message."""
        count = self._taken[call.account] = self._taken.get(call.account, 0) + 1
        self._spells.accepted(call.account, count, now)

    def gauge(self, call: Call, now: float) -> Gauge:
        """Return what the headers may show."""
        usage = self._usage(call.account)
        regain = QUOTA_REGAIN_MINUTES if usage >= 100 else 0  # noqa: PLR2004 - per cent
        if not call.bucket:
            return Gauge(usage=usage, regain=regain)
        key = self._key(call.bucket)
        return Gauge(key.most, key.remaining(now), key.reset(now), usage, regain)

    def _usage(self, account: str) -> int:
        quota = self._scenario.quota
        return 100 * self._taken.get(account, 0) // quota if quota else 1

    def _sender(self, account: str) -> Limit:
        if account not in self._senders:
            self._senders[account] = Limit(self._most, 1.0, self._scenario.penalty)
        return self._senders[account]

    def _key(self, bucket: str) -> Limit:
        if bucket not in self._keys:
            self._keys[bucket] = Limit(self._scenario.key_cap, self._scenario.key_seconds)
        return self._keys[bucket]


class Spells:
    """The bursts of refusals: which one holds whom until when."""

    def __init__(self, bursts: tuple[Burst, ...]) -> None:
        self._bursts = bursts
        self._begun: float | None = None
        self._due = deque(sorted((at, burst.seconds, code) for burst in bursts for at, code in _timed(burst)))
        self._held: dict[str, tuple[float, str]] = {}

    def at(self, account: str, now: float) -> Refusal | None:
        """Return the spell that holds this sender now."""
        if not self._bursts:
            return None
        self._begun = now if self._begun is None else self._begun
        while self._due and self._begun + self._due[0][0] <= now:
            start, seconds, code = self._due.popleft()
            self._held[_EVERYONE] = (self._begun + start + seconds, code)
        for who in (_EVERYONE, account):
            until, code = self._held.get(who, (now, ""))
            if until > now:
                return Refusal(until - now, code)
        return None

    def accepted(self, account: str, count: int, now: float) -> None:
        """Begin the spells that are due after a sender's n-th accepted message."""
        for burst in self._bursts:
            if burst.every and count % burst.every == 0:
                code = burst.codes[(count // burst.every - 1) % len(burst.codes)]
                self._held[_EVERYONE if code in APP_WIDE else account] = (now + burst.seconds, code)


def _timed(burst: Burst) -> list[tuple[float, str]]:
    return [(at, burst.codes[turn % len(burst.codes)]) for turn, at in enumerate(sorted(burst.at))]
