"""A test message goes out: JSON of a `Trial` on standard input, JSON of its `TrialEnd` on standard output.

    python -m workers.trial

It takes its slots where all sending takes them, so that a test never breaks a cap; no row, no count and no retry. The
bundled Redis is started for it if nobody uses it, and stopped again.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx

from campaigns import buckets, suppression
from campaigns.briefing import Briefing, brief
from campaigns.errors import PagecastError, StateError
from campaigns.lifecycle.trial import call
from campaigns.moments import lasting
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.bucket import Bucket
from schemas.outcome import Outcome, Scope, Verdict
from schemas.trial import PartAnswer, Trial, TrialEnd
from workers import embedded, throttle
from workers.lease import Lease
from workers.sender.brakes import jittered
from workers.sender.wire import Wire
from workers.throttle import PaceUnavailable, Throttle

PATIENCE = 15.0
"""Seconds that a test waits for its next slot."""
_BACKOFF = 2.0
"""Seconds of a pause where the platform asks for one and does not say how long."""


class Bench:
    """One test's pace and wire, for one event loop."""

    def __init__(self, runtime: Runtime, briefing: Briefing, pace: Throttle, wire: Wire) -> None:
        self._runtime = runtime
        self._briefing = briefing
        self._pace = pace
        self._wire = wire

    async def send(self, trial: Trial) -> TrialEnd:
        """Send the parts in order, each at its slot, up to the first that is not accepted.

        Raises StateError or PaceUnavailable where there is no slot for the first.
        """
        answers: list[PartAnswer] = []
        for number in range(1, len(trial.parts) + 1):
            try:
                lease = await self._slot()
            except (StateError, PaceUnavailable) as error:
                if not answers:
                    raise
                answers.append(PartAnswer(part=number, outcome=Verdict.UNREACHABLE, sentence=str(error)))
                break
            outcome = await self._call(trial, number, lease)
            answers.append(_answer(number, outcome))
            if outcome.verdict is not Verdict.ACCEPTED:
                break
        return TrialEnd(answers=tuple(answers))

    async def _slot(self) -> Lease:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            lease = await self._pace.lease(self._briefing.paces, 1)
            moment = lease.at(0) if lease.count else loop.time() + lease.wait
            if moment > until:
                label = next(pace.label for pace in self._briefing.paces if pace.key == lease.held_by)
                wait = lasting(round(lease.wait * 1000))
                raise StateError(f"{label} has no room for a test now, the next slot is {wait} away. Test again then.")
            await asyncio.sleep(moment - loop.time())
            if lease.count and not self._pace.stale(lease):
                return lease

    async def _call(self, trial: Trial, number: int, lease: Lease) -> Outcome:
        request = self._briefing.provider.request(self._briefing.sender, call(trial, number))
        outcome = await self._wire.call(request, self._read)
        if outcome.verdict is Verdict.THROTTLED:
            await self._slow_down(outcome, lease)
        if outcome.suppress:
            who = (trial.recipient_id, trial.sender_id)
            with self._runtime.writing() as conn:
                suppression.add(conn, *who, source="provider", note=outcome.code, now=now_of(conn))
        return outcome

    def _read(self, response: httpx.Response, received_at: datetime) -> Outcome:
        return self._briefing.provider.outcome(response, received_at, self._briefing.sender.account_id)

    async def _slow_down(self, outcome: Outcome, lease: Lease) -> None:
        """Pause the bucket for everybody, as for any other message that was too much."""
        own = outcome.scope is Scope.SENDER
        key = self._briefing.sender_key if own else self._briefing.bucket(outcome.scope)
        seconds = jittered(_BACKOFF if outcome.wait is None else outcome.wait)
        paused = await self._pace.pause(key, seconds, (lease.epoch or {}).get(key), slower=True)
        sentence = f"asked page {self._briefing.page} to slow down"
        with self._runtime.writing() as conn:
            buckets.pause(
                conn,
                key,
                paused.until,
                code=outcome.code,
                sentence=sentence,
                now=now_of(conn),
                learned=paused.learned,
            )


async def send(runtime: Runtime, url: str, trial: Trial, environment: Mapping[str, str]) -> TrialEnd:
    """Send a test by the pace of the Redis at `url`; raises PagecastError where nothing was sent."""

    async def seed(keys: Sequence[str]) -> Mapping[str, Bucket]:
        with runtime.reading() as conn:
            return buckets.load(conn, keys)

    with runtime.reading() as conn:
        briefing = brief(conn, runtime.settings, environment, trial.campaign_id, trial.page_id)
    redis, wire = throttle.connect(url), Wire(1)
    try:
        return await Bench(runtime, briefing, Throttle(redis, seed), wire).send(trial)
    finally:
        await wire.close()
        await redis.aclose()


def work(settings: Settings, trial: Trial) -> TrialEnd:
    """Send a test with what the settings name; a problem that kept it from being sent is its end."""
    try:
        server = embedded.of(settings)
        runtime = Runtime.open(settings)
        try:
            url = server.url if server else str(settings.redis_url)
            return asyncio.run(send(runtime, url, trial, os.environ))
        finally:
            runtime.close()
            if server:
                server.release()
    except PagecastError as error:
        return TrialEnd(problem=str(error), exit_code=error.exit_code)


def _answer(number: int, outcome: Outcome) -> PartAnswer:
    return PartAnswer(
        part=number,
        outcome=outcome.verdict,
        message_id=outcome.message_id,
        request_id=outcome.request_id,
        code=outcome.code,
        sentence=outcome.sentence,
    )


def main() -> None:
    """Read, send, answer. Ctrl-C ends the command that waits; what is on the wire is heard out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended = work(Settings(), Trial.model_validate_json(sys.stdin.read()))
    sys.stdout.write(ended.model_dump_json() + "\n")


if __name__ == "__main__":
    main()
