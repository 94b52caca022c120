"""The platform's mind: every request gets its answer here, and the books are kept. No I/O but the acceptance log.

Order of the checks: token and account, faults on the way in, limits, the body, the person. A message is accepted
the moment it arrives, whatever happens to the answer afterwards.
"""

import random
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle

from campaigns.simulator.answer import GATEWAY, LINES, Answer, Call, Line, Moment, Wait, is_throttle
from campaigns.simulator.books import Books, Sender
from campaigns.simulator.dialect import Dialect
from campaigns.simulator.fate import ACCEPT, ODD_ANSWERS, Fates, Order
from campaigns.simulator.pace import Pace, Refusal
from campaigns.simulator.prints import Prints
from campaigns.simulator.scenario import Scenario
from campaigns.simulator.threads import Message, Threads

WINDOW_SECONDS = 86_400
MOST_KEYS_REMEMBERED = 100_000
PERSON_PREFIXES = {"meta": "m_", "orbit": "msg_"}
_FORMS = {"none": ("none",), "seconds": ("seconds",), "date": ("date",), "alternate": ("seconds", "date")}


class Clock:
    """Epoch seconds that never fall: the wall clock when made, the monotonic clock from there."""

    def __init__(self) -> None:
        self._origin = time.time() - time.perf_counter()

    def __call__(self) -> float:
        """Return the time."""
        return self._origin + time.perf_counter()


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a known account, on its way through the checks."""

    dialect: Dialect
    call: Call
    sender: Sender
    now: float


class Receiver:
    """Judges calls by one scenario. `clock` gives epoch seconds and must never go back.

    `witness` is shown every accepted message, whatever becomes of its answer.
    """

    def __init__(self, scenario: Scenario, clock: Callable[[], float] | None = None) -> None:
        self.scenario = scenario
        self.witness: Callable[[Message], None] = lambda _: None
        self._clock = clock or Clock()
        self._number = 0
        self.books = self._new_books()
        self.reset()

    def reset(self) -> None:
        """Forget everything seen; the scenario begins anew, message ids do not repeat."""
        self.books.close()
        self.books = self._new_books()
        self.threads = Threads(self.scenario.remembered)
        self._tries = Prints()
        self._first_answers: OrderedDict[str, str] = OrderedDict()
        self.follow(self.scenario)

    def follow(self, scenario: Scenario) -> None:
        """Go on by another scenario with the counts kept; limits and bursts start afresh, the acceptance log stays.

        InputError for an order that cannot be read; then nothing has changed.
        """
        self._fates = Fates(scenario)
        self.scenario = scenario
        self._pace = Pace(scenario)
        self._random = random.Random(scenario.seed)  # noqa: S311 - latency, not secrets
        self._forms = cycle(_FORMS[scenario.retry_after])

    def _new_books(self) -> Books:
        return Books(f"{int(self._clock() * 1000):x}", self.scenario.acceptance_log)

    def answer(self, dialect: Dialect, call: Call) -> Answer:
        """Return the answer to a call, with its latency and the state its line is in."""
        now = self._clock()
        self._number += 1
        self.books.token_in_query += call.token_in_query
        if call.key:
            self.books.saw_key(call.key)
        answer = self._known(dialect, call, now) if call.account else self._stranger(dialect, call, now)
        if answer.line is not Line.SILENT:
            answer.delay += max(0.0, self.scenario.latency + self.scenario.jitter * self._random.uniform(-1, 1))
        return answer

    def _stranger(self, dialect: Dialect, call: Call, now: float) -> Answer:
        self.books.denied(call.denied or dialect.invalid_code)
        moment = self._moment(call, now)
        return dialect.error(call, call.denied, moment) if call.denied else dialect.invalid(call, moment)

    def _known(self, dialect: Dialect, call: Call, now: float) -> Answer:
        visit = Visit(dialect, call, self.books.sender(call.account), now)
        visit.sender.arrived(now)
        if call.denied:
            return self._fail(visit, dialect.code_of(call.denied, call))
        order = self._order(call)
        if order.early:
            return self._obey(visit, order)
        if refusal := self._pace.refuse(call, now):
            return self._too_much(visit, refusal)
        return self._consider(visit, order)

    def _consider(self, visit: Visit, order: Order) -> Answer:
        call = visit.call
        if call.invalid:
            visit.sender.errors[visit.dialect.invalid_code] += 1
            return visit.dialect.invalid(call, self._moment(call, visit.now))
        if call.key in self._first_answers:
            self.books.key_replays += 1
            return visit.dialect.accepted(call, self._first_answers[call.key], self._moment(call, visit.now))
        if order.code and not order.after:
            return self._obey(visit, order)
        return self._take(visit, order)

    def _order(self, call: Call) -> Order:
        if not call.recipient:
            return ACCEPT
        attempt = self._tries.add((call.account, call.recipient)) if self._fates.counts_tries else 1
        order = self._fates.of(call.recipient, attempt)
        # A human agent has seven days (Send API reference, 2026), anyone a day after the person wrote; a person who was
        # ordered shut stays shut.
        if order.code == "window_closed" and call.recipient not in self.scenario.codes:
            return ACCEPT if call.human_agent or self._has_written(call) else order
        return order

    def _has_written(self, call: Call) -> bool:
        thread = self.threads.of(call.account, call.recipient)
        return thread is not None and thread.heard_at > self.now() - WINDOW_SECONDS

    def _too_much(self, visit: Visit, refusal: Refusal) -> Answer:
        dialect, call = visit.dialect, visit.call
        own = {"sender": dialect.limit_code, "key": dialect.key_code, "quota": dialect.quota_code(call)}
        code = own.get(refusal.code) or dialect.code_of(refusal.code, call)
        return self._fail(visit, code, wait=Wait(refusal.seconds, next(self._forms)))

    def _take(self, visit: Visit, order: Order) -> Answer:
        call = visit.call
        message_id = self.books.accept(call, self._number, visit.now)
        self._pace.accepted(call, visit.now)
        if call.key and self.scenario.honour_idempotency:
            self._remember(call.key, message_id)
        self._keep(_message(visit, message_id, self.now()))
        if not order.code:
            return visit.dialect.accepted(call, message_id, self._moment(call, visit.now))
        visit.sender.accepted_unconfirmed += order.code != "slow"
        return self._obey(visit, order, message_id)

    def _keep(self, message: Message) -> None:
        self.threads.add(message)
        self.witness(message)

    def hear(self, said: Message) -> Message:
        """Keep what a person writes now; its id and time are given here."""
        self._number += 1
        kept = replace(said, mid=self.books.message_id(PERSON_PREFIXES[said.platform], self._number), at=self.now())
        self.threads.add(kept)
        return kept

    def _remember(self, key: str, message_id: str) -> None:
        self._first_answers[key] = message_id
        if len(self._first_answers) > MOST_KEYS_REMEMBERED:
            self._first_answers.popitem(last=False)

    def _obey(self, visit: Visit, order: Order, message_id: str = "") -> Answer:
        dialect, call, code = visit.dialect, visit.call, order.code
        if code in LINES or code in ODD_ANSWERS:
            shown = "" if code == "no-id" else message_id
            return self._odd(visit, order, dialect.accepted(call, shown, self._moment(call, visit.now)))
        if code in GATEWAY or code == "500":
            visit.sender.errors[order.name] += 1
            return GATEWAY[code]() if code in GATEWAY else self._internal(visit)
        wait = None if order.wait is None else Wait(order.wait, next(self._forms))
        return self._fail(visit, dialect.code_of(code, call), after=order.after, wait=wait)

    def _odd(self, visit: Visit, order: Order, answer: Answer) -> Answer:
        if order.code == "slow":
            answer.delay = self.scenario.slow_seconds
            return answer
        visit.sender.errors[order.name] += 1
        answer.line = LINES.get(order.code, Line.WHOLE)
        if answer.line is not Line.WHOLE:
            visit.sender.dropped_replies += order.after
            visit.sender.dropped_requests += not order.after
        return answer

    def _internal(self, visit: Visit) -> Answer:
        return visit.dialect.error(visit.call, visit.dialect.internal_code, self._moment(visit.call, visit.now))

    def _fail(self, visit: Visit, code: str, *, after: bool = False, wait: Wait | None = None) -> Answer:
        visit.sender.errors[f"{code}-after" if after else code] += 1
        visit.sender.refusals += is_throttle(code)
        return visit.dialect.error(visit.call, code, self._moment(visit.call, visit.now), wait)

    def now(self) -> float:
        """Return the platform's time, in epoch seconds."""
        return self._clock() + self.scenario.clock_skew

    def look(self, call: Call) -> Moment:
        """Return the moment of a question that sends nothing and counts for nothing."""
        return self._moment(call, self._clock())

    def _moment(self, call: Call, now: float) -> Moment:
        gauge = self._pace.gauge(call, now)
        skew = self.scenario.clock_skew
        return Moment(now + skew, self._number, gauge.shifted(skew) if skew else gauge)


def _message(visit: Visit, message_id: str, at: float) -> Message:
    call, message = visit.call, visit.call.message
    return Message(
        message_id,
        at,
        visit.dialect.name,
        call.channel,
        call.account,
        call.recipient,
        ours=True,
        text=str(message.get("text") or ""),
        metadata=str(message.get("metadata") or ""),
        quick_replies=tuple(
            (str(reply.get("title", "")), str(reply.get("payload", "")))
            for reply in message.get("quick_replies", ())
            if isinstance(reply, dict)
        ),
    )
